import { any, type Constant, constant, op, optional } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { type Quantizer, unlessAlike } from '../quantizer.ts';
import { short } from '../ranges.ts';

/**
 * Q(p) → DQ(p′)  ⇒  a finding
 *
 * Two halves that do not belong together multiply what goes through by s′ / s, and shift it by the difference of the zero
 * points. Somebody may have meant that; more often a tool lost a scale. No engine fuses the two as a pair.
 */
export const mismatchedPair = rule({
  name: 'mismatched-pair',
  summary: 'Q(p) → DQ(p′) with other scales or zero points ⇒ a finding',
  reason: 'The two halves hide a factor, and no engine takes them for a pair.',
  condition: 'Scale, zero point, type or axis differ. Reports, changes nothing.',
  sources: ['https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html'],

  match: op
    .DequantizeLinear(
      op
        .QuantizeLinear(any('x'), constant('scale'), optional(constant('zero')))
        .as('quantize')
        .shared(),
      constant('otherScale'),
      optional(constant('otherZero')),
    )
    .as('dequantize'),

  unless: (found) => differenceOf(found) === undefined && 'the two halves are a pair',

  report: (found) => `${found.quantize} and ${found.dequantize} are no pair: ${differenceOf(found)}`,
});

interface Halves {
  readonly scale: Constant;
  readonly zero: Constant | undefined;
  readonly otherScale: Constant;
  readonly otherZero: Constant | undefined;
  readonly quantize: Quantizer;
  readonly dequantize: Quantizer;
}

function differenceOf({
  scale,
  zero,
  otherScale,
  otherZero,
  quantize,
  dequantize,
}: Halves): string | undefined {
  const [scales, others] = [scale.numbers(), otherScale.numbers()];
  if (scales.length !== others.length) return `${scales.length} scales and ${others.length}`;
  const at = scales.findIndex((s, i) => !Object.is(s, others[i]));
  if (at >= 0)
    return `scale ${short(scales[at]!)} and ${short(others[at]!)}, a factor of ${short(others[at]! / scales[at]!)}`;
  const [zeros, otherZeros] = [
    zero?.numbers() ?? scales.map(() => 0),
    otherZero?.numbers() ?? scales.map(() => 0),
  ];
  const shift = zeros.findIndex((z, i) => z !== otherZeros[i]);
  if (shift >= 0) return `zero point ${zeros[shift]} and ${otherZeros[shift]}`;
  return unlessAlike(quantize, dequantize, scale) || undefined;
}
