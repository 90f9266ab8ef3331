import { ModelError } from '../support/errors.ts';
import { namesRead } from './graph-view.ts';
import type { Node } from './model.ts';
import { titleOf } from './title.ts';

/**
 * Nodes in an order in which every value is made before it is read.
 *
 * A list in legal order comes back as it is; otherwise a node moves up only as far as its first reader needs.
 *
 * @param producers the node that makes each value, where the caller knows already
 * @param place path of the graph, for the error
 * @throws ModelError `cyclic-graph`
 */
export function sortNodes(
  nodes: readonly Node[],
  producers: ReadonlyMap<string, Node> = producersOf(nodes),
  place = 'main',
): readonly Node[] {
  if (isSorted(nodes, producers)) return nodes;
  const done = new Set<Node>();
  const open = new Set<Node>();
  const sorted: Node[] = [];
  const stack: { readonly node: Node; readonly reads: readonly string[]; next: number }[] = [];
  const visit = (node: Node) => {
    if (done.has(node)) return;
    if (open.has(node)) throw cycle(node, place);
    open.add(node);
    stack.push({ node, reads: namesRead(node), next: 0 });
  };
  for (const root of nodes) {
    visit(root);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (top.next < top.reads.length) {
        const producer = producers.get(top.reads[top.next++]!);
        if (producer !== undefined) visit(producer);
        continue;
      }
      stack.pop();
      open.delete(top.node);
      done.add(top.node);
      sorted.push(top.node);
    }
  }
  return sorted;
}

function producersOf(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  const producers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '') producers.set(output, node);
  return producers;
}

function isSorted(nodes: readonly Node[], producers: ReadonlyMap<string, Node>): boolean {
  const made = new Set<string>();
  for (const node of nodes) {
    for (const name of namesRead(node)) if (!made.has(name) && producers.has(name)) return false;
    for (const output of node.outputs) made.add(output);
  }
  return true;
}

function cycle(node: Node, place: string): ModelError {
  return new ModelError('cyclic-graph', `${titleOf(node)} depends on its own output.`, {
    at: `${place}/${node.name || node.outputs.find((output) => output !== '') || node.opType}`,
    fix: 'No execution order exists; the file is damaged.',
  });
}
