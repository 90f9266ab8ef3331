import { isDequantize, isQuantize, readQuantization } from '../analysis/index.ts';
import {
  type DataType,
  type GraphView,
  integerRange,
  type Model,
  type Node,
  type Tensor,
  tensor,
  titleOf,
  valuesOf,
  viewOf,
} from '../ir/index.ts';
import { constantOf, findAttribute, intAttribute, isPure } from '../ops/index.ts';
import { evaluateNode } from '../runtime/index.ts';

/** One integer sum of a product operator: what is multiplied, and what becomes of it. */
export interface IntegerProduct {
  readonly node: Node;
  readonly at: string;
  readonly activation: {
    readonly dtype: DataType;
    readonly zeroPoint: number;
    readonly scale: number | undefined;
  };
  readonly weightType: DataType;
  /** One row for each output channel: codes minus zero point, in the order they are stored. */
  readonly rows: readonly Float64Array[];
  /** The same with the zero point left in, as dot product instructions see them. */
  readonly codes: readonly Float64Array[];
  /** Elements of a row that lie side by side in memory when channels come last. */
  readonly channelsLast: Int32Array;
  /** Integer bias for each row, in the accumulator. */
  readonly bias: readonly number[];
  /** Scale of the sum for each row, in float32; `undefined` where scales are not known. */
  readonly gains: readonly number[] | undefined;
  /** What the sum is quantized to, if it is at once. */
  readonly output:
    | { readonly dtype: DataType; readonly scale: number; readonly zeroPoint: number }
    | undefined;
}

/** A product of integers whose sums cannot be told, and why. */
export interface Untold {
  readonly at: string;
  readonly reason: string;
}

/**
 * The integer products of a model's main graph: Conv, Gemm and MatMul between DequantizeLinear nodes, QLinearConv,
 * QLinearMatMul, ConvInteger and MatMulInteger with weights that are constant.
 */
export function integerProducts(model: Model): {
  readonly products: readonly IntegerProduct[];
  readonly untold: readonly Untold[];
} {
  const view = viewOf(model);
  const products: IntegerProduct[] = [];
  const untold: Untold[] = [];
  for (const node of view.nodes()) {
    const found = readProduct(view, node);
    if (typeof found === 'string') untold.push({ at: titleOf(node), reason: found });
    else if (found !== undefined) products.push(found);
  }
  return { products, untold };
}

/** Codes with their scales: an operand of a product. */
interface Operand {
  readonly dtype: DataType;
  readonly codes: Tensor | undefined;
  readonly scales: readonly number[] | undefined;
  readonly zeros: readonly number[];
}

/** A product, the reason why its sums cannot be told, or `undefined` for any other node. */
function readProduct(view: GraphView, node: Node): IntegerProduct | string | undefined {
  const name = (i: number) => node.inputs[i] ?? '';
  switch (node.opType) {
    case 'Conv':
    case 'MatMul':
    case 'Gemm': {
      const x = behindDequantize(view, name(0));
      const w = behindDequantize(view, name(1));
      if (x === undefined || w === undefined) return undefined;
      const bias = behindDequantize(view, name(2))?.codes;
      return product(node, x, w, bias, quantizedTo(view, node.outputs[0]!));
    }
    case 'QLinearConv':
    case 'QLinearMatMul': {
      const x = operand(view, name(0), name(1), name(2));
      const w = operand(view, name(3), name(4), name(5));
      const y = operand(view, '', name(6), name(7));
      const output = y?.scales && { dtype: y.dtype, scale: y.scales[0]!, zeroPoint: y.zeros[0]! };
      return product(node, x, w, constantOf(view, name(8)), output);
    }
    case 'ConvInteger':
    case 'MatMulInteger':
      return product(
        node,
        operand(view, name(0), '', name(2)),
        operand(view, name(1), '', name(3)),
        undefined,
        undefined,
      );
    default:
      return undefined;
  }
}

function product(
  node: Node,
  x: Operand | undefined,
  w: Operand | undefined,
  bias: Tensor | undefined,
  output: IntegerProduct['output'],
): IntegerProduct | string {
  if (x === undefined || w === undefined) return 'its zero points are no constants';
  if (w.codes === undefined) return 'its weights are no constants';
  if (x.zeros.length !== 1) return 'its activations have more than one zero point';
  if (bits(x.dtype) > 8 || bits(w.dtype) > 8)
    return `its operands are ${x.dtype} and ${w.dtype}; codes of 8 bits are told`;
  const shape = rowsOf(node, w.codes);
  if (shape === undefined) return `its weights have dims [${w.codes.dims}]`;
  const { rows, depth, at, channels } = shape;
  const values = valuesOf(w.codes) as ArrayLike<number>;
  const row = (i: number, shift: number) =>
    Float64Array.from({ length: depth }, (_, k) => values[at(i, k)]! - shift);
  const zero = (i: number) => w.zeros[w.zeros.length === 1 ? 0 : i]!;
  const numbers = Array.from({ length: rows }, (_, i) => i);
  const xScale = x.scales?.[0];
  const gain = (i: number) => Math.fround(xScale! * w.scales![w.scales!.length === 1 ? 0 : i]!);
  const biases = bias && Array.from(valuesOf(bias), Number);
  return {
    node,
    at: titleOf(node),
    activation: { dtype: x.dtype, zeroPoint: x.zeros[0]!, scale: xScale },
    weightType: w.dtype,
    rows: numbers.map((i) => row(i, zero(i))),
    codes: numbers.map((i) => row(i, 0)),
    channelsLast: channelsLast(depth, channels),
    bias: numbers.map((i) => biases?.[biases.length === 1 ? 0 : i] ?? 0),
    gains: xScale === undefined || w.scales === undefined ? undefined : numbers.map(gain),
    output,
  };
}

