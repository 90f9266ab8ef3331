import { bytesOf, type Node, subgraphsOf } from '../../../ir/index.ts';
import { isPure, normalDomain } from '../../../ops/index.ts';
import { isDequantizer, isQuantizer } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

/**
 * Nodes that compute the same of the same values become one; dequantizers stay apart, one for each reader.
 *
 * Constants of one element are equal by value, but for those of 8 bits, which ONNX Runtime does not share: zero points are
 * equal where they are one tensor.
 */
export function mergeEqualNodes(graph: WorkGraph): boolean {
  return mergeEqual(graph, (node) => !isDequantizer(node) && isMergeable(graph, node));
}

/** Quantizers of one value that have equal parameters become one node. */
export function mergeEqualQuantizers(graph: WorkGraph): boolean {
  return mergeEqual(graph, isQuantizer);
}

function isMergeable(graph: WorkGraph, node: Node): boolean {
  if (subgraphsOf(node).length > 0 || graph.session.function(node) !== undefined) return false;
  return isQuantizer(node) || (normalDomain(node.domain) === '' && isPure(node, graph.session.opset('')));
}

function mergeEqual(graph: WorkGraph, isOne: (node: Node) => boolean): boolean {
  const known = new Map<string, Node>();
  let changed = false;
  for (const { outputs } of graph.nodes()) {
    // Readers of a merged value are new nodes by now.
    const node = graph.producer(outputs.find((output) => output !== ''));
    if (node === undefined || !isOne(node)) continue;
    const key = keyOf(graph, node);
    const twin = known.get(key);
    if (twin === undefined) known.set(key, node);
    else if (canStandIn(graph, twin, node)) {
      node.outputs.forEach((output, i) => {
        if (output !== '') graph.redirect(output, twin.outputs[i]!);
      });
      graph.absorb(node, twin);
      changed = true;
    }
  }
  return changed;
}

function canStandIn(graph: WorkGraph, twin: Node, node: Node): boolean {
  if (!graph.session.has(twin)) return false;
  return node.outputs.every(
    (output, i) => output === '' || (!graph.session.isOutput(output) && (twin.outputs[i] ?? '') !== ''),
  );
}

function keyOf(graph: WorkGraph, node: Node): string {
  const attributes = node.attributes.map(({ name, type, value }) => `${name} ${type} ${plain(value)}`).sort();
  const inputs = node.inputs.map((input) => constantKey(graph, input) ?? input);
  return JSON.stringify([node.opType, normalDomain(node.domain), inputs, attributes, node.outputs.length]);
}

function constantKey(graph: WorkGraph, value: string): string | undefined {
  const constant = graph.constant(value);
  if (constant === undefined || constant.size !== 1 || /^u?int8$/.test(constant.dtype)) return undefined;
  return constant.dtype === 'string'
    ? undefined
    : `${constant.dtype} [${constant.dims}] ${bytesOf(constant)}`;
}

function plain(value: unknown): string {
  return typeof value === 'object' && value !== null && 'dims' in value
    ? `tensor ${bytesOf(value as never)}`
    : String(value);
}
