import { any, anyOf, type Objection, type Value } from '../../pattern/index.ts';
import { type Rule, rule } from '../../rewrite/index.ts';
import { canWriteCodes, isQuantized, pairInFrontOf } from '../neighbours.ts';
import { averagePools } from '../operators.ts';
import { describeScale, newPair, pairOn, type Ranges, scaleOf } from '../ranges.ts';

const name = 'quantize-average-pool-both-sides';

/**
 * Q → DQ → AveragePool → float  ⇒  Q → DQ → AveragePool → Q → DQ → float
 * float → AveragePool → Q → DQ  ⇒  float → Q → DQ → AveragePool → Q → DQ
 *
 * An engine averages int8 if both sides are quantized. No mean is larger than the largest element, so the scale in front
 * serves behind as well, coarse as it is; in front, the pair is the one that another reader has. Ranges that have been
 * observed – `quantizeAveragePoolBothSidesWith(ranges)` – are better than either.
 *
 * In front of the pool the tensor is larger than behind it. A pair is put there only if it is none of the kernels that
 * stay: what makes the tensor writes codes, and nobody else wants floats. The pool of a squeeze-and-excite block, whose
 * tensor a float Mul reads as well, stays as it is.
 */
export const quantizeAveragePoolBothSides: Rule = poolRule(new Map());

/** The same rule with scales of ranges that have been observed: int8, zero point 0, amax / 127. */
export function quantizeAveragePoolBothSidesWith(ranges: Ranges): Rule {
  return poolRule(ranges);
}

function poolRule(ranges: Ranges): Rule {
  return rule({
    name,
    summary: 'half quantized AveragePool or GlobalAveragePool ⇒ quantized on both sides',
    reason: 'The pool runs in int8, and what is in front of it has no float reader left.',
    condition:
      'One side is quantized; the scale of the other is observed, or taken from the pair there is; in front, the tensor can be written as codes. Adds one rounding.',
    sources: ['TensorRT engine explorer: ResNet-18 with and without quantized average pool'],
    effect: 'scale',

    match: anyOf(['AveragePool', 'GlobalAveragePool'] as const, any('x')).as('pool'),

    unless: ({ x, pool }) =>
      unlessHalfQuantized(x, pool.output) || unlessScaleIsKnown(x, pool.output, ranges),

    note({ x, pool }) {
      const value = isQuantized(x) ? pool.output : x;
      return `"${value}" gets a pair: ${describeScale(scaleFor(x, pool.output, ranges)!)}`;
    },

    rewrite({ x, pool }, build) {
      const scale = scaleFor(x, pool.output, ranges)!;
      if (isQuantized(x)) return newPair(build, build.copy(pool, [x]), scale);
      return build.copy(pool, [pairOn(x)?.dequantize.output ?? newPair(build, x, scale)]);
    },
  });
}

function unlessHalfQuantized(x: Value, y: Value): Objection {
  if (x.dtype !== undefined && x.dtype !== 'float32') return `${x} is ${x.dtype}`;
  const end = carriedTo(y);
  const quantized = end.uses.filter(({ reader }) => reader.opType === 'QuantizeLinear').length;
  if (isQuantized(x))
    return (
      (quantized > 0 && `${end} is quantized, too`) || (y.isGraphOutput && `${y} is an output of the graph`)
    );
  const isBehind = quantized > 0 && quantized === end.uses.length && !end.isGraphOutput;
  if (!isBehind) return `neither side of the pool is quantized`;
  return pairOn(x) === undefined && unlessQuantizedForNothing(x);
}

/** Objects where a new pair on the input of a pool would be a kernel of its own. */
function unlessQuantizedForNothing(x: Value): Objection {
  const other = x.uses.find(({ reader, index }) => index !== 0 || !averagePools.has(reader.opType));
  if (other !== undefined) return `${other.reader} reads ${x} as floats, too`;
  return !canWriteCodes(x) && `${x} is written as floats whoever reads it`;
}

const copies = new Set(['Flatten', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);

/** The value at the end of copies that alone read the one before: a classifier flattens what it pools. */
function carriedTo(value: Value): Value {
  const [use, ...more] = value.uses;
  const isCarried = use !== undefined && more.length === 0 && use.index === 0 && !value.isGraphOutput;
  return isCarried && use.reader.isStandard && copies.has(use.reader.opType)
    ? carriedTo(use.reader.output)
    : value;
}

function unlessScaleIsKnown(x: Value, y: Value, ranges: Ranges): Objection {
  return (
    scaleFor(x, y, ranges) === undefined && `no scale is known for ${isQuantized(x) ? y : x}: calibrate it`
  );
}

function scaleFor(x: Value, y: Value, ranges: Ranges): number | undefined {
  const range = ranges.get(isQuantized(x) ? y.name : x.name);
  if (!isQuantized(x)) return pairOn(x)?.scale ?? (range && scaleOf(range));
  if (range !== undefined) return scaleOf(range);
  const scale = pairInFrontOf(x)?.quantize.inputs[1]?.constant;
  return scale?.size === 1 && scale.dtype === 'float32'
    ? (scale.toTypedArray() as Float32Array)[0]
    : undefined;
}
