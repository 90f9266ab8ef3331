import type { Node } from './model.ts';

/** How messages name a node: its operator with its name if it has one, else with the first value it makes. */
export function titleOf(node: Node): string {
  return node.name
    ? `${node.opType} "${node.name}"`
    : `${node.opType} (${node.outputs.find((name) => name !== '') ?? 'no output'})`;
}
