import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { resizeOf, unlessNearest } from '../nearest-resize.ts';
import { copyPair, unlessAlike, unlessPerTensor } from '../quantizer.ts';

/**
 * Resize → Q → DQ  ⇒  Q → DQ → Resize
 *
 * The nearest neighbour is an element of the input as it is, so Resize is a copy:
 *
 *     F(copy(x)) = copy(F(x))
 *
 * For engines that resize int8: the quantizer works on the small tensor, and its producer can write int8. Others want
 * the opposite, `quantize-after-resize`; never use both.
 */
export const quantizeBeforeResize = rule({
  name: 'quantize-before-resize',
  summary: 'nearest Resize → Q → DQ ⇒ Q → DQ → Resize',
  reason:
    'The quantizer works on a quarter of the elements, and the producer of the small tensor can write int8.',
  condition:
    'Nearest neighbour; only the quantizer reads the Resize; one scale. Not together with quantize-after-resize.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/3542',
    'https://github.com/NVIDIA/TensorRT/issues/2976',
  ],
  effect: 'exact',

  match: quantizePair(resizeOf(any('x'))),

  unless({ x, resize, ...pair }) {
    if (x.constant !== undefined) return `${x} is a constant; fold ${resize} into it`;
    return (
      unlessNearest(resize) ||
      unlessAlike(pair.quantize, pair.dequantize, pair.scale) ||
      unlessPerTensor(pair.scale)
    );
  },

  rewrite({ x, resize, ...pair }, build) {
    const [, ...rest] = resize.inputs;
    return build.copy(resize, [copyPair(build, pair, x), ...rest]);
  },
});
