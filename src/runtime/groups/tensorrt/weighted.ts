import { type Node, type Tensor, tensor, valuesOf } from '../../../ir/index.ts';
import { type Facts, floatAttribute, intAttribute, makeAttribute, shapeOf } from '../../../ops/index.ts';
import type { Activation } from '../../activation.ts';
import { fusedDomain, fusedInputs } from '../../fused.ts';
import { isScalar } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { type Affine, activationAfter, affineOf } from './followers.ts';
import { isDepthwise } from './propagate.ts';
import { type TensorRtRule, tensorRtRules } from './rules.ts';
import { onlyQuantizer, symmetricSource } from './scales.ts';

/** A group around a convolution or a matrix product. */
export interface WeightedGroup {
  readonly rule: TensorRtRule;
  readonly nodes: readonly Node[];
  readonly fused: Node;
}

/** What is known before groups are looked for. */
export interface Surroundings {
  readonly graph: WorkGraph;
  readonly facts: ReadonlyMap<string, Facts>;
  /** Position of each value's producer in the order of the run. */
  readonly order: ReadonlyMap<string, number>;
}

interface Weights {
  readonly codes: string;
  readonly scale: string;
  readonly channels: number;
  /** Channels of the result, counted from its end. */
  readonly axis: number;
}

/** The group around a node, or a sentence that says why there is none. */
export function weightedGroup(at: Surroundings, node: Node): WeightedGroup | string {
  const { graph } = at;
  const data = symmetricSource(graph, node.inputs[0]);
  if (data === undefined) return 'its data does not come from a symmetric int8 dequantizer';
  const weights = node.opType === 'Conv' ? filtersOf(graph, node) : matrixOf(graph, node);
  if (typeof weights === 'string') return weights;
  const bias = biasOf(graph, node, weights.channels);
  if (typeof bias === 'string') return bias;
  const followed = follow(at, node, weights, bias);
  const { rule, value, residual } = followed;
  const quantizer = residual?.isFloat === true ? undefined : onlyQuantizer(graph, value);
  const fused = makeFused(graph, node, data, weights, followed, quantizer);
  const source = graph.producer(node.inputs[1], 'DequantizeLinear');
  const nodes = [node, ...followed.nodes, ...(quantizer === undefined ? [] : [quantizer])];
  const sources = [data, source, residual?.source].filter(
    (each) => each !== undefined && graph.onlyReader(each.outputs[0]!) !== undefined,
  ) as Node[];
  return { rule, nodes: [...sources, ...nodes], fused };
}

function filtersOf(graph: WorkGraph, node: Node): Weights | string {
  const pair = graph.producer(node.inputs[1], 'DequantizeLinear');
  const codes = graph.constant(pair?.inputs[0]);
  const problem = weightProblem(graph, pair, codes, 0);
  if (problem !== undefined) return problem;
  const [channels = 0] = codes!.dims;
  return { codes: pair!.inputs[0]!, scale: pair!.inputs[1]!, channels, axis: 1 - codes!.dims.length };
}

function matrixOf(graph: WorkGraph, node: Node): Weights | string {
  const pair = graph.producer(node.inputs[1], 'DequantizeLinear');
  const codes = graph.constant(pair?.inputs[0]);
  if (node.opType === 'MatMul' && pair !== undefined && codes === undefined)
    return activationMatrix(graph, node);
  const isTurned = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
  if (node.opType === 'Gemm' && intAttribute(node, 'transA', 0) === 1) return 'its data is transposed';
  const problem = weightProblem(graph, pair, codes, isTurned ? 0 : 1);
  if (problem !== undefined) return problem;
  if (codes!.dims.length !== 2) return 'its weights are no matrix';
  const [name, scale] = [pair!.inputs[0]!, pair!.inputs[1]!];
  const channels = codes!.dims[isTurned ? 0 : 1]!;
  const stored = isTurned ? graph.store(`${name}_turned`, turned(codes!)) : name;
  return { codes: stored, scale, channels, axis: -1 };
}

/** The second factor of attention: codes that are computed. */
function activationMatrix(graph: WorkGraph, node: Node): Weights | string {
  const source = symmetricSource(graph, node.inputs[1]);
  if (source === undefined) return 'its second factor does not come from a symmetric int8 dequantizer';
  return { codes: source.inputs[0]!, scale: source.inputs[1]!, channels: 1, axis: -1 };
}

