import { allocateNumbers, makeArray, type NdArray, numbersOf } from './array.ts';
import type { Conventions } from './conventions.ts';
import { multiplyBytes } from './integer/matmul.ts';
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
  if (overflow === 'error') checkProductSums({ a, b, aZero: zeros[0], bZero: zeros[1], shape });
  const sums = multiplyBytes(a, b, zeros[0], zeros[1], shape);
  const [aScale, bScale] = [numbersOf(scales[0])[0]!, numbersOf(scales[1])];
  const { columns } = shape;
  const gains = Float64Array.from({ length: columns }, (_, n) =>
    Math.fround(aScale * bScale[n % bScale.length]!),
  );
  const offsets = bias && numbersOf(bias);
  const target = allocateNumbers('float32', shape.dims, 'overwritten');
  for (let start = 0; start < target.length; start += columns) {
    if (offsets === undefined)
      for (let n = 0; n < columns; n++) target[start + n] = sums[start + n]! * gains[n]!;
    else
      for (let n = 0; n < columns; n++)
        target[start + n] = Math.fround(sums[start + n]! * gains[n]!) + offsets[n % offsets.length]!;
  }
  return makeArray('float32', shape.dims, target);
}
