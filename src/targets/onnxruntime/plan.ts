import {
  createTypeOracle,
  isDequantize,
  isQuantize,
  readQuantization,
  type TypeOracle,
} from '../../analysis/index.ts';
import { findDataType, type GraphView, type Model, type Node, viewOf } from '../../ir/index.ts';
import { constantOf, normalDomain } from '../../ops/index.ts';
import { foldConstants, removeIdentity } from '../../passes/index.ts';
import { rewrite } from '../../rewrite/index.ts';
import { fuse, simplify } from '../../rules/index.ts';
import { groupIntegers, type IntegerGroup, type LeftNode } from '../../runtime/groups/index.ts';
import type { Plan, PlanLayer, PlanTotals, Precision, SurvivingQuantizer } from '../plan.ts';
import { clipBounds } from './bounds.ts';
import { gridOf, quantizedBehind, quantizersOn } from './grids.ts';
import { type IntegerNode, integerRegion } from './region.ts';
import { storeQuantizedWeights } from './store-quantized-weights.ts';
import { isSmallFirstConvolution } from './unquantize-small-convolution.ts';

/**
 * Forecasts what ONNX Runtime's CPU provider fuses of a model: which operator takes which quantizers, and why the others
 * stay, with all optimizations on an x64 machine.
 *
 * The group rules and what prepares for them are those of the executor's integer mode (`runtime/groups`).
 */
export function planOnnxruntime(model: Model): Plan {
  const { model: grouped, groups, left } = groupIntegers(model, { engine: 'onnxruntime' });
  const view = viewOf(grouped);
  const forecast: Forecast = {
    view,
    types: [createTypeOracle(viewOf(model)), createTypeOracle(view)],
    fused: new Map(groups.map((group) => [group.fused, group])),
    left: new Map(left.map((one) => [nameOf(one.node), one])),
    wanted: wantedOf(model),
  };
  const layers = grouped.graph.nodes.flatMap((node) => layerOf(forecast, node) ?? []);
  const qdq = grouped.graph.nodes.flatMap((node) => survivorOf(forecast, node) ?? []);
  return {
    target: 'onnxruntime',
    layers,
    qdq,
    totals: totalsOf(layers, qdq),
    bytes: qdq.reduce<number | null>(
      (sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes),
      0,
    ),
    islands: left.filter(({ node }) => isIsland(view, node)).map(({ node }) => nameOf(node)),
    possible: [
      'at level "all" the engine also chooses a layout with channels last, and moves Transposes about for it',
    ],
    opaque: model.graph.nodes
      .filter((node) => !known.has(normalDomain(node.domain)))
      .map((node) => ({ name: nameOf(node), operator: `${node.domain ?? ''}::${node.opType}` })),
  };
}

interface Forecast {
  /** The model as the engine runs it. */
  readonly view: GraphView;
  /** What is known of values of the given model, and of those that came while grouping. */
  readonly types: readonly [given: TypeOracle, grouped: TypeOracle];
  /** Groups by the node that stands for them. */
  readonly fused: ReadonlyMap<Node, IntegerGroup>;
  /** What was left, by name of the node. */
  readonly left: ReadonlyMap<string, LeftNode>;
  /** The pass that has something to do for an operator to run on codes, by the names of the operator and of its outputs. */
  readonly wanted: ReadonlyMap<string, string>;
}

const known: ReadonlySet<string> = new Set(['', 'com.microsoft']);
const weighted: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * What runs on codes once the pipeline is through, and the pass that has something to do for it: by names of nodes and of what they
 * make. An operator that has all its pairs already is not among them, unless their codes are int8.
 */
