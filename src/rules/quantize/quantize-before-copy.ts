import {
  any,
  anyOf,
  type Constant,
  type NodeMatch,
  type Objection,
  optional,
  quantizePair,
} from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { unlessFusedWith } from '../neighbours.ts';
import { weighted } from '../operators.ts';
import { isPerTensor, unlessAlike } from '../quantizer.ts';

const copies = ['Reshape', 'Transpose', 'Flatten', 'Squeeze', 'Unsqueeze', 'Slice', 'Identity'] as const;

/** Operators that are only fused with a DequantizeLinear right in front of them. */
const products = ['MatMul', 'Gemm'];

/**
 * `quantizeBeforeCopy`, which leaves a pair that a convolution reads, too: TensorRT moves the Q back by itself, while a forecast
 * counts a convolution as int8 only where the DQ touches it.
 */
export const quantizeBeforeCopyUnlessFused: Rule = copyRule(weighted);

/**
 * copy → Q → DQ  ⇒  Q → DQ → copy
 *
 * An operator that moves, repeats or drops elements and computes with none of them trades places with a quantizer, which
 * works element by element:
 *
 *     F(copy(x)) = copy(F(x))
 *
 * One scale for the whole tensor goes with any copy. Scales along an axis go with Identity, and with Transpose to the
 * axis they came from: axis a of the result is axis perm[a] of x. Every other copy may cut or merge that axis.
 *
 * In front of a matrix product the pair stays: TensorRT fuses such a product with a DQ that touches it, and moves the Q
 * back over the copy by itself. Copies of constants stay as they are: they are folded, and a weight wants its quantizer
 * next to the convolution.
 *
 * A pair moves up past copies alone and no rule moves it down past one, so this ends.
 */
export const quantizeBeforeCopy: Rule = copyRule(products);

function copyRule(fused: readonly string[]): Rule {
  return rule({
    name: 'quantize-before-copy',
    summary: 'copy → Q → DQ ⇒ Q → DQ → copy',
    reason:
      'The quantizer comes closer to the operator that makes the tensor, which can then write int8 itself.',
    condition:
      'Only the quantizer reads the copy, and no matrix product the pair. Scales along an axis: Transpose and Identity.',
    sources: [
      'TensorRT Developer Guide, "Working with Quantized Types": Q is propagated backwards',
      'TensorRT build log: VanillaSwapWithFollowingQ',
      'https://github.com/NVIDIA/Model-Optimizer/pull/1289',
    ],
    effect: 'exact',

    match: quantizePair(
      anyOf(copies, any('x'), optional(any()), optional(any()), optional(any()), optional(any())).as('copy'),
    ),

    unless({ x, copy, scale, quantize, dequantize }) {
      if (x.constant !== undefined) return `${x} is a constant; fold ${copy} into it`;
      const objection = unlessFusedWith(dequantize.output, fused) || unlessAlike(quantize, dequantize, scale);
      if (objection) return objection;
      return isPerTensor(scale) || axisBefore(copy, scale, quantize) !== undefined
        ? false
        : unlessScalesGoAlong(copy, quantize);
    },

    rewrite({ x, copy, scale, zero, quantize, dequantize }, build) {
      const axis = isPerTensor(scale) ? undefined : axisBefore(copy, scale, quantize);
      const attributes = axis === undefined ? undefined : { axis };
      const codes = build.copy(quantize, [x, scale, zero], attributes);
      const [, ...rest] = copy.inputs;
      return build.copy(copy, [build.copy(dequantize, [codes, scale, zero], attributes), ...rest]);
    },
  });
}

/** The axis of the copy's input that the scales run along; undefined where they cannot go along. */
function axisBefore(
  copy: NodeMatch<(typeof copies)[number]>,
  scale: Constant,
  quantize: NodeMatch<'QuantizeLinear'>,
): number | undefined {
  const { axis } = quantize.attributes;
  if (scale.dims.length !== 1 || axis === undefined) return undefined;
  if (copy.opType === 'Identity') return axis;
  if (copy.opType !== 'Transpose') return undefined;
  const { perm } = copy.attributes as { readonly perm: readonly number[] | undefined };
  return perm?.[axis < 0 ? axis + perm.length : axis];
}

function unlessScalesGoAlong(copy: NodeMatch, quantize: NodeMatch<'QuantizeLinear'>): Objection {
  return `${quantize} has one scale for each index of axis ${quantize.attributes.axis}, which cannot go along past ${copy}`;
}
