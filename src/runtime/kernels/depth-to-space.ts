import { imageDims, rearrange } from '../blocks.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Moves blocks of channels into squares of pixels; DCR takes the block from the outer channels, CRD from the inner. */
export const depthToSpace = kernel('DepthToSpace', {
  versions: [1, 11, 13, 28],
  types: 'T -> T',
  where: { T: movable },
  run({ attributes: { blocksize: b, mode }, inputs: [x] }) {
    const [n, c, h, w] = imageDims(x!, (channels) => channels % (b * b) === 0);
    const rest = c / (b * b);
    const dims = [n, rest, h * b, w * b];
    if (mode === 'CRD') return rearrange(x!, [n, rest, b, b, h, w], [0, 1, 4, 2, 5, 3], dims);
    return rearrange(x!, [n, b, b, rest, h, w], [0, 3, 4, 1, 5, 2], dims);
  },
});
