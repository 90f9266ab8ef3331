import { dataTypeFromCode } from '../../ir/index.ts';
import { drawn } from '../draw.ts';
import { kernel } from '../kernel.ts';

/** Numbers between `low` and `high`. */
export const randomUniform = kernel('RandomUniform', {
  versions: [1, 22],
  types: '-> ?',
  outputTypes: ({ attributes }) => [dataTypeFromCode(attributes['dtype'] as number)],
  run: ({ attributes: { low, high, seed, shape, dtype }, random }) => {
    const { uniform } = random(seed);
    return drawn(dataTypeFromCode(dtype), shape, () => low + (high - low) * uniform());
  },
});
