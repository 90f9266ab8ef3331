import { isDequantize, isQuantize, readQuantization } from '../../analysis/index.ts';
import type { Graph, GraphView, Node } from '../../ir/index.ts';
import { constantOf, floatAttribute, intAttribute, normalDomain, stringAttribute } from '../../ops/index.ts';
import { clipBounds } from './bounds.ts';
import { quantizersOn, rootOf } from './grids.ts';
import { isSmallFirstConvolution } from './unquantize-small-convolution.ts';

/**
 * How an operator gets along with codes: `weighted` multiplies them by constant weights · `joint` reads several tensors
 * of codes · `pointwise` reads one and makes other numbers · `copy` hands codes on, so that both sides share a grid.
 */
type Kind = 'weighted' | 'joint' | 'pointwise' | 'copy';

/** A node ONNX Runtime can run on codes, as soon as the values around it are quantized. */
export interface IntegerNode {
  readonly node: Node;
  readonly kind: Kind;
  /** Positions of the inputs that have to be codes, weights and biases aside. */
  readonly positions: readonly number[];
  /** The value to quantize: its output, or that of the Relu or Clip behind it, which quantizing takes in. */
  readonly output: string;
  /** Whether that value is an output of the graph, which stays float. */
  readonly isLast: boolean;
}

export interface RegionOptions {
  /** Whether convolutions whose weights are float constants count as if these were quantized. */
  readonly floatWeights?: boolean;
}

/**
 * The nodes of a graph that can run on codes: convolutions and products with quantized weights whose input is quantized
 * or comes from such a node, and what lies between them – activations, sums, Concat, pools, copies.
 *
 * A node between float nodes is not among them: it would be paid for with quantizers and gain nothing.
 */
export function integerRegion(
  view: GraphView,
  graph: Graph,
  { floatWeights = false }: RegionOptions = {},
): readonly IntegerNode[] {
  let region = graph.nodes.flatMap((node) => candidateOf(view, node, floatWeights) ?? []);
  for (;;) {
    const makers = new Set(region.map(({ output }) => output));
    const readers = new Set(region.map(({ node }) => node));
    const kept = region.filter(
      (candidate) => isFed(view, candidate, makers) && isRead(view, candidate, readers),
    );
    if (kept.length === region.length) return kept;
    region = kept;
  }
}

/** The values a region reads and writes as codes, in graph order. */
export function regionValues(view: GraphView, region: readonly IntegerNode[]): readonly string[] {
  const values = region.flatMap(({ node, positions, output, isLast }) => [
    ...positions.map((position) => rootOf(view, node.inputs[position]!)),
    ...(isLast ? [] : [output]),
  ]);
  return [...new Set(values)];
}

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['Conv', 'weighted'],
  ['Gemm', 'weighted'],
  ['MatMul', 'weighted'],
  ['Add', 'joint'],
  ['Mul', 'joint'],
  ['Concat', 'joint'],
  ['Sigmoid', 'pointwise'],
  ['LeakyRelu', 'pointwise'],
  ['AveragePool', 'pointwise'],
  ['GlobalAveragePool', 'pointwise'],
  ['MaxPool', 'copy'],
  ['Resize', 'copy'],
  ['Reshape', 'copy'],
  ['Transpose', 'copy'],
  ['Flatten', 'copy'],
  ['Squeeze', 'copy'],
  ['Unsqueeze', 'copy'],
  ['DepthToSpace', 'copy'],
]);

function candidateOf(view: GraphView, node: Node, floatWeights: boolean): IntegerNode | undefined {
  const kind = normalDomain(node.domain) === '' ? kinds.get(node.opType) : undefined;
  if (kind === undefined || node.outputs.length !== 1) return undefined;
  if (kind === 'weighted' && !hasWeights(view, node, floatWeights)) return undefined;
  if (!isRunOnCodes(view, node) || isSmallFirstConvolution(view, node)) return undefined;
  const [own] = node.outputs as [string];
  const output = behindBounds(view, own) ?? own;
  if (view.uses(output).some(({ index }) => index < 0)) return undefined;
  const positions = kind === 'joint' ? node.inputs.map((_, i) => i) : [0];
  if (positions.some((i) => constantOf(view, node.inputs[i]!) !== undefined)) return undefined;
  return { node, kind, positions, output, isLast: view.isOutput(output) };
}

/** Versions and attributes for which the engine has no kernel on codes. */
function isRunOnCodes(view: GraphView, node: Node): boolean {
  if (node.opType === 'MaxPool') return (view.opset('') ?? 0) >= 12;
  if (node.opType === 'Resize') return stringAttribute(node, 'mode', 'nearest') === 'nearest';
  if (node.opType === 'Gemm')
    return floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1;
  return true;
}

/** Weights that are stored as 8-bit codes; or floats, where these count as well. */
function hasWeights(view: GraphView, node: Node, floatWeights: boolean): boolean {
  const weights = view.producer(node.inputs[1] ?? '');
  if (weights === undefined || !isDequantize(weights))
    return floatWeights && node.opType === 'Conv' && isFloatWeight(view, node.inputs[1] ?? '');
  const { dtype, granularity, axis } = readQuantization(view, weights);
  if (constantOf(view, weights.inputs[0] ?? '') === undefined) return false;
  if (dtype !== 'int8' && dtype !== 'uint8') return false;
  return granularity === 'tensor' || (granularity === 'axis' && axis === channelAxis(node));
}

function isFloatWeight(view: GraphView, value: string): boolean {
  const weights = constantOf(view, value);
  return weights?.dtype === 'float32' && weights.dims.length >= 3;
}

/** The axis of the weights along which the engine takes one scale for each output channel. */
export function channelAxis(node: Node): number {
  if (node.opType === 'Gemm') return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
  return node.opType === 'MatMul' ? 1 : 0;
}

/** The output of a Relu or Clip that alone reads a value; `undefined` where there is none, or its output is the graph's. */
function behindBounds(view: GraphView, value: string): string | undefined {
  const [use, ...others] = view.uses(value);
  if (use === undefined || others.length > 0 || use.index !== 0 || view.isOutput(value)) return undefined;
  const bounded = use.node.outputs[0] ?? '';
  return clipBounds(view, use.node) === undefined || view.isOutput(bounded) ? undefined : bounded;
}

/** Whether every input that has to be codes is quantized somewhere, or made by another node of the region. */
function isFed(view: GraphView, { node, positions }: IntegerNode, makers: ReadonlySet<string>): boolean {
  return positions.every((position) => {
    const value = rootOf(view, node.inputs[position]!);
    return makers.has(value) || quantizersOn(view, value).length > 0;
  });
}

/** Whether there is anything to gain: somebody wants the codes, or the work is done on codes anyway. */
function isRead(view: GraphView, { kind, output, isLast }: IntegerNode, readers: ReadonlySet<Node>): boolean {
  if (kind === 'weighted') return true;
  if (isLast) return false;
  if (kind === 'copy') return true;
  return view.uses(output).some(({ node }) => readers.has(node) || isQuantize(node));
}
