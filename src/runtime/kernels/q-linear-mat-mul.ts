import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf } from '../array.ts';
import { bytes } from '../dtypes.ts';
import { multiplyBytes } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { codeRange, requantize } from '../quantize.ts';

const scales = ['float32', 'float16', 'bfloat16'] as const;

/** Matrix product of codes, requantized; parameters per tensor, per row of a, or per column of b. */
export const qLinearMatMul = kernel('QLinearMatMul', {
  versions: [10, 21],
  types: 'A, S, A, B, S, B, S, Y -> Y',
  where: { A: bytes, B: bytes, Y: bytes, S: scales },
  run({ inputs }) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as readonly NdArray[];
    const shape = matMulShape(a!.dims, b!.dims);
    const sums = multiplyBytes(a!, b!, aZero, bZero, shape);
    const target = allocateNumbers(yZero!.dtype, shape.dims);
    const { min, max } = codeRange(yZero!.dtype);
    const zero = numbersOf(yZero!)[0]!;
    const rowScale = picker(aScale!, sums.length / shape.columns);
    const columnScale = picker(bScale!, shape.columns);
    const step = numbersOf(yScale!)[0]!;
    for (let i = 0; i < sums.length; i++) {
      const gain = Math.fround(rowScale(Math.floor(i / shape.columns)) * columnScale(i % shape.columns));
      target[i] = requantize(sums[i]!, Math.fround(gain / step), zero, min, max);
    }
    return makeArray(yZero!.dtype, shape.dims, target);
  },
});

function picker(scale: NdArray, groups: number): (index: number) => number {
  const values = numbersOf(scale);
  if (values.length === 0 || groups % values.length !== 0)
    throw new ModelError(
      'shape-mismatch',
      `A scale of dims [${scale.dims}] does not fit ${groups} rows or columns.`,
    );
  return (index) => values[index % values.length]!;
}
