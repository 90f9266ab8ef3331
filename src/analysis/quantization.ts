import {
  bytesOf,
  type DataType,
  dataTypeFromCode,
  elementCount,
  findDataType,
  type GraphView,
  type Node,
  packedByteLength,
  Tensor,
  type Type,
} from '../ir/index.ts';
import { constantOf, findAttribute, normalDomain } from '../ops/index.ts';

/** How a tensor is cut into pieces that share a scale: not at all, slice by slice along an axis, or block by block. */
export type Granularity = 'tensor' | 'axis' | 'block';

/** What a QuantizeLinear or DequantizeLinear node says. */
export interface Quantization {
  readonly node: Node;
  /** The scale; `undefined` when it is no constant (computed in the graph, or overridable). */
  readonly scale: Tensor | undefined;
  /** The zero point; zeros in the scale's shape when the node has none; `undefined` when it is no constant. */
  readonly zeroPoint: Tensor | undefined;
  /** Element type of the quantized side; `undefined` when nothing tells. */
  readonly dtype: DataType | undefined;
  /** `undefined` when the shape of the scale is unknown. */
  readonly granularity: Granularity | undefined;
  /** The axis that has several scales, counted from the front where the rank is known; absent for one scale per tensor. */
  readonly axis: number | undefined;
  /** Elements that share a scale along the axis; 0 unless blocked. */
  readonly blockSize: number;
  /** Where the names in the node mean something. */
  readonly view: GraphView;
}

export interface ReadQuantizationOptions {
  /** Types beyond the declared ones, as a type oracle gives them. */
  readonly typeOf?: ((value: string) => Type | undefined) | undefined;
}

const domains = new Set(['', 'com.microsoft']);

export function isQuantize(node: Node): boolean {
  return node.opType === 'QuantizeLinear' && domains.has(normalDomain(node.domain));
}

export function isDequantize(node: Node): boolean {
  return node.opType === 'DequantizeLinear' && domains.has(normalDomain(node.domain));
}

/**
 * Scale, zero point, element type and granularity of a QuantizeLinear or DequantizeLinear node, constants in any
 * guise. Never throws on a node that is written wrongly: what cannot be told is `undefined`.
 *
 * @see https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
export function readQuantization(
  view: GraphView,
  node: Node,
  { typeOf = (value) => declaredType(view, value) }: ReadQuantizationOptions = {},
): Quantization {
  const [x = '', scaleName = '', zeroName = ''] = node.inputs;
  const scale = constantOf(view, scaleName);
  const explicitZero = zeroName === '' ? undefined : constantOf(view, zeroName);
  const dtype = explicitZero?.dtype ?? elemType(typeOf(zeroName)) ?? quantizedType(view, node, typeOf);
  const zeroPoint =
    explicitZero ?? (zeroName === '' && dtype && scale ? zeros(dtype, scale.dims) : undefined);
  const scaleDims = scale?.dims ?? rankedDims(typeOf(scaleName));
  const rank = constantOf(view, x)?.dims.length ?? rankedDims(typeOf(x))?.length;
  const blockSize = integer(node, 'block_size', 0);
  const granularity = scaleDims && granularityOf(scaleDims, blockSize);
  const axis =
    granularity === 'tensor' ? undefined : normalAxis(integer(node, 'axis', 1), rank ?? scaleRank(scaleDims));
  return { node, scale, zeroPoint, dtype, granularity, axis, blockSize, view };
}

/**
 * Whether two nodes quantize alike, bit for bit: same scales, zero points, element type and granularity. One scale per
 * tensor is the same as a scalar or as a list of one. Scales that are no constants are alike only when they are one value.
 */
export function sameQuantization(a: Quantization, b: Quantization): boolean {
  if (a.dtype === undefined || a.dtype !== b.dtype || a.granularity !== b.granularity) return false;
  if (a.granularity !== 'tensor' && (a.axis !== b.axis || a.blockSize !== b.blockSize)) return false;
  return sameParameter(a, b, 1) && sameParameter(a, b, 2);
}

