import { any, type Objection, op, type Value } from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { isQuantized, makerOf } from '../neighbours.ts';
import { describeScale, newPair, pairOn, type Ranges, scaleOf } from '../ranges.ts';

const name = 'quantize-attention-matmuls';

/**
 * MatMul(DQ, b)  ⇒  MatMul(DQ, DQ(Q(b)))
 *
 * The products of attention run in int8 only with both operands quantized. What a Softmax makes lies between 0 and 1, so
 * 1/127 is its scale; any other operand takes the scale of its other quantizer, or one that has been observed:
 * `quantizeAttentionMatmulsWith(ranges)`.
 */
export const quantizeAttentionMatmuls: Rule = matmulRule(new Map());

/** The same rule with scales of ranges that have been observed: int8, zero point 0, amax / 127. */
export function quantizeAttentionMatmulsWith(ranges: Ranges): Rule {
  return matmulRule(ranges);
}

function matmulRule(ranges: Ranges): Rule {
  return rule({
    name,
    summary: 'MatMul with one quantized activation ⇒ both quantized',
    reason: 'A product with one float operand runs in float, behind a dequantizer of its own.',
    condition:
      'The scale is that of a Softmax (1/127), of another quantizer, or observed. Adds one rounding.',
    sources: [
      'https://github.com/NVIDIA/TensorRT/issues/3243',
      'https://github.com/NVIDIA/TensorRT/issues/3280',
      'https://github.com/NVIDIA/TensorRT/issues/3724',
    ],
    effect: 'scale',

    match: op.MatMul(any('a'), any('b')).as('product'),

    unless({ a, b, product }) {
      if (isQuantized(a) === isQuantized(b))
        return `both operands of ${product} are ${isQuantized(a) ? 'quantized' : 'float'}`;
      return unlessScaleIsKnown(floatOperand(a, b), ranges);
    },

    note({ a, b }) {
      const x = floatOperand(a, b);
      return `"${x}" gets a pair: ${describeScale(scaleFor(x, ranges)!)}`;
    },

    rewrite({ a, b, product }, build) {
      const x = floatOperand(a, b);
      const quantized = pairOn(x)?.dequantize.output ?? newPair(build, x, scaleFor(x, ranges)!);
      return build.copy(product, x === a ? [quantized, b] : [a, quantized]);
    },
  });
}

function floatOperand(a: Value, b: Value): Value {
  return isQuantized(a) ? b : a;
}

function unlessScaleIsKnown(x: Value, ranges: Ranges): Objection {
  if (x.constant !== undefined) return `${x} is a constant, a weight without quantizer`;
  if (x.dtype !== undefined && x.dtype !== 'float32') return `${x} is ${x.dtype}`;
  return scaleFor(x, ranges) === undefined && `no scale is known for ${x}: calibrate it`;
}

function scaleFor(x: Value, ranges: Ranges): number | undefined {
  const range = ranges.get(x.name);
  const known = pairOn(x)?.scale ?? (range && scaleOf(range));
  return known ?? (makerOf(x)?.opType === 'Softmax' ? Math.fround(1 / 127) : undefined);
}
