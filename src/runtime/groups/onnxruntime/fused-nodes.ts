import { type Node, tensor } from '../../../ir/index.ts';
import { findSchema, makeAttribute } from '../../../ops/index.ts';
import { codeTypeOf, isDequantizer } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import type { Candidate } from './candidate.ts';

const microsoft = 'com.microsoft';

/** The operator itself, on codes. */
export function onCodes({ node, sources, quantizers }: Candidate): Node {
  return {
    ...node,
    inputs: node.inputs.map((input, i) => sources[i]?.inputs[0] ?? input),
    outputs: quantizers.length === 0 ? node.outputs : quantizers.map(({ outputs }) => outputs[0]!),
  };
}

/** QLinearX of an operator X: codes, scale and zero point of each input, then scale and zero point of the output. */
export function qLinear({ graph, node, dequantizers, quantizers: [quantizer] }: Candidate): Node {
  const inputs =
    dequantizers.length === 1 && node.inputs.length > 1 ? [dequantizers[0]!, dequantizers[0]!] : dequantizers;
  const opset = node.opType === 'Softmax' ? [makeAttribute('opset', softmaxVersion(graph))] : [];
  return named(
    node,
    makeNode(
      `QLinear${node.opType}`,
      microsoft,
      [...inputs.flatMap((source) => triple(graph, source)), ...parameters(graph, quantizer!)],
      quantizer!.outputs,
      [...node.attributes, ...opset],
    ),
  );
}

function softmaxVersion(graph: WorkGraph): number {
  return findSchema('', 'Softmax', graph.session.opset('') ?? 1)?.since ?? 1;
}

export function qLinearConcat({ graph, node, sources, quantizers: [quantizer] }: Candidate): Node {
  const parts = sources.flatMap((source) => triple(graph, source!));
  const inputs = [...parameters(graph, quantizer!), ...parts];
  return named(node, makeNode('QLinearConcat', microsoft, inputs, quantizer!.outputs, node.attributes));
}

export function qLinearConv({
  graph,
  node,
  sources: [x, w, bias],
  quantizers: [quantizer],
}: Candidate): Node {
  const inputs = [
    ...triple(graph, x!),
    ...triple(graph, w!),
    ...parameters(graph, quantizer!),
    bias?.inputs[0] ?? '',
  ];
  return named(node, makeNode('QLinearConv', '', inputs, quantizer!.outputs, node.attributes));
}

export function qLinearMatMul({ graph, node, sources: [a, b], quantizers: [quantizer] }: Candidate): Node {
  const [left, right] = [triple(graph, a!), triple(graph, b!)];
  if (quantizer !== undefined) {
    const inputs = [...left, ...right, ...parameters(graph, quantizer)];
    return named(node, makeNode('QLinearMatMul', '', inputs, quantizer.outputs));
  }
  const inputs = [left[0]!, right[0]!, left[1]!, right[1]!, left[2]!, right[2]!];
  return named(node, makeNode('MatMulIntegerToFloat', microsoft, inputs, node.outputs));
}

export function qGemm({ graph, node, sources: [a, b, c], quantizers: [quantizer] }: Candidate): Node {
  const result = quantizer === undefined ? [] : parameters(graph, quantizer);
  const inputs = [...triple(graph, a!), ...triple(graph, b!), c?.inputs[0] ?? '', ...result];
  const attributes = node.attributes.filter(({ name }) => name !== 'beta');
  return named(node, makeNode('QGemm', microsoft, inputs, quantizer?.outputs ?? node.outputs, attributes));
}

export function qLinearWhere({ graph, node, sources: [, x, y], quantizers: [quantizer] }: Candidate): Node {
  const inputs = [
    node.inputs[0]!,
    ...triple(graph, x!),
    ...triple(graph, y!),
    ...parameters(graph, quantizer!),
  ];
  return named(node, makeNode('QLinearWhere', microsoft, inputs, quantizer!.outputs));
}

/** Codes, scale and zero point. */
function triple(graph: WorkGraph, source: Node): [string, string, string] {
  const [scale, zero] = parameters(graph, source);
  return [source.inputs[0]!, scale, zero];
}

/** Scale and zero point, written down where the node has none. */
function parameters(graph: WorkGraph, node: Node): [string, string] {
  const [, scale = '', zero = ''] = node.inputs;
  if (zero !== '') return [scale, zero];
  const dtype = isDequantizer(node) && codeTypeOf(graph, node) === 'int8' ? 'int8' : 'uint8';
  const dims = graph.constant(scale)?.dims ?? [];
  const zeros = new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0);
  return [scale, graph.store(`${node.outputs[0]}_zero_point`, tensor(dtype, dims, zeros))];
}

function named(target: Node, node: Node): Node {
  return target.name === undefined ? node : { ...node, name: target.name };
}
