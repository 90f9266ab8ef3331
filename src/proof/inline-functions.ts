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

/**
 * The model with the nodes of its functions in place of the nodes that call them, as far as it imports the same versions
 * of operators; calls inside the body of a function included, those inside subgraphs left.
 */
export function inlineFunctions(model: Model): Model {
  if (model.functions.length === 0) return model;
  const names = NameSource.of(model);
  const nodes = model.graph.nodes.flatMap((node) => inlined(model, node, names, 0));
  return { ...model, graph: { ...model.graph, nodes } };
}

function inlined(model: Model, node: Node, names: NameSource, depth: number): readonly Node[] {
  const definition = findFunction(model.functions, node);
  if (definition === undefined || depth > maxGraphDepth || !fits(model, definition)) return [node];
  const body = boundBody(definition, node);
  if (body.nodes.some((inner) => subgraphsOf(inner).length > 0)) return [node];
  return bodyOf(body, node, names).flatMap((inner) => inlined(model, inner, names, depth + 1));
}

/** Whether the operators of a function mean the same in the model. */
function fits(model: Model, { nodes, opsetImports }: FunctionDefinition): boolean {
  return nodes.every(({ domain }) => opsetOf(opsetImports, domain) === opsetOf(model.opsetImports, domain));
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
