import { allocateNumbers, makeArray, type NdArray, numbersOf } from './array.ts';
import { multiplyBytes } from './integer/matmul.ts';
import { matMulShape } from './matmul.ts';

/**
 * The product of two matrices of codes as real numbers: exact sums times aScale·bScale in float32, plus a bias. Scale and
 * zero point of b are one, or one per column.
 */
export function realProduct(
  a: NdArray,
  b: NdArray,
  scales: readonly [NdArray, NdArray],
  zeros: readonly [NdArray | undefined, NdArray | undefined],
  bias: NdArray | undefined,
): NdArray {
  const shape = matMulShape(a.dims, b.dims);
  const sums = multiplyBytes(a, b, zeros[0], zeros[1], shape);
  const [aScale, bScale] = [numbersOf(scales[0])[0]!, numbersOf(scales[1])];
  const target = allocateNumbers('float32', shape.dims);
  const offsets = bias && numbersOf(bias);
  for (let i = 0; i < target.length; i++) {
    const column = i % shape.columns;
    const gain = Math.fround(aScale * bScale[column % bScale.length]!);
    const real = Math.fround(sums[i]! * gain);
    target[i] = offsets === undefined ? real : real + offsets[column]!;
  }
  return makeArray('float32', shape.dims, target);
}