/** How the weights of an operator are cut into rows that are summed over. */
function rowsOf(
  node: Node,
  { dims }: Tensor,
):
  | {
      readonly rows: number;
      readonly depth: number;
      readonly channels: number;
      readonly at: (row: number, k: number) => number;
    }
  | undefined {
  const total = dims.reduce((count, dim) => count * dim, 1);
  if (total === 0) return undefined;
  if (node.opType.includes('Conv')) {
    if (dims.length < 3) return undefined;
    const depth = total / dims[0]!;
    return { rows: dims[0]!, depth, channels: dims[1]!, at: (row, k) => row * depth + k };
  }
  if (dims.length !== 2) return undefined;
  const [first, second] = dims as [number, number];
  const turned = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
  if (turned) return { rows: first, depth: second, channels: second, at: (row, k) => row * second + k };
  return { rows: second, depth: first, channels: first, at: (row, k) => k * second + row };
}

/** Positions of a row [channels, …kernel] in the order […kernel, channels]. */
function channelsLast(depth: number, channels: number): Int32Array {
  const taps = depth / channels;
  return Int32Array.from({ length: depth }, (_, i) => (i % channels) * taps + Math.floor(i / channels));
}

/** The codes a DequantizeLinear reads, and what it makes of them. */
function behindDequantize(view: GraphView, value: string): Operand | undefined {
  const node = view.producer(value);
  if (node === undefined || !isDequantize(node)) return undefined;
  const { scale, zeroPoint, dtype } = readQuantization(view, node);
  if (
    scale === undefined ||
    zeroPoint === undefined ||
    dtype === undefined ||
    integerRange(dtype) === undefined
  )
    return undefined;
  return {
    dtype,
    codes: computedConstant(view, node.inputs[0]!),
    scales: Array.from(valuesOf(scale), Number),
    zeros: Array.from(valuesOf(zeroPoint), Number),
  };
}

/** Longest chain of nodes between a stored tensor and the codes. */
const maxDepth = 16;

/** The codes of a constant that is quantized in the graph, perhaps more than once. */
function computedConstant(view: GraphView, value: string, depth = 0): Tensor | undefined {
  const known = constantOf(view, value);
  const node = view.producer(value);
  if (known !== undefined || node === undefined || depth > maxDepth) return known;
  const opset = view.opset(node.domain);
  if (opset === undefined || !(isQuantize(node) || isDequantize(node) || isPure(node, opset)))
    return undefined;
  const inputs = node.inputs.map((name) =>
    name === '' ? undefined : computedConstant(view, name, depth + 1),
  );
  if (node.inputs.length === 0 || node.inputs.some((name, i) => name !== '' && inputs[i] === undefined))
    return undefined;
  return evaluateNode(node, inputs, { opset })[node.outputs.indexOf(value)];
}

/** An operand of an integer operator; the zero point is 0 where there is none. */
function operand(view: GraphView, value: string, scale: string, zero: string): Operand | undefined {
  const zeroPoint = zero === '' ? undefined : constantOf(view, zero);
  const codes = value === '' ? undefined : constantOf(view, value);
  const dtype =
    zeroPoint?.dtype ??
    codes?.dtype ??
    (view.declared(value)?.type as { elemType?: DataType } | undefined)?.elemType;
  if (dtype === undefined || (zero !== '' && zeroPoint === undefined)) return undefined;
  const scales = scale === '' ? undefined : constantOf(view, scale);
  return {
    dtype,
    codes,
    scales: scales && Array.from(valuesOf(scales), Number),
    zeros: Array.from(valuesOf(zeroPoint ?? tensor('int32', [], [0])), Number),
  };
}

/** What the only reader of a value quantizes it to, looking through a Relu or Clip. */
function quantizedTo(view: GraphView, value: string): IntegerProduct['output'] {
  const uses = view.uses(value);
  const node = uses[0]?.node;
  if (uses.length !== 1 || node === undefined || view.isOutput(value)) return undefined;
  if ((node.opType === 'Relu' || node.opType === 'Clip') && uses[0]!.index === 0)
    return quantizedTo(view, node.outputs[0]!);
  if (!isQuantize(node) || findAttribute(node, 'block_size') !== undefined) return undefined;
  const { scale, zeroPoint, dtype, granularity } = readQuantization(view, node);
  if (scale === undefined || zeroPoint === undefined || dtype === undefined || granularity !== 'tensor')
    return undefined;
  if (integerRange(dtype) === undefined) return undefined;
  return { dtype, scale: Number(valuesOf(scale)[0]), zeroPoint: Number(valuesOf(zeroPoint)[0]) };
}

function bits(dtype: DataType): number {
  const range = integerRange(dtype);
  return range === undefined ? Infinity : Math.log2(range.max - range.min + 1);
}
