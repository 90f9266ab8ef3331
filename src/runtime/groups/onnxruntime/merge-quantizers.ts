import { bytesOf, type Node, type Tensor } from '../../../ir/index.ts';
import { isDequantizer, isQuantizer } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

/**
 * Quantizers, and dequantizers, of one value that have equal parameters become one node.
 *
 * Scales are equal by value, zero points only where they are one tensor: ONNX Runtime shares constants of other types, but
 * none of 8 bits.
 */
export function mergeEqualQuantizers(graph: WorkGraph): boolean {
  const known = new Map<string, Node>();
  let changed = false;
  for (const { outputs } of graph.nodes()) {
    // Readers of a merged value are new nodes by now.
    const node = graph.producer(outputs.find((output) => output !== ''));
    if (!isQuantizer(node) && !isDequantizer(node)) continue;
    const key = keyOf(graph, node);
    const twin = known.get(key);
    if (twin === undefined) known.set(key, node);
    else if (!graph.session.isOutput(node.outputs[0]!)) {
      graph.redirect(node.outputs[0]!, twin.outputs[0]!);
      graph.absorb(node, twin);
      changed = true;
    }
  }
  return changed;
}

function keyOf(graph: WorkGraph, node: Node): string {
  const [x = '', scale = '', zero = ''] = node.inputs;
  const attributes = node.attributes.map(({ name, value }) => `${name}=${value}`).sort();
  const step = constantKey(graph.constant(scale)) ?? scale;
  return JSON.stringify([node.opType, node.domain ?? '', x, step, zero, attributes]);
}

function constantKey(tensor: Tensor | undefined): string | undefined {
  return tensor && `${tensor.dtype} [${tensor.dims}] ${bytesOf(tensor)}`;
}
