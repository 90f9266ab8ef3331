import { any, anyOf, constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { boundsOf, unlessBoundsAreSound } from '../clip-bounds.ts';
import { codeTypeOf, type Grid, throughPair, unlessCodesComeBack } from '../quantizer.ts';

/**
 * Clip(low, high) → Q  ⇒  Clip(low) → Q, Clip(high) → Q, Relu → Q, or Q alone
 *
 * A quantizer saturates. A bound that gets its last code is one that the quantizer keeps by itself: whatever lies beyond
 * would have got that code, too.
 *
 *     Q(min(x, h)) = Q(x)    where Q(h) is the largest code
 *
 * The same goes for a Relu in front of a quantizer whose smallest code stands for zero. What is left of a Clip that
 * starts at zero is a Relu.
 */
export const dropEnforcedBounds = rule({
  name: 'drop-enforced-bounds',
  summary: 'Clip → Q ⇒ Q, without the bounds at which Q saturates anyway',
  reason:
    'Relu is fused in more places than Clip (convolution, activation and pool as one kernel), and nothing at all in most.',
  condition: 'The bound is quantized to the last code of its side; positive scales; constant bounds.',
  sources: [
    'ONNX Runtime: Clip and Relu in front of a QuantizeLinear are removed',
    'https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html',
  ],
  effect: 'exact',

  match: op
    .QuantizeLinear(
      anyOf(['Clip', 'Relu'] as const, any('x'), optional(constant('min')), optional(constant('max'))).as(
        'clip',
      ),
      constant('scale'),
      optional(constant('zero')),
    )
    .as('quantize'),

  unless({ x, clip, min, max, ...quantizer }) {
    if (x.dtype === 'int32') return `${x} is int32`;
    const bad =
      unlessCodesComeBack(quantizer.scale, codeTypeOf(quantizer.quantize, quantizer.zero)) ||
      unlessBoundsAreSound(clip, min, max);
    if (bad) return bad;
    const { low, high } = boundsOf(clip, min, max);
    const enforced = enforcedBy(quantizer, low, high);
    const drops = (enforced.low && low !== -Infinity) || (enforced.high && high !== Infinity);
    return !drops && `${quantizer.quantize} keeps neither ${low} nor ${high} by itself`;
  },

  rewrite({ x, clip, min, max, ...quantizer }, build) {
    const { low, high } = boundsOf(clip, min, max);
    const enforced = enforcedBy(quantizer, low, high);
    const keep = { low: !enforced.low && low !== -Infinity, high: !enforced.high && high !== Infinity };
    const hasInputs = (clip.opset ?? 0) >= 11;
    const left = () => {
      if (!keep.low && !keep.high) return x;
      if (Object.is(low, 0) && !keep.high) return build.Relu(x);
      if (hasInputs) return build.copy(clip, [x, keep.low ? min : undefined, keep.high ? max : undefined]);
      return build.copy(clip, [x], {
        ...(keep.low ? {} : { min: undefined }),
        ...(keep.high ? {} : { max: undefined }),
      });
    };
    return build.copy(quantizer.quantize, [left(), quantizer.scale, quantizer.zero]);
  },
});

/** Whether each bound is quantized to the last code of its side. */
function enforcedBy(quantizer: Grid, low: number, high: number) {
  const same = (a: readonly number[], b: readonly number[]) => a.every((value, i) => value === b[i]);
  return {
    low: same(throughPair(low, quantizer), throughPair(-Infinity, quantizer)),
    high: same(throughPair(high, quantizer), throughPair(Infinity, quantizer)),
  };
}
