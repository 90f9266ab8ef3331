import { ModelError } from '../support/errors.ts';
import type { Graph, Node } from './model.ts';
import { titleOf } from './title.ts';

/**
 * Checks that no node makes a value that is there already: an input, an initializer, or another node's output. Whoever
 * computes with or rewrites a graph relies on it.
 *
 * @throws ModelError `duplicate-name`
 */
export function checkSingleAssignment(graph: Graph, place = 'main'): void {
  const made = new Set<string>();
  for (const input of graph.inputs) made.add(input.name);
  for (const initializer of graph.initializers) made.add(initializer.name ?? '');
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (made.has(output)) throw duplicateName(node, output, place);
      made.add(output);
    }
  }
}

export function duplicateName(node: Node, value: string, place = 'main'): ModelError {
  return new ModelError(
    'duplicate-name',
    `${titleOf(node)} makes "${value}", a value the graph has already.`,
    {
      at: `${place}/${value}`,
      fix: 'Every value has one source; the file is damaged.',
    },
  );
}
