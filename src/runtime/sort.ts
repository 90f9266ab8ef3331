import { type Graph, type Node, namesRead } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';

/**
 * The nodes of a graph, each after the nodes whose values it reads. A graph in order keeps its order; otherwise nodes
 * move no further than they must.
 *
 * @throws ModelError `cyclic-graph`
 */
export function sortNodes(graph: Graph, at: string): readonly Node[] {
  const producers = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const name of node.outputs) if (name !== '') producers.set(name, index);
  });
  const before = graph.nodes.map((node) =>
    namesRead(node).flatMap((name) => {
      const producer = producers.get(name);
      return producer === undefined ? [] : [producer];
    }),
  );
  if (before.every((producersOf, index) => producersOf.every((producer) => producer < index)))
    return graph.nodes;
  return depthFirst(before, (index) => placeOf(graph, index, at)).map((index) => graph.nodes[index]!);
}

/** Depth-first order with an explicit stack, so that a long chain cannot exhaust the engine's. */
function depthFirst(before: readonly (readonly number[])[], place: (index: number) => string): number[] {
  const order: number[] = [];
  const state = new Uint8Array(before.length);
  for (let root = 0; root < before.length; root++) {
    const stack = [root];
    while (stack.length > 0) {
      const index = stack.at(-1)!;
      if (state[index] === 0) {
        state[index] = 1;
        for (const producer of before[index]!.toReversed()) {
          if (state[producer] === 1) {
            throw new ModelError('cyclic-graph', 'A node reads a value that is made from its own output.', {
              at: place(producer),
              fix: 'The model is damaged; a graph has no cycles.',
            });
          }
          if (state[producer] === 0) stack.push(producer);
        }
      } else {
        stack.pop();
        if (state[index] === 1) order.push(index);
        state[index] = 2;
      }
    }
  }
  return order;
}

function placeOf(graph: Graph, index: number, at: string): string {
  const node = graph.nodes[index]!;
  return `${at}/${node.name || node.outputs.find(Boolean) || node.opType}`;
}
