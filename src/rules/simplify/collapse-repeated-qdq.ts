import { any, constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { codeTypeOf, unlessAlike, unlessCodesComeBack } from '../quantizer.ts';

/**
 * x → Q(p) → DQ(p) → Q(p) → DQ(p)  ⇒  x → Q(p) → DQ(p)
 *
 * What DQ gives is on the grid already, so quantizing it again by the same scale and zero point only finds the codes it
 * was made from:
 *
 *     Q(DQ(q)) = clamp(round(s·(q − z) / s) + z) = q
 *
 * The second Q is therefore replaced by the codes themselves, wherever these come from; a DequantizeLinear that others
 * read stays for them.
 */
export const collapseRepeatedQdq = rule({
  name: 'collapse-repeated-qdq',
  summary: 'Q(p) of what DQ(p) made ⇒ the codes themselves',
  reason:
    'A second quantizer on the same grid does nothing, and hides the first from the operators behind it.',
  condition:
    'Scales, zero points, types and axes are equal bit for bit; integers of up to 16 bits, float32 scales.',
  sources: ['TensorRT Developer Guide, "Working with Quantized Types": redundant pairs are erased'],
  effect: 'exact',

  match: op
    .QuantizeLinear(
      op
        .DequantizeLinear(any('codes'), constant('scale'), optional(constant('zero')))
        .as('dequantize')
        .shared(),
      constant('scale'),
      optional(constant('zero')),
    )
    .as('quantize'),

  unless({ codes, scale, zero, dequantize, quantize }) {
    const dtype = codeTypeOf(quantize, zero);
    if (zero === undefined && codes.dtype !== dtype) {
      return `without a zero point ${quantize} makes ${dtype}, and ${codes} is ${codes.dtype ?? 'of unknown type'}`;
    }
    return unlessAlike(dequantize, quantize, scale) || unlessCodesComeBack(scale, dtype);
  },

  rewrite: ({ codes }) => codes,
});