function wantedOf(model: Model): ReadonlyMap<string, string> {
  const clear = [removeIdentity, foldConstants(), simplify, fuse, storeQuantizedWeights];
  const { graph, ...rest } = rewrite(model, clear).model;
  const given = viewOf(model);
  const present = new Map(
    integerRegion(given, model.graph, { floatWeights: true }).map((one) => [nameOf(one.node), one]),
  );
  const wanted = new Map<string, string>();
  for (const { node, output } of integerRegion(viewOf({ ...rest, graph }), graph, { floatWeights: true })) {
    const before = present.get(nameOf(node));
    const rule =
      before === undefined || isUnfinished(given, before) ? 'quantize-values' : signedHelp(given, before);
    if (rule !== undefined)
      for (const name of [nameOf(node), ...node.outputs, output]) wanted.set(name, rule);
  }
  // What a batch norm was folded into is known by the name of the batch norm's output.
  for (const node of model.graph.nodes) {
    const rule = node.opType === 'BatchNormalization' ? wanted.get(node.outputs[0]!) : undefined;
    if (rule !== undefined) wanted.set(nameOf(node), rule);
  }
  return wanted;
}

/** The pass that makes int8 codes around an operator uint8; with a Relu or Clip behind it they have to start at zero as well. */
function signedHelp(view: GraphView, { node, output, isLast }: IntegerNode): string | undefined {
  const isSigned = quantizersOn(view, output).some((quantize) => gridOf(view, quantize)?.dtype === 'int8');
  if (isLast || !isSigned) return undefined;
  return node.outputs.includes(output) ? 'use-unsigned-codes' : 'use-whole-range';
}

/** Whether a value around an operator, or its weights, still wants a pair; quantizers by their own leave nothing to do. */
function isUnfinished(view: GraphView, { node, kind, positions, output, isLast }: IntegerNode): boolean {
  if (positions.some((position) => quantizedBehind(view, node.inputs[position]!) === undefined)) return true;
  if (kind === 'weighted' && constantOf(view, node.inputs[1] ?? '') !== undefined) return true;
  const readers = view.uses(output).map((use) => use.node);
  return !isLast && (readers.length !== 1 || !isQuantize(readers[0]!));
}

/** A fused group, or an operator with weights that runs on floats; `undefined` for everything else. */
function layerOf({ view, types, fused }: Forecast, node: Node): PlanLayer | undefined {
  const group = fused.get(node);
  if (group === undefined && !(weighted.has(node.opType) && normalDomain(node.domain) === ''))
    return undefined;
  const nodes = group?.nodes ?? [node];
  const target = group?.target ?? node;
  const operators = nodes.filter((each) => !isQuantize(each) && !isDequantize(each));
  const words = [...new Set(operators)].map(({ opType }) => opType).join(' + ');
  const from = (value: string | undefined) => (value === undefined ? 'F' : precisionOf(types, value));
  const data = node.inputs.filter((input) => input !== '' && constantOf(view, input) === undefined);
  return {
    name: nameOf(target),
    kind: node.opType,
    fused: weighted.has(target.opType) ? `W + ${words}` : words,
    in: group === undefined ? 'F' : from(data[0]),
    out: from(node.outputs[0]),
    residual: target.opType === 'Add' && data.length === 2 ? from(data[1]) : null,
    nodes: nodes.map(nameOf),
    reads: data,
    writes: node.outputs.filter((output) => output !== ''),
  };
}

/** A Q or DQ that the engine runs as a kernel; `undefined` for other nodes. */
function survivorOf(forecast: Forecast, node: Node): SurvivingQuantizer | undefined {
  const kind = isQuantize(node) ? 'Q' : isDequantize(node) ? 'DQ' : undefined;
  if (kind === undefined) return undefined;
  const { view } = forecast;
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const readers = view.uses(output).map((use) => nameOf(use.node));
  return {
    kind,
    tensor: kind === 'Q' ? input : output,
    readers: [...new Set([...readers, ...(view.isOutput(output) ? ['graph output'] : [])])],
    bytes: bytesMoved(forecast, node),
    ...reasonOf(forecast, kind, node),
  };
}

