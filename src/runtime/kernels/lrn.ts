import { allocateNumbers, makeArray, numbersOf, productOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { channelsOf } from '../normalize.ts';

/** y = x / (bias + α/size · Σ x² over neighbouring channels)^β */
export const lrn = kernel('LRN', {
  versions: [1, 13],
  types: 'T -> T',
  where: { T: floats },
  run({ attributes: { alpha, beta, bias, size }, inputs: [x] }) {
    const { dims, dtype } = x!;
    const channels = channelsOf(x!, []);
    const inner = productOf(dims, 2);
    const source = numbersOf(x!);
    const target = allocateNumbers(dtype, dims);
    for (let i = 0; i < target.length; i++) {
      const channel = Math.floor(i / inner) % channels;
      const first = Math.max(0, channel - Math.floor((size - 1) / 2));
      const last = Math.min(channels - 1, channel + Math.ceil((size - 1) / 2));
      let sum = 0;
      for (let c = first; c <= last; c++) sum += source[i + (c - channel) * inner]! ** 2;
      target[i] = source[i]! / (bias + (alpha / size) * sum) ** beta;
    }
    return makeArray(dtype, dims, target);
  },
});
