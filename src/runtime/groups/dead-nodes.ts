import { isPure } from '../../ops/index.ts';
import type { WorkGraph } from './work-graph.ts';

/** Takes out what nobody reads. */
export function removeDeadNodes(graph: WorkGraph): void {
  for (const node of graph.nodes().toReversed()) {
    const isRead = node.outputs.some(
      (output) => output !== '' && (graph.session.isOutput(output) || graph.session.readerCount(output) > 0),
    );
    if (!isRead && isPure(node, graph.session.opset(''))) graph.remove(node);
  }
}
