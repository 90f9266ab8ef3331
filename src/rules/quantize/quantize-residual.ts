import { any, type Objection, op, type Value } from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { canWriteCodes, onlyReader } from '../neighbours.ts';
import { describeScale, newPair, pairOn, type Ranges, scaleOf } from '../ranges.ts';
import { residualOf, unlessFloatResidual } from '../residual.ts';

const name = 'quantize-residual';

/**
 * x ─┬→ Q → DQ → Conv …               x → Q → DQ ─┬→ Conv …
 *    └→ Add(Conv, x)            ⇒                 └→ Add(Conv, DQ)
 *
 * A convolution that takes in a sum writes what its residual is: float for float. Reading the residual through the pair
 * that the tensor has anyway – the one in front of the next convolution – makes all of it int8, and costs one rounding of
 * half a quantum at most, as long as the calibrated range holds.
 *
 * Of a sum of two convolutions the shorter branch is the residual. Where a residual has no other pair its scale is a
 * matter of calibration: `quantizeResidualWith(ranges)` takes it from ranges that have been observed; without them
 * `uncalibrated-residual` reports the place. A residual that is made in floats, such as a Resize, is left alone where the
 * sum is read as floats: its quantizer would be one kernel, and the dequantizer in front of the sum another.
 */
export const quantizeResidual: Rule = residualRule(new Map());

/** The same rule with scales for residuals that no other quantizer reads: int8, zero point 0, amax / 127. */
export function quantizeResidualWith(ranges: Ranges): Rule {
  return residualRule(ranges);
}

function residualRule(ranges: Ranges): Rule {
  return rule({
    name,
    summary: 'Add(Conv, x) ⇒ Add(Conv, DQ(Q(x))), with the scale of the other quantizer of x',
    reason:
      'The output of a fused convolution and sum has the precision of its residual: ResNet-18 loses a third of its time.',
    condition:
      'One operand is a convolution, the other a float tensor of the same shape that a quantizer reads, too, or that can be written as codes. Adds one rounding.',
    sources: [
      'https://github.com/NVIDIA/TensorRT/issues/1992',
      'pytorch-quantization: ResNet-50 tutorial, further optimization',
    ],
    effect: 'scale',

    match: op.Add(any('a'), any('b')).ordered().as('add'),

    unless: ({ a, b, add }) =>
      unlessFloatResidual(add, a, b) ||
      unlessForNothing(residualOf(a, b), add.output) ||
      unlessScaleIsKnown(residualOf(a, b), ranges),

    note({ a, b }) {
      const x = residualOf(a, b);
      const pair = pairOn(x);
      const scale = pair?.scale ?? scaleOf(ranges.get(x.name)!);
      return `"${x}" is read through ${pair?.dequantize ?? 'a new pair'}: ${describeScale(scale)}`;
    },

    rewrite({ a, b, add }, build) {
      const x = residualOf(a, b);
      const quantized = pairOn(x)?.dequantize.output ?? newPair(build, x, scaleOf(ranges.get(x.name)!));
      return build.copy(add, x.name === a.name ? [quantized, b] : [a, quantized]);
    },
  });
}

/** Objects where the residual would be quantized for an output that is float all the same. */
function unlessForNothing(x: Value, sum: Value): Objection {
  if (pairOn(x) !== undefined || canWriteCodes(x)) return false;
  const activation = onlyReader(sum)?.reader;
  const isFused = activation !== undefined && ['Relu', 'Clip'].includes(activation.opType);
  const end = isFused ? activation.output : sum;
  const other = end.uses.find(({ reader }) => reader.opType !== 'QuantizeLinear');
  return other !== undefined && `${x} is written as floats, and ${other.reader} wants the sum as floats`;
}

function unlessScaleIsKnown(x: Value, ranges: Ranges): Objection {
  return (
    pairOn(x) === undefined && !ranges.has(x.name) && `no quantizer reads ${x}, and no range is known for it`
  );
}
