import { type DataType, dataTypeFromCode, type Node, type Tensor, valuesOf } from '../../ir/index.ts';
import { intAttribute, normalDomain } from '../../ops/index.ts';
import type { WorkGraph } from './work-graph.ts';

/** Whether a node is a quantizer or dequantizer of the standard or ONNX Runtime's domain. */
export function isQuantizer(node: Node | undefined): node is Node & { readonly opType: 'QuantizeLinear' } {
  return node?.opType === 'QuantizeLinear' && isKnown(node);
}

export function isDequantizer(
  node: Node | undefined,
): node is Node & { readonly opType: 'DequantizeLinear' } {
  return node?.opType === 'DequantizeLinear' && isKnown(node);
}

function isKnown({ domain }: Node): boolean {
  return normalDomain(domain) === '' || domain === 'com.microsoft';
}

/** Scale and zero point of a quantizer or dequantizer whose parameters are one constant each. */
export interface TensorScale {
  readonly scale: number;
  readonly scaleType: DataType;
  /** 0 where the node has none. */
  readonly zero: number;
  readonly hasZero: boolean;
  readonly dtype: DataType | undefined;
}

/** `undefined` where the scale or the zero point is no constant or more than one number. */
export function tensorScaleOf(graph: WorkGraph, node: Node): TensorScale | undefined {
  const scale = graph.constant(node.inputs[1]);
  const hasZero = (node.inputs[2] ?? '') !== '';
  const zero = hasZero ? graph.constant(node.inputs[2]) : undefined;
  if (!isScalar(scale) || (hasZero && !isScalar(zero))) return undefined;
  return {
    scale: numberOf(scale),
    scaleType: scale.dtype,
    zero: zero === undefined ? 0 : numberOf(zero),
    hasZero,
    dtype: zero?.dtype ?? codeTypeOf(graph, node),
  };
}

/** Whether two pairs quantize a whole tensor alike: constants that are equal, zero points written down. */
export function sameTensorScale(a: TensorScale | undefined, b: TensorScale | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.hasZero &&
    b.hasZero &&
    a.scale === b.scale &&
    a.scaleType === b.scaleType &&
    a.zero === b.zero &&
    a.dtype === b.dtype
  );
}

export function isScalar(tensor: Tensor | undefined): tensor is Tensor & { readonly size: 1 } {
  return tensor !== undefined && tensor.size === 1 && tensor.dims.length <= 1;
}

/** The one number of a tensor. */
export function numberOf(tensor: Tensor): number {
  return Number(valuesOf(tensor)[0]);
}

/** The element type of the codes a quantizer makes or a dequantizer reads, where anything tells. */
export function codeTypeOf(graph: WorkGraph, node: Node): DataType | undefined {
  const zero = graph.constant(node.inputs[2]);
  if (zero !== undefined) return zero.dtype;
  if (isQuantizer(node)) {
    const code = intAttribute(node, 'output_dtype', 0);
    return code === 0 ? 'uint8' : dataTypeFromCode(code);
  }
  return valueTypeOf(graph, node.inputs[0] ?? '');
}

/** Operators whose first output has the element type of their first input. */
const keepsType =
  /^(?:Identity|Reshape|Flatten|Transpose|Squeeze|Unsqueeze|Slice|Split|MaxPool|Concat|Gather|Tile|Expand|Pad|Resize)$/;

/** The element type of a value as far as it shows without inference. */
function valueTypeOf(graph: WorkGraph, value: string, depth = 0): DataType | undefined {
  const constant = graph.constant(value);
  if (constant !== undefined) return constant.dtype;
  const type = graph.session.declared(value)?.type;
  if (type?.kind === 'tensor') return type.elemType;
  const producer = graph.producer(value);
  if (producer === undefined || depth > 50) return undefined;
  if (isQuantizer(producer)) return codeTypeOf(graph, producer);
  return keepsType.test(producer.opType)
    ? valueTypeOf(graph, producer.inputs[0] ?? '', depth + 1)
    : undefined;
}
