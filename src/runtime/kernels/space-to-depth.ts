import { imageDims, rearrange } from '../blocks.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Moves squares of pixels into blocks of channels; DCR makes the block the outer channels, CRD the inner. */
export const spaceToDepth = kernel('SpaceToDepth', {
  versions: [1, 13, 28],
  types: 'T -> T',
  where: { T: movable },
  run({ attributes, inputs: [x] }) {
    const b = attributes.blocksize;
    const [n, c, h, w] = imageDims(x!, (_, height, width) => height % b === 0 && width % b === 0);
    const split = [n, c, h / b, b, w / b, b];
    const order = attributes.mode === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
    return rearrange(x!, split, order, [n, c * b * b, h / b, w / b]);
  },
});
