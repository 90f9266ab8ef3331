import { drawn, drawnType } from '../draw.ts';
import { kernel } from '../kernel.ts';

/** Numbers of a normal distribution, in the shape and (unless told otherwise) of the type of an array. */
export const randomNormalLike = kernel('RandomNormalLike', {
  versions: [1, 22],
  types: '* -> ?',
  outputTypes: (call) => [drawnType(call)],
  run: ({ attributes, inputs: [x], random }) => {
    const { mean, scale, seed } = attributes;
    const { normal } = random(seed);
    const dtype = drawnType({ attributes, inputs: [x!.dtype] })!;
    return drawn(dtype, x!.dims, () => mean + scale * normal());
  },
});
