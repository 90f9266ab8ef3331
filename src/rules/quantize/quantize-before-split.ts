import {
  any,
  type Constant,
  constant,
  type NodeMatch,
  type NodePattern,
  op,
  optional,
  type Value,
} from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { unlessAlike, unlessPerTensor } from '../quantizer.ts';

/**
 * Split ─┬→ Q → DQ              Q → DQ → Split ─┬→
 *        └→ Q → DQ      ⇒                       └→
 *
 * Every part of a tensor is quantized alike, so the whole may be:
 *
 *     F(part(x)) = part(F(x))
 *
 * All outputs have to be behind equal quantizers, for the one in front rounds them all. A pattern names the outputs it
 * replaces, so there is one rule for each number of them: `quantizeBeforeSplit(5)` makes another.
 */
export function quantizeBeforeSplit(outputs: number): Rule {
  const split = op.Split(any('x'), optional(any('sizes'))).as('split');
  return rule({
    name: `quantize-before-split-${outputs}`,
    summary: `Split → ${outputs} × (Q → DQ) ⇒ Q → DQ → Split`,
    reason:
      'The quantizer comes closer to the operator that makes the tensor, which can then write int8 itself.',
    condition: `The Split has ${outputs} outputs, each read by a quantizer alone, all equal bit for bit, with one scale.`,
    sources: ['TensorRT Developer Guide, "Working with Quantized Types": Q is propagated backwards'],
    effect: 'exact',

    match: Array.from({ length: outputs }, (_, i) => pairBehind(split.output(i), i)),

    unless(found) {
      const { x, split, scale } = found;
      if (x.constant !== undefined) return `${x} is a constant; fold ${split} into it`;
      if (split.outputs.length !== outputs) return `${split} has ${split.outputs.length} outputs`;
      const [first, ...others] = Array.from({ length: outputs }, (_, i) => [
        found[`quantize${i}`]!,
        found[`dequantize${i}`]!,
      ]).flat();
      return unlessPerTensor(scale) || others.map((other) => unlessAlike(first!, other, scale)).find(Boolean);
    },

    rewrite({ x, sizes, split, scale, zero, quantize0, dequantize0 }, build) {
      const codes = build.copy(quantize0!, [x, scale, zero]);
      return build.outputsOf(build.copy(split, [build.copy(dequantize0!, [codes, scale, zero]), sizes]));
    },
  });
}

export const quantizeBeforeSplit2: Rule = quantizeBeforeSplit(2);
export const quantizeBeforeSplit3: Rule = quantizeBeforeSplit(3);
export const quantizeBeforeSplit4: Rule = quantizeBeforeSplit(4);

interface Found {
  readonly x: Value;
  readonly sizes: Value | undefined;
  readonly split: NodeMatch<'Split'>;
  readonly scale: Constant;
  readonly zero: Constant | undefined;
  readonly [quantize: `quantize${number}`]: NodeMatch<'QuantizeLinear'>;
  readonly [dequantize: `dequantize${number}`]: NodeMatch<'DequantizeLinear'>;
}

function pairBehind(
  part: ReturnType<NodePattern['output']>,
  index: number,
): NodePattern<'DequantizeLinear', Found> {
  const scale = constant('scale');
  const zero = optional(constant('zero'));
  const quantize = op.QuantizeLinear(part, scale, zero).as(`quantize${index}`);
  return op.DequantizeLinear(quantize, scale, zero).as(`dequantize${index}`) as never;
}
