import { type Model, type Node, namesIn, namesRead, renameReads, renameWrites } from '../ir/index.ts';
import { createRandom } from '../support/random.ts';

/**
 * The same model with the nodes of its main graph and its initializers in another order. Every value is still made
 * before it is read. What a pass makes of it must not depend on the seed.
 */
export function shuffled(model: Model, seed: number): Model {
  const random = createRandom(seed);
  const { graph } = model;
  const makers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)),
  );
  const waits = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    const needs = new Set(namesRead(node).flatMap((name) => makers.get(name) ?? []));
    needs.delete(node);
    waits.set(node, needs.size);
    for (const maker of needs) readers.set(maker, [...(readers.get(maker) ?? []), node]);
  }
  const ready = graph.nodes.filter((node) => waits.get(node) === 0);
  const nodes: Node[] = [];
  while (ready.length > 0) {
    const [node] = ready.splice(random.below(ready.length), 1);
    nodes.push(node!);
    for (const reader of readers.get(node!) ?? []) {
      waits.set(reader, waits.get(reader)! - 1);
      if (waits.get(reader) === 0) ready.push(reader);
    }
  }
  const initializers = permuted(graph.initializers, random.below);
  return { ...model, graph: { ...graph, nodes, initializers } };
}

/**
 * The same model with every value of its main graph and every node called otherwise; inputs and outputs keep their names,
 * and so do values inside subgraphs and functions.
 */
export function renamed(model: Model, prefix = 'renamed'): Model {
  const { graph } = model;
  const taken = namesIn(graph);
  const kept = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const own = [
    ...graph.initializers.map(({ name }) => name ?? ''),
    ...graph.sparseInitializers.map(({ values }) => values?.name ?? ''),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ].filter((name) => name !== '' && !kept.has(name));
  const names = new Map<string, string>();
  for (const name of own) {
    let fresh = `${prefix}_${names.size}`;
    while (taken.has(fresh)) fresh = `${fresh}_`;
    taken.add(fresh);
    names.set(name, fresh);
  }
  const called = (name: string) => names.get(name) ?? name;
  return {
    ...model,
    graph: {
      ...graph,
      nodes: graph.nodes.map((node, i) => ({
        ...renameWrites(renameReads(node, names), names),
        name: `${prefix}_node_${i}`,
      })),
      initializers: graph.initializers.map((tensor) => tensor.withName(called(tensor.name ?? ''))),
      sparseInitializers: graph.sparseInitializers.map((sparse) => ({
        ...sparse,
        values: sparse.values?.withName(called(sparse.values.name ?? '')),
      })),
      valueInfos: graph.valueInfos.map((info) => ({ ...info, name: called(info.name) })),
      quantizationAnnotations: graph.quantizationAnnotations.map((annotation) => ({
        ...annotation,
        tensorName: called(annotation.tensorName ?? ''),
        parameters: annotation.parameters.map((entry) => ({ ...entry, value: called(entry.value ?? '') })),
      })),
    },
  };
}

function permuted<Item>(items: readonly Item[], below: (count: number) => number): readonly Item[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
