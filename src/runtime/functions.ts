import {
  type Attribute,
  type FunctionDefinition,
  functionBody,
  type Graph,
  maxGraphDepth,
  type Node,
} from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';

/**
 * The body of a model-local function as one call sees it: attributes that refer to the function's own take the
 * caller's value, else the function's default, else they are left out.
 */
export function instantiateFunction(definition: FunctionDefinition, call: Node): Graph {
  const values = new Map<string, Attribute>();
  for (const attribute of definition.attributeDefaults) values.set(attribute.name, attribute);
  for (const attribute of call.attributes) values.set(attribute.name, attribute);
  const body = functionBody(definition);
  const nodes = bindNodes(body.nodes, values, 0);
  return { ...body, name: definition.name || call.opType, nodes };
}

function bindNodes(
  nodes: readonly Node[],
  values: ReadonlyMap<string, Attribute>,
  depth: number,
): readonly Node[] {
  if (depth > maxGraphDepth)
    throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
  return nodes.map((node) =>
    node.attributes.some((attribute) => needsBinding(attribute))
      ? {
          ...node,
          attributes: node.attributes.flatMap((attribute) => bindAttribute(attribute, values, depth)),
        }
      : node,
  );
}

function needsBinding(attribute: Attribute): boolean {
  return attribute.type === 'REFERENCE' || attribute.type === 'GRAPH' || attribute.type === 'GRAPHS';
}

function bindAttribute(
  attribute: Attribute,
  values: ReadonlyMap<string, Attribute>,
  depth: number,
): Attribute[] {
  const bindGraph = (graph: Graph): Graph => ({ ...graph, nodes: bindNodes(graph.nodes, values, depth + 1) });
  switch (attribute.type) {
    case 'REFERENCE': {
      const value = values.get(attribute.value);
      return value === undefined ? [] : [{ ...value, name: attribute.name }];
    }
    case 'GRAPH':
      return [{ ...attribute, value: bindGraph(attribute.value) }];
    case 'GRAPHS':
      return [{ ...attribute, value: attribute.value.map(bindGraph) }];
    default:
      return [attribute];
  }
}
