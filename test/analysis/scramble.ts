import fc from 'fast-check';
import type { Attribute, Graph, Model, Node, Tensor } from '../../src/ir/index.ts';

/** The same model in another disguise: every value and node renamed, nodes, initializers and attributes shuffled. */
export function scramble(model: Model, seed: number): Model {
  const random = mulberry(seed);
  const names = new Map<string, string>();
  const rename = (name: string): string => {
    if (name === '') return '';
    if (!names.has(name))
      names.set(name, `${['__proto__', 'constructor', 'z', 'a'][names.size] ?? 'v'}${seed}_${names.size}`);
    return names.get(name)!;
  };
  return { ...model, graph: scrambleGraph(model.graph, rename, random) };
}

function scrambleGraph(graph: Graph, rename: (name: string) => string, random: () => number): Graph {
  const info = <Info extends { name: string }>(value: Info): Info => ({ ...value, name: rename(value.name) });
  return {
    ...graph,
    name: `g${random()}`,
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    valueInfos: shuffle(graph.valueInfos.map(info), random),
    initializers: shuffle(
      graph.initializers.map((tensor): Tensor => tensor.withName(rename(tensor.name ?? ''))),
      random,
    ),
    nodes: shuffle(
      graph.nodes.map(
        (node): Node => ({
          ...node,
          name: `n${random()}`,
          inputs: node.inputs.map(rename),
          outputs: node.outputs.map(rename),
          attributes: shuffle(
            node.attributes.map(
              (attribute): Attribute =>
                attribute.type === 'GRAPH'
                  ? { ...attribute, value: scrambleGraph(attribute.value, rename, random) }
                  : attribute,
            ),
            random,
          ),
        }),
      ),
      random,
    ),
  };
}

export function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

export function mulberry(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Small random graphs of standard operators, some of them dead, some nodes doubles of others. */
export const randomModels: fc.Arbitrary<Model> = fc
  .record({
    inputs: fc.integer({ min: 1, max: 3 }),
    nodes: fc.array(
      fc.record({
        op: fc.constantFrom('Add', 'Relu', 'Split', 'Sub', 'Concat'),
        reads: fc.array(fc.nat(30), { minLength: 3, maxLength: 3 }),
        axis: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 25 },
    ),
    outputs: fc.array(fc.nat(60), { minLength: 1, maxLength: 3 }),
  })
  .map(({ inputs, nodes, outputs }) => buildModel(inputs, nodes, outputs));

function buildModel(
  inputs: number,
  specs: readonly { op: string; reads: readonly number[]; axis: number }[],
  outputs: readonly number[],
): Model {
  const values = Array.from({ length: inputs }, (_, i) => `in${i}`);
  const nodes = specs.map(({ op, reads, axis }, i): Node => {
    const arity = op === 'Relu' || op === 'Split' ? 1 : op === 'Concat' ? 3 : 2;
    const made = op === 'Split' ? [`v${i}`, `w${i}`] : [`v${i}`];
    const node: Node = {
      name: `node${i}`,
      opType: op,
      inputs: reads.slice(0, arity).map((read) => values[read % values.length]!),
      outputs: made,
      attributes:
        op === 'Concat' || op === 'Split' ? [{ name: 'axis', type: 'INT', value: BigInt(axis) }] : [],
      metadata: [],
      deviceConfigurations: [],
    };
    values.push(...made);
    return node;
  });
  const info = (name: string) => ({
    name,
    type: { kind: 'tensor', elemType: 'float32' } as const,
    metadata: [],
  });
  return {
    irVersion: 10,
    graph: {
      name: 'main',
      nodes,
      inputs: values.slice(0, inputs).map(info),
      outputs: outputs.map((output) => info(values[output % values.length]!)),
      initializers: [],
      sparseInitializers: [],
      valueInfos: [],
      quantizationAnnotations: [],
      metadata: [],
    },
    opsetImports: [{ domain: '', version: 21 }],
    metadata: [],
    trainingInfo: [],
    functions: [],
    configurations: [],
  };
}
