import { integersOf } from '../array.ts';
import { broadcastDims, broadcastStrides } from '../broadcast.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { copyStrided } from '../strided.ts';

/** Repeats an array so that it has the dims it and a shape broadcast to. */
export const expand = kernel('Expand', {
  versions: [8, 13],
  types: 'T, int64 -> T',
  where: { T: movable },
  run({ inputs: [x, shape] }) {
    const dims = broadcastDims(x!.dims, integersOf(shape!));
    return copyStrided(x!, dims, broadcastStrides(x!.dims, dims));
  },
});
