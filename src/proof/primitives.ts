import { type DataType, elementCount, integerRange, type Node, type Tensor, valuesOf } from '../ir/index.ts';
import { attributeValue, intAttribute, normalDomain } from '../ops/index.ts';
import { decodeFloat, encodeFloat, type FloatFormat, floatFormats, maxFinite } from '../support/minifloat.ts';
import { roundHalfEven } from '../support/rounding.ts';
import type { TermArray } from './arrays.ts';

/** One operation on one element, with numbers for its parameters; those it does not have are 0. */
export interface Primitive {
  readonly kind: 'quantize' | 'dequantize' | 'multiply' | 'relu' | 'clip';
  readonly from: DataType;
  readonly to: DataType;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
}

/** An operator that works on single elements: the operations it does, and which of them each element meets. */
export interface Pointwise {
  readonly kind: 'pointwise';
  /** The input whose elements they are, by position. */
  readonly operand: number;
  readonly dtype: DataType;
  readonly primitives: readonly Primitive[];
  /** Index of the primitive for an element, by its position in row-major order. */
  primitiveOf(element: number): number;
}

/**
 * The number an operation makes of a number, as the executor computes it: the quotient rounded to float32, then to a
 * whole number, halves to even, then shifted and clamped; the difference rounded to float32, then multiplied. Results
 * of 16 bits are rounded from float32.
 */
export function applyPrimitive({ kind, to, scale, zeroPoint, low, high }: Primitive, x: number): number {
  switch (kind) {
    case 'quantize': {
      const { min, max } = integerRange(to)!;
      const quotient = Math.fround(x / scale);
      if (Number.isNaN(quotient)) return min;
      // Adding 0 makes a positive zero of a negative one: codes have no sign of zero.
      return (
        Math.max(min, Math.min(max, roundHalfEven(Math.max(-1e12, Math.min(1e12, quotient))) + zeroPoint)) + 0
      );
    }
    case 'dequantize':
      return roundReal(to, Math.fround(x - zeroPoint) * scale);
    case 'multiply':
      return roundReal(to, x * scale);
    case 'relu':
      return Math.max(x, 0);
    case 'clip': {
      const raised = x < low ? low : x;
      return raised > high ? high : raised;
    }
  }
}

/** The formats of the float types that are followed; float32 has none of its own. */
export function smallFormat(dtype: DataType): FloatFormat | undefined {
  return dtype === 'float16' || dtype === 'bfloat16' ? floatFormats[dtype] : undefined;
}

/** Whether elements of a type are followed as real numbers. */
export function isReal(dtype: DataType): boolean {
  return dtype === 'float32' || smallFormat(dtype) !== undefined;
}

/** A number as a tensor of a float type holds it. */
export function roundReal(dtype: DataType, x: number): number {
  const format = smallFormat(dtype);
  return format === undefined ? Math.fround(x) : decodeFloat(format, encodeFloat(format, Math.fround(x)));
}

/** Whether larger numbers never become smaller ones, or, with a negative scale, never larger ones. */
export function isMonotone({ kind, low, high }: Primitive): boolean {
  return kind !== 'clip' || low <= high;
}

/**
 * Whether the larger of two numbers stays the larger or becomes the same, bit for bit, the two zeros included: a Clip at 0
 * makes 0 of −1 and leaves −0 what it is, so it does not, and neither does a product that may underflow.
 */
export function keepsOrder({ kind, to, scale }: Primitive): boolean {
  if (kind === 'dequantize') return roundReal(to, scale) > 0;
  return kind === 'relu' || (kind === 'quantize' && scale > 0);
}

/** Whether two operations are written alike. */
export function samePrimitive(a: Primitive, b: Primitive): boolean {
  return primitiveKey(a) === primitiveKey(b);
}

/** A name that two operations share exactly when they are written alike. */
export function primitiveKey({ kind, from, to, scale, zeroPoint, low, high }: Primitive): string {
  return `${kind} ${from} ${to} ${numbersKey([scale, zeroPoint, low, high])}`;
}

/** Numbers in a line, the two zeros apart. */
export function numbersKey(values: readonly number[]): string {
  return values.map((value) => (Object.is(value, -0) ? '-0' : value)).join();
}

const plain = { scale: 0, zeroPoint: 0, low: 0, high: 0 };

/**
 * Reads QuantizeLinear, DequantizeLinear, Relu, Clip, Cast of codes to floats and Mul by one number as operations on
 * single elements; `undefined` for other nodes, for parameters that are no constants and for types beyond floats of 16
 * and 32 bits and integers of 16 bits.
 *
 * @param to element type of the output
 */
export function readPointwise(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  to: DataType | undefined,
): Pointwise | undefined {
  const from = inputs[0]?.dtype;
  if (from === undefined || to === undefined) return undefined;
  const constants = inputs.map((array) => array?.constant);
  switch (`${normalDomain(node.domain)}::${node.opType}`) {
    case '::Relu':
      return isPlain(from) ? pointwise({ ...plain, kind: 'relu', from, to }) : undefined;
    case '::Clip':
      return isPlain(from) ? readClip(node, from, to, constants) : undefined;
    case '::Cast':
      return isCode(from) && to === 'float32'
        ? pointwise({ ...plain, kind: 'dequantize', from, to, scale: 1 })
        : undefined;
    case '::Mul':
      return readProduct(inputs);
    case '::QuantizeLinear':
    case 'com.microsoft::QuantizeLinear':
      return isReal(from) && isCode(to) ? readScales(node, 'quantize', inputs, to) : undefined;
    case '::DequantizeLinear':
    case 'com.microsoft::DequantizeLinear':
      return isReal(to) && isCode(from) ? readScales(node, 'dequantize', inputs, to) : undefined;
    default:
      return undefined;
  }
}

