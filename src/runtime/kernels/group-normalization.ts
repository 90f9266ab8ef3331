import { ModelError } from '../../support/errors.ts';
import { numbersOf, productOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { channelsOf, normalizeRuns } from '../normalize.ts';

/** Normalizes groups of channels of each image; scale and bias are per channel (per group before version 21). */
export const groupNormalization = kernel('GroupNormalization', {
  versions: [18, 21],
  types: 'T, T, T -> T',
  where: { T: floats },
  run({ attributes: { epsilon, num_groups }, inputs: [x, scale, bias], version }) {
    const channels = channelsOf(x!, [scale!, bias!], version < 21 ? num_groups : undefined);
    if (channels % num_groups !== 0)
      throw new ModelError('shape-mismatch', `${channels} channels cannot be put into ${num_groups} groups.`);
    const size = productOf(x!.dims, 2);
    const perParameter = version < 21 ? (size * channels) / num_groups : size;
    const gains = numbersOf(scale!);
    const offsets = numbersOf(bias!);
    return normalizeRuns(
      x!,
      (size * channels) / num_groups,
      epsilon,
      (i) => gains[Math.floor(i / perParameter) % gains.length]!,
      (i) => offsets[Math.floor(i / perParameter) % offsets.length]!,
    );
  },
});
