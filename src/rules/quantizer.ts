import { type DataType, dataTypeFromCode, findDataType, integerRange } from '../ir/index.ts';
import { type Constant, type NodeMatch, type Objection, sameTensor, type Value } from '../pattern/index.ts';
import type { Builder } from '../rewrite/index.ts';
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

/** What a QuantizeLinear rounds to. */
export type Grid = Omit<Pair, 'dequantize'>;

/** The pair again, around another value. */
export function copyPair(
  build: Builder,
  { scale, zero, quantize, dequantize }: Pair,
  x: Value,
  attributes?: { readonly axis: number },
): Value {
  const codes = build.copy(quantize, [x, scale, zero], attributes);
  return build.copy(dequantize, [codes, scale, zero], attributes);
}

/** Objects unless a quantizer has the scale and zero point of another, bit for bit, and computes alike. */
export function unlessSameGrid(other: Quantizer, { scale, zero, quantize }: Grid): Objection {
  const [, otherScale, otherZero] = other.inputs;
  const parameters = [
    ['scale', scale, otherScale],
    ['zero', zero, otherZero],
  ] as const;
  for (const [name, own, theirs] of parameters) {
    if (own === undefined && theirs === undefined) continue;
    const constant = theirs?.constant;
    if (own === undefined || constant === undefined || !sameTensor(own.tensor, constant))
      return `${name} of ${other} is not that of ${quantize}`;
  }
  return unlessAlike(quantize, other, scale);
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

/** Objects unless the pair is one of integers, alike on both sides, that keeps the order of float32 numbers. */
export function unlessOrderIsKept({ scale, zero, quantize, dequantize }: Pair): Objection {
  const { output_dtype } = dequantize.attributes;
  return (
    unlessAlike(quantize, dequantize, scale) ||
    unlessCodesComeBack(scale, codeTypeOf(quantize, zero)) ||
    ((output_dtype ?? 0) !== 0 && `${dequantize} gives another type than its scale has`)
  );
}

/** What a float32 value becomes on its way through a pair, scale by scale. */
export function throughPair(x: number, { scale, zero, quantize }: Grid): readonly number[] {
  const zeros = zero?.numbers() ?? [0];
  const dtype = codeTypeOf(quantize, zero);
  return scale.numbers().map((s, i) => throughQuantizer(x, s, zeros[i] ?? zeros[0]!, dtype));
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
