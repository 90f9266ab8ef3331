import { type DataType, dataTypeFromCode, findDataType, integerRange } from '../ir/index.ts';
import { type Constant, type NodeMatch, type Objection, sameTensor } from '../pattern/index.ts';
import { roundHalfEven } from '../support/rounding.ts';

/** What the rules ask about QuantizeLinear and DequantizeLinear nodes. */

/** Either half of a quantize–dequantize pair. */
export type Quantizer = NodeMatch<'QuantizeLinear' | 'DequantizeLinear'>;

/** What `quantizePair` captures. */
export interface Pair {
  readonly scale: Constant;
  readonly zero: Constant | undefined;
  readonly quantize: NodeMatch<'QuantizeLinear'>;
  readonly dequantize: NodeMatch<'DequantizeLinear'>;
}

/** Objects unless both halves of all pairs compute the same. */
export function unlessEqualPairs(pairs: readonly Pair[]): Objection {
  const [first] = pairs;
  if (first === undefined) return 'there is no quantizer';
  for (const pair of pairs) {
    for (const part of ['scale', 'zero'] as const) {
      const [a, b] = [first[part], pair[part]];
      if (a === b || (a !== undefined && b !== undefined && sameTensor(a.tensor, b.tensor))) continue;
      return `${part} of ${pair.quantize} is not that of ${first.quantize}`;
    }
    const alike =
      unlessAlike(first.quantize, pair.quantize, first.scale) ||
      unlessAlike(first.quantize, pair.dequantize, first.scale);
    if (alike) return alike;
  }
  return false;
}

/** Whether one scale holds for the whole tensor; the axis means nothing then. */
export function isPerTensor(scale: Constant): boolean {
  return scale.dims.length === 0 || (scale.dims.length === 1 && scale.dims[0] === 1);
}

/** Objects unless one scale holds for the whole tensor. */
export function unlessPerTensor(scale: Constant): Objection {
  return (
    !isPerTensor(scale) && `the quantizer has ${scale.size} scales; only one scale for the whole tensor moves`
  );
}

/** Objects where two quantizers with the same scales and zero points still compute different things. */
export function unlessAlike(a: Quantizer, b: Quantizer, scale: Constant): Objection {
  const [left, right] = [formOf(a, scale), formOf(b, scale)];
  const different = [...left.keys()].find((name) => right.has(name) && left.get(name) !== right.get(name));
  return (
    different !== undefined &&
    `${different} differs: ${left.get(different)} of ${a} and ${right.get(different)} of ${b}`
  );
}

/** The element type of a quantizer's codes; what the operators assume where neither zero point nor attribute says. */
export function codeTypeOf(quantize: NodeMatch<'QuantizeLinear'>, zero: Constant | undefined): DataType {
  if (zero !== undefined) return zero.dtype;
  const code = quantize.attributes.output_dtype ?? 0;
  return code === 0 ? 'uint8' : dataTypeFromCode(code);
}

/**
 * Objects where codes do not come back: where Q(DQ(q)) = q cannot be promised.
 *
 * DQ rounds q · s once and Q divides by s again, an error below 2⁻²² of the code: far from the next tie for codes of up
 * to 16 bits. It takes scales that are finite and positive, products that do not overflow, and float32 arithmetic.
 */
export function unlessCodesComeBack(scale: Constant, dtype: DataType): Objection {
  const range = integerRange(dtype);
  if (range === undefined || findDataType(dtype)!.bits > 16) {
    return `the codes are ${dtype}; only integers of up to 16 bits are known to come back unchanged`;
  }
  if (scale.dtype !== 'float32')
    return `the scale is ${scale.dtype}; only float32 is known to bring codes back`;
  const span = range.max - range.min;
  const bad = scale.numbers().find((s) => !(s > 0 && Number.isFinite(Math.fround(s * span))));
  return (
    bad !== undefined && `the scale ${bad} is not a positive number that every code can be multiplied by`
  );
}

/** What a float32 value becomes on its way through Q and DQ of an integer type; NaN where that has no integers. */
export function throughQuantizer(x: number, scale: number, zero: number, dtype: DataType): number {
  const range = integerRange(dtype);
  if (range === undefined) return NaN;
  const code = roundHalfEven(Math.fround(x / scale)) + zero;
  const clamped = Math.min(range.max, Math.max(range.min, code));
  return Math.fround((clamped - zero) * scale);
}

/** Attributes that change what a quantizer computes, by name; those its version does not have are left out. */
function formOf(quantizer: Quantizer, scale: Constant): ReadonlyMap<string, unknown> {
  const { axis, ...others } = quantizer.attributes;
  const form = new Map<string, unknown>(Object.entries(others));
  if (!isPerTensor(scale)) form.set('axis', axis);
  if (quantizer.opType === 'DequantizeLinear') form.delete('output_dtype');
  return form;
}