function reasonOf(
  { view, left, wanted }: Forecast,
  kind: 'Q' | 'DQ',
  node: Node,
): Pick<SurvivingQuantizer, 'law' | 'why' | 'rule'> {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const readers = view.uses(output).map((use) => use.node);
  const maker = view.producer(input);
  const neighbours = kind === 'Q' ? (maker === undefined ? [] : [maker]) : readers;
  const rest = neighbours.map((each) => left.get(nameOf(each))).find((each) => each !== undefined);
  const rule = neighbours.map((each) => helpFor(view, wanted, each)).find((name) => name !== null) ?? null;
  if (kind === 'DQ' && constantOf(view, input) !== undefined)
    return { law: 'O5', why: rest?.why ?? `${titles(readers)} reads floats`, rule };
  if (rest !== undefined) return { law: 'O3', why: `${nameOf(rest.node)}: ${rest.why}`, rule };
  if (kind === 'Q' && view.input(input) !== undefined)
    return { law: 'O1', why: `"${input}" is given as floats`, rule: null };
  if (kind === 'DQ' && view.isOutput(output))
    return { law: 'O2', why: `"${output}" is a graph output`, rule: null };
  return { law: 'O4', why: `${titles(neighbours)} has no integer form here`, rule };
}

/** The pass that makes an operator run on codes, or without them. */
function helpFor(view: GraphView, wanted: ReadonlyMap<string, string>, node: Node): string | null {
  const isQuantized = quantizedBehind(view, node.inputs[0] ?? '') !== undefined;
  if (isQuantized && isSmallFirstConvolution(view, node)) return 'unquantize-small-convolution';
  const pass = [nameOf(node), ...node.outputs]
    .map((name) => wanted.get(name))
    .find((name) => name !== undefined);
  if (pass !== undefined) return pass;
  const isBetween = clipBounds(view, node) !== undefined && isIsland(view, node);
  return isBetween ? 'remove-quantizers-before-bounds' : null;
}

function titles(nodes: readonly Node[]): string {
  const [first, ...others] = nodes;
  if (first === undefined) return 'nobody';
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `${first.opType} "${nameOf(first)}"${more}`;
}

function bytesMoved({ types, view }: Forecast, node: Node): number | null {
  const { dtype } = readQuantization(view, node);
  const value = isQuantize(node) ? (node.inputs[0] ?? '') : (node.outputs[0] ?? '');
  const codes = isQuantize(node) ? (node.outputs[0] ?? '') : (node.inputs[0] ?? '');
  const elements = elementsOf(types, value) ?? elementsOf(types, codes) ?? constantOf(view, codes)?.size;
  return elements === undefined ? null : elements * (4 + (findDataType(dtype ?? 'int8')?.bits ?? 8) / 8);
}

function elementsOf(types: Forecast['types'], value: string): number | undefined {
  const type = types[0].typeOf(value) ?? types[1].typeOf(value);
  if (type?.kind !== 'tensor') return undefined;
  return type.shape?.reduce<number | undefined>(
    (product, { value: length }) =>
      product === undefined || length === undefined || length < 0 ? undefined : product * length,
    1,
  );
}

/** The precision of a value; those that only the engine has are codes. */
function precisionOf(types: Forecast['types'], value: string): Precision {
  const type = types[0].typeOf(value);
  if (type === undefined) return 'I8';
  return (type.kind === 'tensor' && precisions.get(type.elemType)) || 'F';
}

const precisions: ReadonlyMap<string, Precision> = new Map([
  ['int8', 'I8'],
  ['uint8', 'I8'],
  ['int16', 'I16'],
  ['uint16', 'I16'],
  ['int4', 'I4'],
  ['uint4', 'I4'],
]);

/** Whether a node computes floats between codes on either side. */
function isIsland(view: GraphView, { inputs, outputs }: Node): boolean {
  const reads = inputs.some((input) => {
    const maker = view.producer(input);
    return (
      maker !== undefined && isDequantize(maker) && constantOf(view, maker.inputs[0] ?? '') === undefined
    );
  });
  return reads && outputs.some((output) => view.uses(output).some((use) => isQuantize(use.node)));
}

function totalsOf(layers: readonly PlanLayer[], qdq: readonly SurvivingQuantizer[]): PlanTotals {
  const products = layers.filter((layer) => layer.fused.startsWith('W + ') && layer.in !== 'F');
  const count = (isCodes: boolean) => products.filter(({ out }) => (out !== 'F') === isCodes).length;
  return {
    i8i8: count(true),
    i8f: count(false),
    i8i8_residual: 0,
    i8f_residual: 0,
    qdq: qdq.length,
    scale: 0,
  };
}

function nameOf(node: Node): string {
  return node.name || node.outputs.find((output) => output !== '') || node.opType;
}
