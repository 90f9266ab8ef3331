import { any, anyOf, constant, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { unlessAlike } from '../quantizer.ts';

/**
 * x → Q(p) → …           x → Q(p) → …
 * x → Q(p) → …     ⇒          └───→ …
 *
 * and the same for two DQ(p) of one value. Equal operators on an equal input make equal values, so one is enough.
 *
 * The dequantizers are merged, too, down to one for each grid. Engines take them apart again where they want one for
 * each reader (ONNX Runtime gives every operator its own before it fuses, TensorRT clones them as it moves them), while
 * every other rule sees at a glance that all readers of a tensor are behind the same quantizer.
 *
 * Quantizers of constants are left alone: they are folded into each weight when the engine is built, and a weight that
 * two convolutions share could no longer take in the batch norm of one.
 */
export const shareEqualQuantizers = rule({
  name: 'share-equal-quantizers',
  summary: 'two equal Q (or DQ) of one value ⇒ one',
  reason:
    'A producer writes int8 only if all readers want the same quantizer; equal ones merged show which are not.',
  condition: 'Scales, zero points, types and axes are equal bit for bit.',
  sources: [
    'TensorRT build log: HorizontalMergeQNodes',
    'https://github.com/levipereira/yolov9-qat',
    'ONNX Runtime: EnsureUniqueDQForNodeUnit',
  ],
  effect: 'exact',

  match: [quantizer('first'), quantizer('second')],

  unless({ x, scale, first, second }) {
    if (first.opType !== second.opType) return `${first} and ${second} are different operators`;
    if (x.constant !== undefined)
      return `${x} is a constant; its quantizers are folded when the engine is built`;
    if (first.output.isGraphOutput && second.output.isGraphOutput) {
      return `${first.output} and ${second.output} are both outputs of the graph`;
    }
    return unlessAlike(first, second, scale);
  },

  rewrite({ x, scale, zero, first, second }, build) {
    const kept = first.output.isGraphOutput || !second.output.isGraphOutput ? first : second;
    const shared = build.copy(kept, [x, scale, zero]);
    return [shared, shared];
  },
});

function quantizer<const Name extends string>(name: Name) {
  return anyOf(
    ['QuantizeLinear', 'DequantizeLinear'] as const,
    any('x'),
    constant('scale'),
    optional(constant('zero')),
  ).as(name);
}