/** Whether two tensors hold the same bits of the same type; `[]` and `[1]` are one shape. */
export function sameBits(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || a.size !== b.size) return false;
  if (a.size !== 1 && a.dims.join() !== b.dims.join()) return false;
  if (a.dtype === 'string') return a.toStrings().join('\0') === b.toStrings().join('\0');
  const [left, right] = [bytesOf(a), bytesOf(b)];
  return left.every((byte, i) => byte === right[i]);
}

function sameParameter(a: Quantization, b: Quantization, position: 1 | 2): boolean {
  const [left, right] = position === 1 ? [a.scale, b.scale] : [a.zeroPoint, b.zeroPoint];
  if (left !== undefined && right !== undefined) return sameBits(left, right);
  if (left !== undefined || right !== undefined || a.view !== b.view) return false;
  return (a.node.inputs[position] ?? '') === (b.node.inputs[position] ?? '');
}

/** The quantized element type where no zero point tells it. */
function quantizedType(
  view: GraphView,
  node: Node,
  typeOf: (value: string) => Type | undefined,
): DataType | undefined {
  if (isQuantize(node)) {
    const code = integer(node, 'output_dtype', 0);
    return code === 0 ? 'uint8' : dataTypeFromCode(code);
  }
  const x = node.inputs[0] ?? '';
  const known = constantOf(view, x)?.dtype ?? elemType(typeOf(x));
  if (known !== undefined) return known;
  const producer = view.producer(x);
  return producer && isQuantize(producer) ? readQuantization(view, producer, { typeOf }).dtype : undefined;
}

function granularityOf(dims: readonly number[], blockSize: number): Granularity {
  if (blockSize > 0 && dims.length > 0) return 'block';
  return dims.length === 0 || (dims.length === 1 && dims[0] === 1)
    ? 'tensor'
    : dims.length === 1
      ? 'axis'
      : 'block';
}

function scaleRank(dims: readonly number[] | undefined): number | undefined {
  return dims !== undefined && dims.length > 1 ? dims.length : undefined;
}

function normalAxis(axis: number, rank: number | undefined): number {
  return axis < 0 && rank !== undefined ? axis + rank : axis;
}

/** Zeros that take no memory until somebody reads them: a damaged file may claim any shape. */
function zeros(dtype: DataType, dims: readonly number[]): Tensor | undefined {
  if (findDataType(dtype) === undefined || dtype === 'string') return undefined;
  const load = () => new Uint8Array(packedByteLength(dtype, elementCount(dims)));
  return new Tensor({ dtype, dims, storage: { kind: 'lazy', load } });
}

function integer(node: Node, name: string, fallback: number): number {
  const attribute = findAttribute(node, name);
  return attribute?.type === 'INT' ? Number(attribute.value) : fallback;
}

function declaredType(view: GraphView, value: string): Type | undefined {
  for (let scope: GraphView | undefined = view; scope !== undefined && value !== ''; scope = scope.outer) {
    const type = scope.initializer(value)
      ? tensorType(scope.initializer(value)!)
      : scope.declared(value)?.type;
    if (type !== undefined || scope.producer(value) !== undefined) return type;
  }
  return undefined;
}

function tensorType(tensor: Tensor): Type {
  return { kind: 'tensor', elemType: tensor.dtype, shape: tensor.dims.map((value) => ({ value })) };
}

function elemType(type: Type | undefined): DataType | undefined {
  return type?.kind === 'tensor' && type.elemType !== 'undefined' ? type.elemType : undefined;
}

/** Dimensions when the rank is known; lengths that are not known count as -1. */
function rankedDims(type: Type | undefined): readonly number[] | undefined {
  return type?.kind === 'tensor' ? type.shape?.map((dim) => dim.value ?? -1) : undefined;
}