function readClip(
  node: Node,
  from: DataType,
  to: DataType,
  constants: readonly (Tensor | undefined)[],
): Pointwise | undefined {
  if (node.inputs.slice(1).some((name, i) => name !== '' && constants[i + 1]?.size !== 1)) return undefined;
  const range = integerRange(from) ?? { min: -largest(from), max: largest(from) };
  const low = bound(node, 'min', constants[1]) ?? range.min;
  const high = bound(node, 'max', constants[2]) ?? range.max;
  return Number.isNaN(low) || Number.isNaN(high)
    ? undefined
    : pointwise({ ...plain, kind: 'clip', from, to, low, high });
}

/** The largest finite number of a float type: what Clip takes for a bound that is not given. */
function largest(dtype: DataType): number {
  const format = smallFormat(dtype);
  return format === undefined ? 3.4028234663852886e38 : maxFinite(format);
}

function bound(node: Node, attribute: string, input: Tensor | undefined): number | undefined {
  return attributeValue(node, attribute, 'FLOAT') ?? (input && (valuesOf(input)[0] as number));
}

/** A product with one finite number that is not 0, on either side. */
function readProduct(inputs: readonly (TermArray | undefined)[]): Pointwise | undefined {
  const at = inputs.findIndex((array) => array?.constant !== undefined);
  const [factor, x] = [inputs[at]?.constant, inputs[1 - at]];
  if (factor?.size !== 1 || x === undefined || factor.dtype !== x.dtype || !isReal(x.dtype)) return undefined;
  const scale = valuesOf(factor)[0] as number;
  if (factor.dims.length > x.dims.length || !Number.isFinite(scale) || scale === 0) return undefined;
  return pointwise({ ...plain, kind: 'multiply', from: x.dtype, to: x.dtype, scale }, 1 - at);
}

function readScales(
  node: Node,
  kind: 'quantize' | 'dequantize',
  [x, scaleInput, zeroInput]: readonly (TermArray | undefined)[],
  to: DataType,
): Pointwise | undefined {
  const { dtype: from, dims } = x!;
  const [scale, zero] = [scaleInput?.constant, zeroInput?.constant];
  if (scale === undefined || !isReal(scale.dtype) || (zeroInput !== undefined && zero === undefined))
    return undefined;
  // Precision 1 asks for a quotient in float32, which is what there is without it.
  if (intAttribute(node, 'precision', 0) > 1 || (zero !== undefined && zero.size !== scale.size))
    return undefined;
  const scales = valuesOf(scale) as Float32Array;
  if (scales.some((value) => !Number.isFinite(value) || value === 0)) return undefined;
  const scaleOf = granularityOf(node, dims, scale.dims);
  if (scaleOf === undefined) return undefined;
  const zeros = zero && Array.from(valuesOf(zero), Number);
  const primitives: Primitive[] = [];
  const numbers = new Map<string, number>();
  const numberOf = Array.from(scales, (value, i) => {
    const primitive: Primitive = { ...plain, kind, from, to, scale: value, zeroPoint: zeros?.[i] ?? 0 };
    const key = primitiveKey(primitive);
    const number = numbers.get(key) ?? primitives.push(primitive) - 1;
    numbers.set(key, number);
    return number;
  });
  const primitiveOf = (element: number) => numberOf[scaleOf(element)]!;
  return { kind: 'pointwise', operand: 0, dtype: to, primitives, primitiveOf };
}

/** Which scale an element has: the only one, that of its index along an axis, or that of its block. */
function granularityOf(
  node: Node,
  dims: readonly number[],
  scales: readonly number[],
): ((element: number) => number) | undefined {
  const size = intAttribute(node, 'block_size', 0);
  if (scales.length === 0 || (scales.length === 1 && scales[0] === 1 && size === 0)) return () => 0;
  const axis = intAttribute(node, 'axis', 1);
  const at = axis < 0 ? axis + dims.length : axis;
  const length = dims[at] ?? 0;
  const inner = elementCount(dims.slice(at + 1));
  if (size === 0)
    return scales.length === 1 && scales[0] === length
      ? (element) => Math.floor(element / inner) % length
      : undefined;
  const blocks = Math.ceil(length / size);
  const wanted = dims.map((dim, i) => (i === at ? blocks : dim));
  if (wanted.join() !== scales.join()) return undefined;
  return (element) => {
    const row = Math.floor(element / inner);
    const block = Math.floor((row % length) / size);
    return (Math.floor(row / length) * blocks + block) * inner + (element % inner);
  };
}

function pointwise(primitive: Primitive, operand = 0): Pointwise {
  return {
    kind: 'pointwise',
    operand,
    dtype: primitive.to,
    primitives: [primitive],
    primitiveOf: () => 0,
  };
}

function isCode(dtype: DataType): boolean {
  return ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4', 'int2', 'uint2'].includes(dtype);
}

function isPlain(dtype: DataType): boolean {
  return isReal(dtype) || isCode(dtype);
}
