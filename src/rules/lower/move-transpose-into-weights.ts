import { constant, type NodeMatch, type Objection, oneOf, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { isPerTensor, unlessAlike } from '../quantizer.ts';

/**
 * W → Q → DQ → Transpose → MatMul  ⇒  Transpose(W) → Q → DQ → MatMul
 *
 * An engine finds the weights of an operator behind a DQ that touches it. A Transpose in between goes to the other side
 * of the quantizer, scales along an axis with it – axis a of W is axis perm⁻¹(a) of the result – and constant folding does
 * the rest.
 */
export const moveTransposeIntoWeights = rule({
  name: 'move-transpose-into-weights',
  summary: 'W → [Q] → DQ → Transpose ⇒ Transpose(W) → [Q] → DQ',
  reason: 'Weights that do not reach the operator from a DequantizeLinear cannot be fused.',
  condition: 'Constant weights; only the Transpose reads the DequantizeLinear.',
  sources: [
    'https://github.com/NVIDIA/TensorRT/issues/2131',
    'https://github.com/NVIDIA/TensorRT/issues/1604',
  ],
  effect: 'exact',

  match: op
    .Transpose(
      op
        .DequantizeLinear(
          oneOf(
            constant('codes'),
            op.QuantizeLinear(constant('w'), constant('scale'), optional(constant('zero'))).as('quantize'),
          ),
          constant('scale'),
          optional(constant('zero')),
        )
        .as('dequantize'),
    )
    .as('transpose'),

  unless({ scale, quantize, dequantize }) {
    if (!isPerTensor(scale) && scale.dims.length !== 1) return `the scales of ${dequantize} come in blocks`;
    return (quantize && unlessAlike(quantize, dequantize, scale)) as Objection;
  },

  rewrite({ codes, w, scale, zero, quantize, dequantize, transpose }, build) {
    const stored = (codes ?? w)!;
    const attributes = isPerTensor(scale)
      ? undefined
      : { axis: axisBehind(transpose, dequantize, stored.dims.length) };
    const turned = build.copy(transpose, [stored]);
    const quantized =
      quantize === undefined ? turned : build.copy(quantize, [turned, scale, zero], attributes);
    return build.copy(dequantize, [quantized, scale, zero], attributes);
  },
});

function axisBehind(
  transpose: NodeMatch<'Transpose'>,
  { attributes: { axis } }: NodeMatch<'DequantizeLinear'>,
  rank: number,
): number {
  const perm = transpose.attributes.perm ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return perm.indexOf(((axis ?? 1) + rank) % rank);
}
