import { any, each, type NodeMatch, op, quantizePair } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { copyPair, isPerTensor, type Pair, unlessAlike } from '../quantizer.ts';

/**
 * a ─┐                         a → Q → DQ ─┐
 * b ─┴ Concat → Q → DQ    ⇒    b → Q → DQ ─┴ Concat
 *
 * Joining computes nothing, so what is quantized behind may be quantized in front, part by part:
 *
 *     F(a ∥ b) = F(a) ∥ F(b)
 *
 * A part behind a quantizer of its own keeps it: the two then stand one behind the other, and show what it costs that
 * their scales differ.
 *
 * A pair moves up past Concat alone and no rule moves it down past one, so this ends.
 */
export const quantizeBeforeConcat = rule({
  name: 'quantize-before-concat',
  summary: 'Concat → Q → DQ ⇒ (Q → DQ of every part) → Concat',
  reason:
    'Every producer can write int8 into its part of the result; TensorRT does the same, and then meets the scales that differ.',
  condition: 'Only the quantizer reads the Concat. Scales along an axis: any but the one that is joined.',
  sources: [
    'TensorRT build log: SplitQAcrossPrecedingFanIn',
    'https://github.com/NVIDIA/TensorRT/issues/4366',
  ],
  effect: 'exact',

  match: quantizePair(op.Concat(each('parts', any('x'))).as('concat')),

  unless({ parts, concat, ...pair }) {
    if (parts.every(({ x }) => x.constant !== undefined)) return `${concat} joins constants; fold them`;
    return unlessAlike(pair.quantize, pair.dequantize, pair.scale) || unlessOtherAxis(concat, pair);
  },

  rewrite({ parts, concat, ...pair }, build) {
    const values = new Map(parts.map(({ x }) => [x.name, x]));
    const quantized = new Map([...values].map(([name, x]) => [name, copyPair(build, pair, x)]));
    return build.copy(
      concat,
      parts.map(({ x }) => quantized.get(x.name)),
    );
  },
});

function unlessOtherAxis(concat: NodeMatch<'Concat'>, { scale, quantize }: Pair) {
  if (isPerTensor(scale)) return false;
  const rank = concat.output.rank;
  const { axis } = quantize.attributes;
  if (scale.dims.length !== 1 || axis === undefined) return `the scales of ${quantize} come in blocks`;
  const has = `${quantize} has one scale for each index of axis ${axis}`;
  if (rank === undefined) return `${has}, and the rank of ${concat} is not known`;
  const same = (axis + rank) % rank === ((concat.attributes.axis ?? 1) + rank) % rank;
  return same && `${has}, along which ${concat} joins`;
}
