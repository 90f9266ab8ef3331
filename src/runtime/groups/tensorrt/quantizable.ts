import type { Node } from '../../../ir/index.ts';
import { makeAttribute } from '../../../ops/index.ts';
import { fusedDomain } from '../../fused.ts';
import { isDequantizer, isQuantizer } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import { activationAfter } from './followers.ts';
import { onlyQuantizer, symmetricSource } from './scales.ts';

/** The group around an Add, a Mul or an average pool whose inputs and output are all int8; a sentence where they are not. */
export function quantizableGroup(
  graph: WorkGraph,
  node: Node,
): { readonly nodes: readonly Node[]; readonly fused: Node } | string {
  const count = node.opType === 'Add' || node.opType === 'Mul' ? 2 : 1;
  const sources = node.inputs.slice(0, count).map((input) => symmetricSource(graph, input));
  const missing = sources.filter((source) => source === undefined).length;
  if (missing > 0) return `${missing} of its ${count} inputs do not come from a symmetric int8 dequantizer`;
  const relu = count === 2 ? activationAfter(graph, node.outputs[0]!) : undefined;
  const isRelu = relu?.activation.name === 'Relu';
  const quantizer = onlyQuantizer(graph, isRelu ? relu.nodes[0]!.outputs[0]! : node.outputs[0]!);
  if (quantizer === undefined) return 'its output does not go to one symmetric int8 quantizer alone';
  const own = (sources as Node[]).filter(({ outputs }) => graph.onlyReader(outputs[0]!) !== undefined);
  const nodes = [...new Set(own), node, ...(isRelu ? relu.nodes : []), quantizer];
  return { nodes, fused: fusedNode(node, sources as Node[], quantizer, isRelu) };
}

function fusedNode(node: Node, sources: readonly Node[], quantizer: Node, isRelu: boolean): Node {
  const scale = quantizer.inputs[1]!;
  const codes = sources.flatMap(({ inputs }) => inputs.slice(0, 2));
  if (node.opType === 'Add' || node.opType === 'Mul') {
    const attributes = isRelu ? [makeAttribute('activation', 'Relu')] : [];
    return makeNode(
      `Integer${node.opType}`,
      fusedDomain,
      [...codes, scale],
      quantizer.outputs,
      attributes,
      node.name,
    );
  }
  const zero = quantizer.inputs[2] ?? '';
  const inputs = [...codes, zero, scale, zero];
  return makeNode(
    `QLinear${node.opType}`,
    'com.microsoft',
    inputs,
    quantizer.outputs,
    node.attributes,
    node.name,
  );
}

/** Whether an operator stands beside a quantizer or a dequantizer. */
export function isBesidePair(graph: WorkGraph, node: Node): boolean {
  if (node.inputs.some((input) => isDequantizer(graph.producer(input)))) return true;
  return node.outputs.some((output) => graph.readers(output).some((reader) => isQuantizer(reader)));
}
