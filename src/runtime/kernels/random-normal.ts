import { dataTypeFromCode } from '../../ir/index.ts';
import { drawn } from '../draw.ts';
import { kernel } from '../kernel.ts';

/** Numbers of a normal distribution. */
export const randomNormal = kernel('RandomNormal', {
  versions: [1, 22],
  types: '-> ?',
  outputTypes: ({ attributes }) => [dataTypeFromCode(attributes['dtype'] as number)],
  run: ({ attributes: { mean, scale, seed, shape, dtype }, random }) => {
    const { normal } = random(seed);
    return drawn(dataTypeFromCode(dtype), shape, () => mean + scale * normal());
  },
});
