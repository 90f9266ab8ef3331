import { ModelError } from '../support/errors.ts';
import { functionBody, maxGraphDepth } from './graph-view.ts';
import type { Attribute, FunctionDefinition, Graph, Node } from './model.ts';

/**
 * The body of a function as one node calls it: attributes that refer to the function's take the caller's value, else
 * the default, else they are left out, inside subgraphs too.
 */
export function boundBody(definition: FunctionDefinition, call: Node): Graph {
  const values = new Map<string, Attribute>();
  for (const attribute of definition.attributeDefaults) values.set(attribute.name, attribute);
  for (const attribute of call.attributes) values.set(attribute.name, attribute);
  return bindGraph({ ...functionBody(definition), name: definition.name || call.opType }, values, 0);
}

function bindGraph(graph: Graph, values: ReadonlyMap<string, Attribute>, depth: number): Graph {
  if (depth > maxGraphDepth)
    throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
  const nodes = graph.nodes.map((node) => bindNode(node, values, depth));
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : { ...graph, nodes };
}

function bindNode(node: Node, values: ReadonlyMap<string, Attribute>, depth: number): Node {
  const attributes = node.attributes.flatMap((attribute) => bindAttribute(attribute, values, depth));
  const untouched =
    attributes.length === node.attributes.length &&
    attributes.every((item, i) => item === node.attributes[i]);
  return untouched ? node : { ...node, attributes };
}

function bindAttribute(
  attribute: Attribute,
  values: ReadonlyMap<string, Attribute>,
  depth: number,
): readonly Attribute[] {
  if (attribute.type === 'REFERENCE') {
    const value = values.get(attribute.value);
    return value === undefined ? [] : [{ ...value, name: attribute.name }];
  }
  if (attribute.type === 'GRAPH') {
    const value = bindGraph(attribute.value, values, depth + 1);
    return [value === attribute.value ? attribute : { ...attribute, value }];
  }
  if (attribute.type === 'GRAPHS') {
    const value = attribute.value.map((graph) => bindGraph(graph, values, depth + 1));
    return [value.every((graph, i) => graph === attribute.value[i]) ? attribute : { ...attribute, value }];
  }
  return [attribute];
}
