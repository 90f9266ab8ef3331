import { numbersOf, productOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { channelsOf, normalizeRuns } from '../normalize.ts';

/** Normalizes each channel of each image by its own mean and variance. */
export const instanceNormalization = kernel('InstanceNormalization', {
  versions: [1, 6, 22],
  types: 'T, T, T -> T',
  where: { T: floats },
  run({ attributes: { epsilon }, inputs: [x, scale, bias] }) {
    const size = productOf(x!.dims, 2);
    const channels = channelsOf(x!, [scale!, bias!]);
    const gains = numbersOf(scale!);
    const offsets = numbersOf(bias!);
    const channelOf = (position: number) => Math.floor(position / size) % channels;
    return normalizeRuns(
      x!,
      size,
      epsilon,
      (i) => gains[channelOf(i)]!,
      (i) => offsets[channelOf(i)]!,
    );
  },
});
