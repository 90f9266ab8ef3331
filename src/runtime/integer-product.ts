import { type NdArray, numbersOf } from './array.ts';
import type { Conventions } from './conventions.ts';
import { multiplyAndFinish } from './integer/matmul.ts';
import { matMulShape } from './matmul.ts';
import { checkProductSums } from './overflow.ts';

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
  { overflow }: Conventions,
): NdArray {
  const shape = matMulShape(a.dims, b.dims);
  const operands = { a, b, aZero: zeros[0], bZero: zeros[1], shape };
  if (overflow === 'error') checkProductSums(operands);
  const [aScale, bScale] = [numbersOf(scales[0])[0]!, numbersOf(scales[1])];
  return multiplyAndFinish(operands, {
    kind: 'scaling',
    channels: shape.columns,
    factors: Float64Array.from({ length: shape.columns }, (_, n) =>
      Math.fround(aScale * bScale[n % bScale.length]!),
    ),
    shifts: bias && numbersOf(bias),
    rounds: false,
  });
}
