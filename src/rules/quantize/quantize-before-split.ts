import { any, op, optional, quantizePair } from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { unlessFusedWith } from '../neighbours.ts';
import { weighted } from '../operators.ts';
import { type Quantizer, unlessPerTensor, unlessSameGrid } from '../quantizer.ts';

/** `quantizeBeforeSplit`, which leaves parts that a convolution or product reads: a DQ that touches it is fused with it. */
export const quantizeBeforeSplitUnlessFused: Rule = splitRule(weighted);

/**
 * Split ─┬→ Q → DQ              Q → DQ → Split ─┬→
 *        └→ Q → DQ      ⇒                       └→
 *
 * Every part of a tensor is quantized alike, so the whole may be:
 *
 *     F(part(x)) = part(F(x))
 *
 * All outputs that anybody reads have to be behind equal quantizers, for the one in front rounds them all.
 */
export const quantizeBeforeSplit: Rule = splitRule([]);

function splitRule(fused: readonly string[]): Rule {
  return rule({
    name: 'quantize-before-split',
    summary: 'Split → (Q → DQ behind every output) ⇒ Q → DQ → Split',
    reason:
      'The quantizer comes closer to the operator that makes the tensor, which can then write int8 itself.',
    condition: 'Every output is read by a quantizer alone, all equal bit for bit, with one scale.',
    sources: ['TensorRT Developer Guide, "Working with Quantized Types": Q is propagated backwards'],
    effect: 'exact',

    match: op
      .Split(any('x'), optional(any('sizes')))
      .as('split')
      .everyOutput('parts', (part) => quantizePair(part)),

    unless({ x, split, parts }) {
      if (x.constant !== undefined) return `${x} is a constant; fold ${split} into it`;
      const [first, ...others] = parts.filter((part) => part !== undefined);
      if (first === undefined) return `nobody reads ${split}`;
      const quantizers = [first.dequantize, ...others.flatMap((part) => [part.quantize, part.dequantize])];
      const read = parts.flatMap((part) => (part === undefined ? [] : [part.dequantize.output]));
      return (
        read.map((value) => unlessFusedWith(value, fused)).find(Boolean) ||
        unlessPerTensor(first.scale) ||
        quantizers.map((other: Quantizer) => unlessSameGrid(other, first)).find(Boolean)
      );
    },

    rewrite({ x, sizes, split, parts }, build) {
      const { scale, zero, quantize, dequantize } = parts.find((part) => part !== undefined)!;
      const codes = build.copy(quantize, [x, scale, zero]);
      const values = build.outputsOf(
        build.copy(split, [build.copy(dequantize, [codes, scale, zero]), sizes]),
      );
      return values.filter((_, i) => parts[i] !== undefined);
    },
  });
}
