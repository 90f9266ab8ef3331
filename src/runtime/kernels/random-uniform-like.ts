import { drawn, drawnType } from '../draw.ts';
import { kernel } from '../kernel.ts';

/** Numbers between `low` and `high`, in the shape and (unless told otherwise) of the type of an array. */
export const randomUniformLike = kernel('RandomUniformLike', {
  versions: [1, 22],
  types: '* -> ?',
  outputTypes: (call) => [drawnType(call)],
  run: ({ attributes, inputs: [x], random }) => {
    const { low, high, seed } = attributes;
    const { uniform } = random(seed);
    const dtype = drawnType({ attributes, inputs: [x!.dtype] })!;
    return drawn(dtype, x!.dims, () => low + (high - low) * uniform());
  },
});