function weightProblem(
  graph: WorkGraph,
  pair: Node | undefined,
  codes: Tensor | undefined,
  axis: number,
): string | undefined {
  const scale = graph.constant(pair?.inputs[1]);
  if (pair === undefined || codes === undefined || scale === undefined)
    return 'its weights are not dequantized constants';
  const zero = graph.constant(pair.inputs[2]);
  if (codes.dtype !== 'int8' || (zero !== undefined && !valuesOf(zero).every((value) => Number(value) === 0)))
    return 'its weights are not symmetric int8';
  if (!valuesOf(scale).every((value) => Number(value) > 0)) return 'a scale of its weights is not positive';
  if (isScalar(scale)) return undefined;
  const given = intAttribute(pair, 'axis', 1);
  const along = given < 0 ? given + codes.dims.length : given;
  const isVector = scale.dims.length === 1 && intAttribute(pair, 'block_size', 0) === 0;
  return isVector && along === axis
    ? undefined
    : 'the scales of its weights do not lie along output channels';
}

function turned(matrix: Tensor): Tensor {
  const [rows, columns] = matrix.dims as [number, number];
  const codes = valuesOf(matrix) as Int8Array;
  return tensor(
    'int8',
    [columns, rows],
    Int8Array.from(codes, (_, i) => codes[(i % rows) * columns + Math.floor(i / rows)]!),
  );
}

/** A bias as real numbers; a sentence where it is none that can be added to channels. */
function biasOf(graph: WorkGraph, node: Node, channels: number): Affine | string {
  const alpha = node.opType === 'Gemm' ? floatAttribute(node, 'alpha', 1) : 1;
  const gain = new Float64Array(channels).fill(alpha);
  const name = node.opType === 'MatMul' ? '' : (node.inputs[2] ?? '');
  if (name === '') return { gain, shift: new Float64Array(channels) };
  const beta = node.opType === 'Gemm' ? floatAttribute(node, 'beta', 1) : 1;
  const numbers = realConstant(graph, name);
  if (numbers === undefined || (numbers.length !== channels && numbers.length !== 1))
    return 'its bias is no constant';
  return {
    gain,
    shift: Float64Array.from({ length: channels }, (_, c) => numbers[c % numbers.length]! * beta),
  };
}

/** A float constant, or an int32 one behind its dequantizer. */
function realConstant(graph: WorkGraph, name: string): Float64Array | undefined {
  const constant = graph.constant(name);
  if (constant?.dtype === 'float32') return Float64Array.from(valuesOf(constant) as Float32Array);
  const pair = graph.producer(name, 'DequantizeLinear');
  const codes = graph.constant(pair?.inputs[0]);
  const scale = graph.constant(pair?.inputs[1]);
  if (codes?.dtype !== 'int32' || scale === undefined) return undefined;
  const steps = valuesOf(scale) as Float32Array;
  return Float64Array.from(valuesOf(codes) as Int32Array, (code, i) =>
    Math.fround(code * steps[i % steps.length]!),
  );
}

interface Residual {
  readonly value: string;
  readonly scale: string;
  readonly isFloat: boolean;
  readonly source: Node | undefined;
}

interface Followed {
  readonly rule: TensorRtRule;
  readonly nodes: readonly Node[];
  /** The last value, before a quantizer. */
  readonly value: string;
  readonly affine: Affine;
  readonly residual: Residual | undefined;
  readonly activation: Activation | undefined;
}

/** Takes in what follows as long as a rule allows it: norms, then a residual, then an activation. */
function follow(at: Surroundings, node: Node, weights: Weights, bias: Affine): Followed {
  const { graph } = at;
  const depthwise = node.opType === 'Conv' && isDepthwise(graph, node);
  const rules = tensorRtRules.filter(
    (rule) => rule.operators.includes(node.opType) && (rule.depthwise ?? depthwise) === depthwise,
  );
  const nodes: Node[] = [];
  let [affine, value] = [bias, node.outputs[0]!];
  let normed = false;
  if (rules.some(({ norm }) => norm)) {
    for (let next = graph.onlyReader(value); next !== undefined; next = graph.onlyReader(value)) {
      const step = affineOf(graph, next, value, weights.channels, weights.axis);
      if (step === undefined) break;
      affine = compose(affine, step);
      nodes.push(next);
      value = next.outputs[0]!;
      normed = true;
    }
  }
  const residual = rules.some((rule) => rule.residual) ? residualAfter(at, node, value) : undefined;
  if (residual !== undefined) {
    nodes.push(residual.add);
    value = residual.add.outputs[0]!;
  }
  const open = rules.filter((rule) => rule.residual === (residual !== undefined) && (rule.norm || !normed));
  const after = activationAfter(graph, value);
  const fitting = after && open.find(({ activations }) => activations.includes(after.activation.name));
  if (after !== undefined && fitting !== undefined) {
    nodes.push(...after.nodes);
    value = after.nodes.at(-1)!.outputs[0]!;
    return {
      rule: fitting,
      nodes,
      value,
      affine,
      residual: residual?.residual,
      activation: after.activation,
    };
  }
  const rule =
    open.find(({ activations, norm }) => activations.includes('none') && norm === normed) ??
    open.find(({ activations }) => activations.includes('none'))!;
  return { rule, nodes, value, affine, residual: residual?.residual, activation: undefined };
}

