import {
  boundBody,
  type FunctionDefinition,
  findFunction,
  type Graph,
  type Model,
  maxGraphDepth,
  NameSource,
  type Node,
  opsetOf,
  renameReads,
  renameWrites,
  subgraphsOf,
} from '../ir/index.ts';

/** Nodes that functions may be written out as: a few that call each other twice come to more than any memory holds. */
const mostNodes = 100_000;

/**
 * The model with the nodes of its functions in place of the nodes that call them, as far as it imports the same versions
 * of operators; calls inside the body of a function included, those inside subgraphs left.
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const names = NameSource.of(model);
  let left = mostNodes;
  const inlined = (node: Node, callers: readonly FunctionDefinition[]): readonly Node[] => {
    const definition = findFunction(model.functions, node);
    if (definition === undefined || callers.includes(definition) || !fits(model, definition)) return [node];
    if (callers.length > maxGraphDepth || definition.nodes.length > left) return [node];
    left -= definition.nodes.length;
    const body = bodyOf(boundBody(definition, node), node, names);
    return body.flatMap((inner) => inlined(inner, [...callers, definition]));
  };
  const nodes = model.graph.nodes.flatMap((node) => inlined(node, []));
  return { ...model, graph: { ...model.graph, nodes } };
}

/** Whether the operators of a function mean the same in the model, and none has subgraphs, which would need new names. */
function fits(model: Model, { nodes, opsetImports }: FunctionDefinition): boolean {
  const { opsetImports: imports } = model;
  return nodes.every((node) => {
    const { domain } = node;
    return opsetOf(opsetImports, domain) === opsetOf(imports, domain) && subgraphsOf(node).length === 0;
  });
}

/** The nodes of a body that read and make the values of a call, and values of new names between them. */
function bodyOf(body: Graph, call: Node, names: NameSource): readonly Node[] {
  const renaming = new Map<string, string>();
  body.inputs.forEach(({ name }, i) => {
    renaming.set(name, call.inputs[i] ?? '');
  });
  const handedOn: Node[] = [];
  body.outputs.forEach(({ name }, i) => {
    const output = call.outputs[i] ?? '';
    if (output === '') return;
    const from = renaming.get(name);
    if (from === undefined) renaming.set(name, output);
    else handedOn.push(identityOf(from, output));
  });
  const nodes = body.nodes.map((node) => {
    for (const name of node.outputs)
      if (name !== '' && !renaming.has(name)) renaming.set(name, names.fresh(name));
    return node;
  });
  return [...nodes.map((node) => renameWrites(renameReads(node, renaming), renaming)), ...handedOn];
}

function identityOf(from: string, to: string): Node {
  const empty = { attributes: [], metadata: [], deviceConfigurations: [] };
  return { opType: 'Identity', inputs: [from], outputs: [to], ...empty };
}
