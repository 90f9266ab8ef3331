import { any, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { curvedActivationOn, unlessBehindEpilogue, unlessDroppable } from '../neighbours.ts';

/**
 * Conv → Q → DQ → LeakyRelu  ⇒  Conv → LeakyRelu
 *
 * and the same for Sigmoid · Mul (SiLU), HardSwish, GELU and the others. What such an activation makes is on no grid, so
 * the pair in front cannot move behind it; it can only go. The convolution and its activation become one kernel then, or
 * at least two without an int8 tensor between them.
 */
export const unquantizeBeforeActivation = rule({
  name: 'unquantize-before-activation',
  summary: 'Conv → Q → DQ → LeakyRelu, SiLU, HardSwish, GELU … ⇒ Conv → activation',
  reason: 'A quantizer between a convolution and its activation keeps them apart, and its DQ dangles.',
  condition: 'The readers of the pair are one activation, and nothing else. Removes one rounding.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/2134',
    'https://github.com/NVIDIA/TensorRT/issues/2592',
    'https://github.com/NVIDIA/TensorRT/issues/3127',
  ],
  effect: 'closer',

  match: quantizePair(any('x')),

  unless({ x, dequantize }) {
    const behind = unlessBehindEpilogue(x);
    if (behind) return behind;
    return (
      (curvedActivationOn(dequantize.output) === undefined &&
        `what reads ${dequantize.output} is not one activation alone`) ||
      unlessDroppable(x, dequantize)
    );
  },

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite: ({ x }) => x,
});
