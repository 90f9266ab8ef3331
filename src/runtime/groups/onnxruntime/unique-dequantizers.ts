import { isDequantizer } from '../quantizers.ts';
import type { WorkGraph } from '../work-graph.ts';

/** Every reader of a dequantized value gets a dequantizer of its own; graph outputs and subgraphs keep the original. */
export function copyDequantizers(graph: WorkGraph): boolean {
  let changed = false;
  for (const { opType, outputs } of graph.nodes()) {
    const node = opType === 'DequantizeLinear' ? graph.producer(outputs[0]) : undefined;
    if (!isDequantizer(node)) continue;
    const value = node.outputs[0]!;
    const uses = graph.session.uses(value);
    const own = uses.filter(({ index }) => index >= 0);
    const isFree = own.length === uses.length && !graph.session.isOutput(value);
    const places = own
      .slice(isFree ? 1 : 0)
      .map(({ node: reader, index }) => ({ value: reader.outputs[0]!, index }));
    for (const { value: made, index } of places) {
      const copy = graph.name(value);
      graph.add({ ...node, outputs: [copy] }, [node]);
      graph.setInput(graph.producer(made)!, index, copy);
      changed = true;
    }
  }
  return changed;
}
