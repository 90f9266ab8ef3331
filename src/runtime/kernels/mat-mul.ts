import { allocate, type Cells, cellsOf, makeArray, type NdArray } from '../array.ts';
import { floats } from '../dtypes.ts';
import { multiplyFloats } from '../float/matmul.ts';
import { summationOf } from '../float/sums.ts';
import { kernel } from '../kernel.ts';
import { type MatMulShape, matMulShape } from '../matmul.ts';

/** Matrix product as numpy's matmul; integers wrap. */
export const matMul = kernel('MatMul', {
  versions: [1, 9, 13],
  types: 'T, T -> T',
  where: { T: [...floats, 'int32', 'uint32', 'int64', 'uint64'] },
  run({ inputs: [a, b], conventions }) {
    const shape = matMulShape(a!.dims, b!.dims);
    if (floats.includes(a!.dtype))
      return multiplyFloats(a!, b!, shape, summationOf(a!.dtype, conventions.sums));
    const target = allocate(a!.dtype, shape.dims);
    multiplyIntegers(a!, b!, shape, target as unknown as Cells);
    return makeArray(a!.dtype, shape.dims, target);
  },
});

function multiplyIntegers(a: NdArray, b: NdArray, shape: MatMulShape, target: Cells): void {
  const wide = target instanceof BigInt64Array || target instanceof BigUint64Array;
  const multiply = wide ? (x: number, y: number) => x * y : Math.imul;
  const zero = (wide ? 0n : 0) as number;
  const x = cellsOf(a);
  const y = cellsOf(b);
  const { rows, columns, depth, left, right } = shape;
  let to = 0;
  for (let n = 0; n < left.length; n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = zero;
        for (let k = 0; k < depth; k++)
          sum += multiply(x[left[n]! + i * depth + k]!, y[right[n]! + k * columns + j]!);
        target[to++] = sum;
      }
    }
  }
}
