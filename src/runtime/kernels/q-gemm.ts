import { ModelError } from '../../support/errors.ts';
import { allocate, allocateNumbers, makeArray, type NdArray, numbersOf, stridesOf } from '../array.ts';
import { broadcastDims, broadcastStrides } from '../broadcast.ts';
import { bytes } from '../dtypes.ts';
import { multiplyBytes } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { checkProductSums } from '../overflow.ts';
import { positions } from '../padded.ts';
import { requantizeSums, requantizingFactor } from '../requantize.ts';
import { copyStrided } from '../strided.ts';

const { fround } = Math;

/** α·A′·B′ + C on codes with an int32 C, requantized; float32 without a scale for the result. */
export const qGemm = kernel<string>('QGemm', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'A, float32, A, B, float32, B, int32, float32, Y -> ?',
  where: { A: bytes, B: bytes, Y: bytes },
  outputTypes: ({ inputs }) => [inputs[7] === undefined ? 'float32' : (inputs[8] ?? inputs[0])],
  run({ attributes, inputs, conventions: { rounding, overflow } }) {
    const [aGiven, aScale, aZero, bGiven, bScale, bZero, c, yScale, yZero] = inputs;
    const a = attributes['transA'] === 1 ? transposed(aGiven!) : aGiven!;
    const b = attributes['transB'] === 1 ? transposed(bGiven!) : bGiven!;
    if (a.dims.length !== 2 || b.dims.length !== 2)
      throw new ModelError('shape-mismatch', `QGemm needs matrices, not [${a.dims}] and [${b.dims}].`);
    const shape = matMulShape(a.dims, b.dims);
    const { dims, columns } = shape;
    if (c !== undefined && broadcastDims(c.dims, dims).some((d, i) => d !== dims[i]))
      throw new ModelError('shape-mismatch', `C [${c.dims}] does not broadcast to [${dims}].`);
    const addend = c && repeated(c, dims);
    if (overflow === 'error') checkProductSums({ a, b, aZero, bZero, shape, addend });
    const sums = withAddend(multiplyBytes(a, b, aZero, bZero, shape), addend);
    const alpha = (attributes['alpha'] as number | undefined) ?? 1;
    const left = numbersOf(aScale!)[0]!;
    const scales = numbersOf(bScale!);
    if (yScale === undefined) return realSums(sums, dims, columns, fround(alpha * left), scales);
    const gain = rounding === 'half-even' || rounding === 'half-away' ? alpha * left : fround(alpha * left);
    const step = numbersOf(yScale)[0]!;
    return requantizeSums(sums, dims, {
      channels: columns,
      inner: 1,
      factors: Float64Array.from(scales, (scale) => requantizingFactor(gain, scale, step, rounding)),
      zero: yZero === undefined ? 0 : numbersOf(yZero)[0]!,
      dtype: yZero?.dtype ?? a.dtype,
      rounding,
    });
  },
});

/** C with a value for each element of the product. */
function repeated(c: NdArray, dims: readonly number[]): Int32Array {
  const values = numbersOf(c);
  return Int32Array.from(positions(dims, broadcastStrides(c.dims, dims)), (at) => values[at]!);
}

function withAddend(sums: Int32Array, addend: Int32Array | undefined): Int32Array {
  if (addend === undefined) return sums;
  const target = allocate('int32', [sums.length], 'overwritten') as Int32Array;
  for (let i = 0; i < target.length; i++) target[i] = sums[i]! + addend[i]!;
  return target;
}

function realSums(
  sums: Int32Array,
  dims: readonly number[],
  columns: number,
  left: number,
  scales: ArrayLike<number>,
): NdArray {
  const gains = Float64Array.from({ length: columns }, (_, n) => fround(left * scales[n % scales.length]!));
  const target = allocateNumbers('float32', dims, 'overwritten');
  for (let start = 0; start < target.length; start += columns)
    for (let n = 0; n < columns; n++) target[start + n] = fround(sums[start + n]!) * gains[n]!;
  return makeArray('float32', dims, target);
}

function transposed(x: NdArray): NdArray {
  return copyStrided(x, x.dims.toReversed(), stridesOf(x.dims).toReversed());
}
