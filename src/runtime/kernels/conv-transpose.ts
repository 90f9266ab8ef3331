import { ModelError } from '../../support/errors.ts';
import { allocateDoubles, allocateNumbers, makeArray, numbersOf, productOf, stridesOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { multiplySums } from '../float/matmul.ts';
import { summationOf } from '../float/sums.ts';
import { kernel } from '../kernel.ts';
import { positions } from '../padded.ts';
import { transposeWindow } from '../transpose-window.ts';

/**
 * Transposed convolution: every input element adds its multiple of the kernel to the output. Sums run over channels,
 * then over taps.
 */
export const convTranspose = kernel('ConvTranspose', {
  versions: [1, 11, 22],
  types: 'T, T, T -> T',
  where: { T: floats },
  run({ attributes, inputs: [x, w, bias], conventions }) {
    const { group } = attributes;
    const [batch, channels] = x!.dims as [number, number];
    const [depth, perGroup] = w!.dims as [number, number];
    if (w!.dims.length !== x!.dims.length || depth !== channels || group < 1 || channels % group !== 0) {
      throw new ModelError(
        'shape-mismatch',
        `ConvTranspose needs x [N, C, …] and w [C, M/group, …]; they are [${x!.dims}] and [${w!.dims}] with group ${group}.`,
      );
    }
    const input = x!.dims.slice(2);
    const kernelShape = w!.dims.slice(2);
    const { strides, dilations, padsBegin, output } = transposeWindow(input, kernelShape, attributes);
    const dims = [batch, perGroup * group, ...output];
    const target = allocateNumbers(x!.dtype, dims);
    if (target.length === 0) return makeArray(x!.dtype, dims, target);
    // The full output holds what the pads cut off, so that no tap needs a test.
    const full = input.map((length, i) =>
      Math.max(
        (length - 1) * strides[i]! + dilations[i]! * (kernelShape[i]! - 1) + 1,
        output[i]! + padsBegin[i]!,
      ),
    );
    const lengths = stridesOf(full);
    const fullSize = productOf(full);
    const origins = positions(
      input,
      strides.map((s, i) => s * lengths[i]!),
    );
    const taps = positions(
      kernelShape,
      dilations.map((d, i) => d * lengths[i]!),
    );
    const inside = positions(output, lengths);
    const begin = padsBegin.reduce((sum, pad, i) => sum + pad * lengths[i]!, 0);
    const perChannel = channels / group;
    const rows = perGroup * taps.length;
    const size = origins.length;
    const summation = summationOf(x!.dtype, conventions.sums);
    const [images, weights] = [x!.data as Float32Array, w!.data as Float32Array];
    const sums = allocateDoubles(perGroup * fullSize);
    const offsets = bias && numbersOf(bias);
    for (let n = 0; n < batch; n++) {
      for (let g = 0; g < group; g++) {
        const filters = {
          data: weights,
          start: g * perChannel * rows,
          count: rows,
          step: 1,
          depthStep: rows,
        };
        const image = (n * channels + g * perChannel) * size;
        const places = { data: images, start: image, count: size, step: 1, depthStep: size };
        const columns = multiplySums(filters, places, perChannel, summation);
        sums.fill(0);
        for (let row = 0; row < rows; row++) {
          const to = Math.floor(row / taps.length) * fullSize + taps[row % taps.length]!;
          for (let i = 0; i < size; i++) sums[to + origins[i]!]! += columns[row * size + i]!;
        }
        for (let m = 0; m < perGroup; m++) {
          const channel = g * perGroup + m;
          const offset = offsets?.[channel] ?? 0;
          const start = (n * perGroup * group + channel) * inside.length;
          for (let i = 0; i < inside.length; i++)
            target[start + i] = sums[m * fullSize + begin + inside[i]!]! + offset;
        }
      }
    }
    return makeArray(x!.dtype, dims, target);
  },
});
