import { ModelError } from '../../support/errors.ts';
import { isLasting, type NdArray, numbersOf, stridesOf } from '../array.ts';
import { broadcastDims, broadcastStrides } from '../broadcast.ts';
import { bytes } from '../dtypes.ts';
import { type Finish, finishSums } from '../finish.ts';
import { packedOnce } from '../integer/cache.ts';
import { multiplyAndFinish, multiplyBytes } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { lasting } from '../memory.ts';
import { checkProductSums } from '../overflow.ts';
import { positions } from '../padded.ts';
import { requantizingFactor } from '../requantize.ts';
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
    const b = attributes['transB'] === 1 ? transposedOnce(bGiven!) : bGiven!;
    if (a.dims.length !== 2 || b.dims.length !== 2)
      throw new ModelError('shape-mismatch', `QGemm needs matrices, not [${a.dims}] and [${b.dims}].`);
    const shape = matMulShape(a.dims, b.dims);
    const { dims, columns } = shape;
    if (c !== undefined && broadcastDims(c.dims, dims).some((d, i) => d !== dims[i]))
      throw new ModelError('shape-mismatch', `C [${c.dims}] does not broadcast to [${dims}].`);
    const alpha = (attributes['alpha'] as number | undefined) ?? 1;
    const left = numbersOf(aScale!)[0]!;
    const scales = numbersOf(bScale!);
    const gain = rounding === 'half-even' || rounding === 'half-away' ? alpha * left : fround(alpha * left);
    const common = { channels: columns, offsets: c && isRow(c) ? repeated(c, [1, columns]) : undefined };
    const finish: Finish =
      yScale === undefined
        ? {
            kind: 'scaling',
            ...common,
            factors: Float64Array.from({ length: columns }, (_, n) =>
              fround(fround(alpha * left) * scales[n % scales.length]!),
            ),
            rounds: true,
          }
        : {
            kind: 'requantization',
            ...common,
            factors: Float64Array.from(scales, (scale) =>
              requantizingFactor(gain, scale, numbersOf(yScale)[0]!, rounding),
            ),
            zero: yZero === undefined ? 0 : numbersOf(yZero)[0]!,
            dtype: yZero?.dtype ?? a.dtype,
            rounding,
          };
    const operands = { a, b, aZero, bZero, shape };
    if (overflow === 'error') checkProductSums({ ...operands, addend: c && repeated(c, dims) });
    if (c === undefined || isRow(c)) return multiplyAndFinish(operands, finish);
    const sums = multiplyBytes(a, b, aZero, bZero, shape);
    const addend = repeated(c, dims);
    for (let i = 0; i < sums.length; i++) sums[i]! += addend[i]!;
    return finishSums(sums, dims, finish, 1);
  },
});

/** Whether all rows of the product are added the same. */
function isRow({ dims }: NdArray): boolean {
  return dims.length < 2 || dims[0] === 1;
}

/** C with a value for each element of the product. */
function repeated(c: NdArray, dims: readonly number[]): Int32Array {
  const values = numbersOf(c);
  return Int32Array.from(positions(dims, broadcastStrides(c.dims, dims)), (at) => values[at]!);
}

/** Constants are transposed once; the result is a constant too, whose packed columns are kept. */
function transposedOnce(x: NdArray): NdArray {
  const made = packedOnce(x.data, `transposed ${x.dims}`, () => transposed(x));
  if (isLasting(x.data)) lasting.add(made.data);
  return made;
}

function transposed(x: NdArray): NdArray {
  return copyStrided(x, x.dims.toReversed(), stridesOf(x.dims).toReversed());
}
