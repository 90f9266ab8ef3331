import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf, stridesOf } from '../array.ts';
import { broadcastDims, broadcastStrides } from '../broadcast.ts';
import { bytes } from '../dtypes.ts';
import { multiplyBytes } from '../integer/matmul.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { positions } from '../padded.ts';
import { codeRange, requantize } from '../quantize.ts';
import { copyStrided } from '../strided.ts';

/** α·A′·B′ + C on codes with an int32 C, requantized; float32 without a scale for the result. */
export const qGemm = kernel<string>('QGemm', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'A, float32, A, B, float32, B, int32, float32, Y -> ?',
  where: { A: bytes, B: bytes, Y: bytes },
  outputTypes: ({ inputs }) => [inputs[7] === undefined ? 'float32' : (inputs[8] ?? inputs[0])],
  run({ attributes, inputs }) {
    const [aGiven, aScale, aZero, bGiven, bScale, bZero, c, yScale, yZero] = inputs;
    const a = attributes['transA'] === 1 ? transposed(aGiven!) : aGiven!;
    const b = attributes['transB'] === 1 ? transposed(bGiven!) : bGiven!;
    if (a.dims.length !== 2 || b.dims.length !== 2)
      throw new ModelError('shape-mismatch', `QGemm needs matrices, not [${a.dims}] and [${b.dims}].`);
    const shape = matMulShape(a.dims, b.dims);
    const { dims, columns } = shape;
    if (c !== undefined && broadcastDims(c.dims, dims).some((d, i) => d !== dims[i]))
      throw new ModelError('shape-mismatch', `C [${c.dims}] does not broadcast to [${dims}].`);
    const sums = multiplyBytes(a, b, aZero, bZero, shape);
    const addend = c && numbersOf(c);
    const addendAt = c && positions(dims, broadcastStrides(c.dims, dims));
    const alpha = (attributes['alpha'] as number | undefined) ?? 1;
    const scales = numbersOf(bScale!);
    const dtype = yScale === undefined ? 'float32' : (yZero?.dtype ?? a.dtype);
    const range = yScale === undefined ? { min: 0, max: 0 } : codeRange(dtype);
    const step = yScale && numbersOf(yScale)[0]!;
    const zero = yZero === undefined ? 0 : numbersOf(yZero)[0]!;
    const target = allocateNumbers(dtype, dims);
    const left = Math.fround(alpha * numbersOf(aScale!)[0]!);
    for (let i = 0; i < target.length; i++) {
      const sum = (sums[i]! + (addend === undefined ? 0 : addend[addendAt![i]!]!)) | 0;
      const gain = Math.fround(left * scales[(i % columns) % scales.length]!);
      target[i] =
        step === undefined
          ? Math.fround(sum) * gain
          : requantize(sum, Math.fround(gain / step), zero, range.min, range.max);
    }
    return makeArray(dtype, dims, target);
  },
});

function transposed(x: NdArray): NdArray {
  return copyStrided(x, x.dims.toReversed(), stridesOf(x.dims).toReversed());
}
