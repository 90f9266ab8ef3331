import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { resizeOf, unlessNearest } from '../nearest-resize.ts';
import { copyPair, unlessAlike, unlessPerTensor } from '../quantizer.ts';

/**
 * Q → DQ → Resize  ⇒  Resize → Q → DQ
 *
 * The nearest neighbour is an element of the input as it is, so Resize is a copy:
 *
 *     copy(F(x)) = F(copy(x))
 *
 * For engines that resize floats only: with the pair behind, the convolution that follows has its quantizer next to it,
 * and none stands alone in front. Others want the opposite, `quantize-before-resize`; never use both.
 */
export const quantizeAfterResize = rule({
  name: 'quantize-after-resize',
  summary: 'Q → DQ → nearest Resize ⇒ Resize → Q → DQ',
  reason:
    'Where Resize runs in float, a pair in front of it is two conversions, and hides the grid from what follows.',
  condition:
    'Nearest neighbour; only the Resize reads the pair; one scale. Not together with quantize-before-resize.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/2976',
    'TensorRT build log of a YOLOv8: Q stays on the upsampled tensor',
  ],
  effect: 'exact',

  match: resizeOf(quantizePair(any('x'))),

  unless({ x, resize, ...pair }) {
    if (x.dtype === 'int32') return `${x} is int32, and ${resize} would have to be`;
    return (
      unlessNearest(resize) ||
      unlessAlike(pair.quantize, pair.dequantize, pair.scale) ||
      unlessPerTensor(pair.scale)
    );
  },

  rewrite({ x, resize, ...pair }, build) {
    const [, ...rest] = resize.inputs;
    return copyPair(build, pair, build.copy(resize, [x, ...rest]));
  },
});
