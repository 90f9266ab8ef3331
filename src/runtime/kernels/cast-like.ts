import { convert } from '../convert.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Elements as the type of another value. */
export const castLike = kernel('CastLike', {
  versions: [15, 19, 21, 23, 24, 25],
  types: 'T, L -> L',
  where: { T: movable, L: movable },
  run: ({ attributes, inputs: [x, like] }) =>
    convert(x!, like!.dtype, {
      saturate: attributes.saturate !== 0,
      roundMode: (attributes as { round_mode?: string }).round_mode ?? 'up',
    }),
});