function compose(first: Affine, second: Affine): Affine {
  return {
    gain: first.gain.map((gain, c) => gain * second.gain[c]!),
    shift: first.shift.map((shift, c) => shift * second.gain[c]! + second.shift[c]!),
  };
}

/** The Add behind a convolution, if the other branch has its shape and no convolution that runs later to take the Add. */
function residualAfter(
  at: Surroundings,
  node: Node,
  value: string,
): { readonly add: Node; readonly residual: Residual } | undefined {
  const { graph, facts, order } = at;
  const add = graph.onlyReader(value, 'Add');
  const other = add?.inputs.find((input) => input !== value);
  if (add === undefined || other === undefined || graph.constant(other) !== undefined) return undefined;
  if (!sameShape(facts, value, other) || isLaterConvolution(at, other, order.get(node.outputs[0]!) ?? 0))
    return undefined;
  const source = symmetricSource(graph, other);
  const residual =
    source === undefined
      ? { value: other, scale: '', isFloat: true, source: undefined }
      : { value: source.inputs[0]!, scale: source.inputs[1]!, isFloat: false, source };
  return { add, residual };
}

function sameShape(facts: ReadonlyMap<string, Facts>, a: string, b: string): boolean {
  const [left, right] = [shapeOf(facts.get(a)), shapeOf(facts.get(b))];
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  return left.every((dim, i) => dim !== undefined && dim === right[i]);
}

/** Whether a branch ends in a convolution on codes, and norms, that nobody else reads and that runs after a position. */
function isLaterConvolution({ graph, order }: Surroundings, value: string, position: number): boolean {
  for (let at = value, depth = 0; depth < 4; depth++) {
    if (graph.onlyReader(at) === undefined) return false;
    const node = graph.producer(at);
    if (node?.opType === 'Conv')
      return symmetricSource(graph, node.inputs[0]) !== undefined && (order.get(at) ?? 0) > position;
    if (node?.opType !== 'BatchNormalization') return false;
    at = node.inputs[0]!;
  }
  return false;
}

function makeFused(
  graph: WorkGraph,
  node: Node,
  data: Node,
  weights: Weights,
  { affine, value, residual, activation }: Followed,
  quantizer: Node | undefined,
): Node {
  const name = node.outputs[0]!;
  const store = (hint: string, numbers: Float64Array, none: number) =>
    numbers.every((number) => number === none)
      ? ''
      : graph.store(`${name}_${hint}`, tensor('float32', [numbers.length], Float32Array.from(numbers)));
  const inputs = [data.inputs[0]!, data.inputs[1]!, weights.codes, weights.scale, '', '', '', '', ''];
  inputs[fusedInputs.gain] = store('gain', affine.gain, 1);
  inputs[fusedInputs.shift] = store('shift', affine.shift, 0);
  inputs[fusedInputs.scale] = quantizer?.inputs[1] ?? '';
  inputs[fusedInputs.residual] = residual?.value ?? '';
  inputs[fusedInputs.residualScale] = residual?.scale ?? '';
  const finishing =
    activation === undefined
      ? []
      : [makeAttribute('activation', activation.name), makeAttribute('values', activation.values, 'FLOATS')];
  const isConv = node.opType === 'Conv';
  return makeNode(
    isConv ? 'IntegerConv' : 'IntegerMatMul',
    fusedDomain,
    inputs,
    [quantizer?.outputs[0] ?? value],
    [...(isConv ? node.attributes : []), ...finishing],
    node.name,
  );
}
