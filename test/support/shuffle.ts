import { type Model, type Node, namesIn, renameReads, renameWrites } from '../../src/ir/index.ts';

/** The same model with its nodes in another order and every value but inputs and outputs called otherwise. */
export function shuffled(model: Model, seed: number): Model {
  const random = generator(seed);
  const { graph } = model;
  const interfaceNames = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const inner = [...namesIn(graph)].filter((name) => name !== '' && !interfaceNames.has(name));
  const numbers = permute(
    inner.map((_, i) => i),
    random,
  );
  const names = new Map(inner.map((name, i) => [name, `v${numbers[i]}`]));
  const called = (name: string | undefined) => names.get(name ?? '') ?? name;
  const nodes = graph.nodes.map(
    (node, i): Node => ({
      ...renameWrites(renameReads(node, names), names),
      name: `n${numbers[i % numbers.length]}_${i}`,
    }),
  );
  return {
    ...model,
    graph: {
      ...graph,
      nodes: permute(nodes, random),
      initializers: permute(
        graph.initializers.map((tensor) => tensor.withName(called(tensor.name))),
        random,
      ),
      valueInfos: graph.valueInfos.map((info) => ({ ...info, name: called(info.name)! })),
      quantizationAnnotations: [],
    },
  };
}

function permute<Item>(items: readonly Item[], random: () => number): Item[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
