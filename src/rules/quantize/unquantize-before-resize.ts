import { any, op, optional, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { resizeOf, unlessNearest } from '../nearest-resize.ts';
import { unlessDroppable } from '../neighbours.ts';

/**
 * Q → DQ → Resize → Q  ⇒  Resize → Q
 *
 * Interpolation makes numbers that are on no grid, so what it makes is quantized again, and no engine does both roundings
 * for nothing: it interpolates in float. The first pair goes, the second stays.
 */
export const unquantizeBeforeResize = rule({
  name: 'unquantize-before-resize',
  summary: 'Q → DQ → linear or cubic Resize → Q ⇒ Resize → Q',
  reason:
    'An interpolating Resize runs in float; a pair in front of it is two conversions and a rounding for nothing.',
  condition: 'Only the Resize reads the pair, and only quantizers read the Resize. Removes one rounding.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/2976',
    'https://github.com/NVIDIA/TensorRT/issues/3542',
  ],
  effect: 'closer',

  match: op
    .QuantizeLinear(resizeOf(quantizePair(any('x'))), any('behindScale'), optional(any('behindZero')))
    .as('behind'),

  unless: ({ x, resize, dequantize }) =>
    (!unlessNearest(resize) && `${resize} copies; quantize-after-resize moves the pair`) ||
    unlessDroppable(x, dequantize),

  note: ({ x }) => `the pair on "${x}" goes`,

  rewrite({ x, resize, behind, behindScale, behindZero }, build) {
    const [, ...rest] = resize.inputs;
    return build.copy(behind, [build.copy(resize, [x, ...rest]), behindScale, behindZero]);
  },
});
