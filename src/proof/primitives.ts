import { type DataType, integerRange, type Node, type Tensor, valuesOf } from '../ir/index.ts';
import { findAttribute, normalDomain } from '../ops/index.ts';
import { roundHalfEven } from '../support/rounding.ts';

/** One operation on one element, with numbers for its parameters; those it does not have are 0. */
export interface Primitive {
  readonly kind: 'quantize' | 'dequantize' | 'relu' | 'clip';
  readonly from: DataType;
  readonly to: DataType;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
}

/** The operations a node does, and which of them each element meets. */
export interface PointwiseNode {
  readonly primitives: readonly Primitive[];
  /** Index of the primitive for an element, by its position in row-major order. */
  primitiveOf(element: number): number;
}

/**
 * The number an operation makes of a number, as the executor computes it: the quotient rounded to float32, then to a
 * whole number, halves to even, then shifted and clamped; the difference rounded to float32, then multiplied.
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
      return Math.fround(Math.fround(x - zeroPoint) * scale);
    case 'relu':
      return Math.max(x, 0);
    case 'clip': {
      const raised = x < low ? low : x;
      return raised > high ? high : raised;
    }
  }
}

/** Whether larger numbers never become smaller ones, or, with a negative scale, never larger ones. */
export function isMonotone({ kind, low, high }: Primitive): boolean {
  return kind !== 'clip' || low <= high;
}

const plain = { scale: 0, zeroPoint: 0, low: 0, high: 0 };

/**
 * Reads QuantizeLinear, DequantizeLinear, Relu and Clip as operations on single elements; `undefined` for other nodes,
 * for parameters that are no constants and for types beyond float32 and integers of 16 bits.
 *
 * @param constants the node's inputs that are constants, by position
 * @param dims shape of the first input
 */
export function readPointwise(
  node: Node,
  from: DataType,
  dims: readonly number[],
  to: DataType,
  constants: readonly (Tensor | undefined)[],
): PointwiseNode | undefined {
  if (normalDomain(node.domain) !== '') return undefined;
  if (node.opType === 'Relu' && isPlain(from)) return single({ ...plain, kind: 'relu', from, to });
  if (node.opType === 'Clip' && isPlain(from)) return readClip(node, from, to, constants);
  const quantizes = node.opType === 'QuantizeLinear';
  if (!quantizes && node.opType !== 'DequantizeLinear') return undefined;
  const [real, codes] = quantizes ? [from, to] : [to, from];
  if (real !== 'float32' || !isCode(codes)) return undefined;
  return readScales(node, quantizes ? 'quantize' : 'dequantize', from, dims, to, constants);
}

function readClip(
  node: Node,
  from: DataType,
  to: DataType,
  constants: readonly (Tensor | undefined)[],
): PointwiseNode | undefined {
  if (node.inputs.slice(1).some((name, i) => name !== '' && constants[i + 1]?.size !== 1)) return undefined;
  const range = integerRange(from) ?? { min: -largest, max: largest };
  const low = bound(node, 'min', constants[1]) ?? range.min;
  const high = bound(node, 'max', constants[2]) ?? range.max;
  return Number.isNaN(low) || Number.isNaN(high)
    ? undefined
    : single({ ...plain, kind: 'clip', from, to, low, high });
}

/** The largest finite float32: what Clip takes for a bound that is not given. */
const largest = 3.4028234663852886e38;

function bound(node: Node, attribute: string, input: Tensor | undefined): number | undefined {
  const given = findAttribute(node, attribute);
  if (given?.type === 'FLOAT') return given.value as number;
  return input && (valuesOf(input)[0] as number);
}

function readScales(
  node: Node,
  kind: 'quantize' | 'dequantize',
  from: DataType,
  dims: readonly number[],
  to: DataType,
  constants: readonly (Tensor | undefined)[],
): PointwiseNode | undefined {
  const scale = constants[1];
  const zero = constants[2];
  const named = (node.inputs[2] ?? '') !== '';
  const other = (name: string) => Number(findAttribute(node, name)?.value ?? 0);
  if (scale?.dtype !== 'float32' || (named && zero === undefined) || other('block_size') > 0)
    return undefined;
  if (other('precision') > 1 || scale.dims.length > 1 || (zero !== undefined && zero.size !== scale.size))
    return undefined;
  const scales = valuesOf(scale) as Float32Array;
  if (scales.some((value) => !Number.isFinite(value) || value === 0)) return undefined;
  const zeros = zero === undefined ? undefined : Array.from(valuesOf(zero), Number);
  const primitives = Array.from(scales, (value, i): Primitive => {
    return { ...plain, kind, from, to, scale: value, zeroPoint: zeros?.[i] ?? 0 };
  });
  if (primitives.length === 1) return { primitives, primitiveOf: () => 0 };
  const axis = Number(findAttribute(node, 'axis')?.value ?? 1);
  const at = axis < 0 ? axis + dims.length : axis;
  if (dims[at] !== primitives.length) return undefined;
  const inner = dims.slice(at + 1).reduce((product, dim) => product * dim, 1);
  return { primitives, primitiveOf: (element) => Math.floor(element / inner) % primitives.length };
}

function single(primitive: Primitive): PointwiseNode {
  return { primitives: [primitive], primitiveOf: () => 0 };
}

function isCode(dtype: DataType): boolean {
  return ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4', 'int2', 'uint2'].includes(dtype);
}

function isPlain(dtype: DataType): boolean {
  return dtype === 'float32' || isCode(dtype);
}
