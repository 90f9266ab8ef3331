import { isDequantizer, isQuantizer, sameTensorScale, tensorScaleOf } from '../quantizers.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';

/** A dequantizer before the quantizer that undoes it: both go, and the one reader takes the codes as they are. */
export function removeUndonePairs(graph: WorkGraph): boolean {
  let changed = false;
  for (const { outputs } of graph.nodes()) {
    const node = graph.producer(outputs[0]);
    if (!isDequantizer(node)) continue;
    const quantizer = graph.onlyReader(node.outputs[0]!);
    if (!isQuantizer(quantizer) || quantizer.inputs[0] !== node.outputs[0]) continue;
    if (!sameTensorScale(tensorScaleOf(graph, node), tensorScaleOf(graph, quantizer))) continue;
    const [codes = ''] = quantizer.outputs;
    const isOutput = graph.session.isOutput(codes);
    if (graph.readers(codes).length !== (isOutput ? 0 : 1)) continue;
    graph.redirect(codes, node.inputs[0]!);
    graph.remove(node, quantizer);
    // An output keeps its name.
    if (isOutput) graph.add(makeNode('Identity', '', [node.inputs[0]!], [codes]), [node, quantizer]);
    changed = true;
  }
  return changed;
}
