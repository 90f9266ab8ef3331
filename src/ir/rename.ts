import { ModelError } from '../support/errors.ts';
import { capturedNames, maxGraphDepth, subgraphsOf } from './graph-view.ts';
import type { Attribute, Graph, Node } from './model.ts';

/** Old value name → new value name. */
export type Renaming = ReadonlyMap<string, string>;

/**
 * The node reading other values: its inputs and whatever its subgraphs capture are renamed.
 * Names that a subgraph defines itself are its own and stay.
 */
export function renameReads(node: Node, names: Renaming): Node {
  const inputs = node.inputs.some((name) => names.has(name))
    ? Object.freeze(node.inputs.map((name) => renamed(name, names)))
    : node.inputs;
  const attributes =
    subgraphsOf(node).length === 0 ? node.attributes : renameInAttributes(node.attributes, names, 0);
  if (inputs === node.inputs && attributes === node.attributes) return node;
  return Object.freeze({ ...node, inputs, attributes });
}

/** The node making values of other names. Sharding specifications follow. */
export function renameWrites(node: Node, names: Renaming): Node {
  if (!node.outputs.some((name) => names.has(name))) return node;
  return Object.freeze({ ...node, outputs: Object.freeze(node.outputs.map((name) => renamed(name, names))) });
}

/** A graph in which every name captured from outside is renamed. */
export function renameCaptures(graph: Graph, names: Renaming, depth = 0): Graph {
  if (depth > maxGraphDepth)
    throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
  const outside = new Map(
    capturedNames(graph).flatMap((name) => (names.has(name) ? [[name, names.get(name)!] as const] : [])),
  );
  if (outside.size === 0) return graph;
  const nodes = graph.nodes.map((node) => {
    const attributes =
      subgraphsOf(node).length === 0
        ? node.attributes
        : renameInAttributes(node.attributes, outside, depth + 1);
    const inputs = node.inputs.some((name) => outside.has(name))
      ? Object.freeze(node.inputs.map((name) => renamed(name, outside)))
      : node.inputs;
    return inputs === node.inputs && attributes === node.attributes
      ? node
      : Object.freeze({ ...node, inputs, attributes });
  });
  const outputs = graph.outputs.map((output) =>
    outside.has(output.name) ? Object.freeze({ ...output, name: outside.get(output.name)! }) : output,
  );
  return Object.freeze({ ...graph, nodes: Object.freeze(nodes), outputs: Object.freeze(outputs) });
}

function renameInAttributes(
  attributes: readonly Attribute[],
  names: Renaming,
  depth: number,
): readonly Attribute[] {
  let changed = false;
  const result = attributes.map((attribute): Attribute => {
    if (attribute.type === 'GRAPH') {
      const value = renameCaptures(attribute.value, names, depth);
      if (value === attribute.value) return attribute;
      changed = true;
      return Object.freeze({ ...attribute, value });
    }
    if (attribute.type === 'GRAPHS') {
      const value = attribute.value.map((graph) => renameCaptures(graph, names, depth));
      if (value.every((graph, i) => graph === attribute.value[i])) return attribute;
      changed = true;
      return Object.freeze({ ...attribute, value: Object.freeze(value) });
    }
    return attribute;
  });
  return changed ? Object.freeze(result) : attributes;
}

function renamed(name: string, names: Renaming): string {
  return names.get(name) ?? name;
}
