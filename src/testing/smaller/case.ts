import { inferTypes, typeOf } from '../../analysis/index.ts';
import {
  type Graph,
  type Model,
  type Node,
  namesRead,
  subgraphsOf,
  type Tensor,
  type TensorType,
  type Type,
  type ValueInfo,
} from '../../ir/index.ts';
import { canInfer } from '../../ops/index.ts';
import { execute } from '../../runtime/index.ts';
import { ModelError } from '../../support/errors.ts';
import { withForeignMeaning } from '../foreign.ts';
import type { Case } from '../matching.ts';

/** A case with another graph, tidied: what no output needs goes, and declared types follow what the nodes give. */
export function withGraph(one: Case, changes: Partial<Graph>): Case | undefined {
  const pruning = pruned({ ...one.model.graph, ...changes });
  const graph = { ...pruning, nodes: pruning.nodes.map(withoutInnerShapes) };
  if (graph.outputs.length === 0) return undefined;
  return settled({ ...one, model: { ...one.model, graph } });
}

/** The lengths that bodies declare follow from what they are given. */
function withoutInnerShapes(node: Node): Node {
  const inner = subgraphsOf(node).flatMap(({ nodes }) => nodes);
  // What nobody can infer has nothing but its declaration.
  if (inner.length === 0 || inner.some(({ domain }) => domain !== undefined)) return node;
  const shapeless = (info: ValueInfo): ValueInfo =>
    info.type?.kind === 'tensor' && info.type.shape !== undefined
      ? { ...info, type: { kind: 'tensor', elemType: info.type.elemType } as TensorType }
      : info;
  const attributes = node.attributes.map((attribute) => {
    if (attribute.type !== 'GRAPH') return attribute;
    const { value } = attribute;
    const nodes = value.nodes.map(withoutInnerShapes);
    const [inputs, outputs] = [value.inputs.map(shapeless), value.outputs.map(shapeless)];
    return { ...attribute, value: { ...value, nodes, inputs, outputs, valueInfos: [] } };
  });
  return { ...node, attributes };
}

function pruned(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    nodes.unshift(node);
    for (const name of namesRead(node)) needed.add(name);
  }
  return {
    ...graph,
    nodes,
    initializers: graph.initializers.filter(({ name }) => needed.has(name ?? '')),
    inputs: graph.inputs.filter(({ name }) => needed.has(name)),
  };
}

/** Declares the outputs as they come out now, and inner values only where nothing else tells their type. */
function settled(one: Case): Case | undefined {
  let { model } = one;
  const { graph } = model;
  const outputs = graph.outputs.map((info) => ({ name: info.name, metadata: info.metadata }) as ValueInfo);
  model = { ...model, graph: { ...graph, outputs, valueInfos: [] } };
  for (const node of graph.nodes) {
    if (canInfer(node) || node.inputs[0] === undefined) continue;
    const type = typeIn(model, node.inputs[0]);
    if (type === undefined) return undefined;
    const infos = node.outputs.map((name) => ({ name, type, metadata: [] }));
    const told = model.graph.outputs.map((info) =>
      node.outputs.includes(info.name) ? { ...info, type } : info,
    );
    const valueInfos = [...model.graph.valueInfos, ...infos];
    model = { ...model, graph: { ...model.graph, valueInfos, outputs: told } };
  }
  const types = inferTypes(model);
  const declared = outputs.map((info) => ({ ...info, type: typeOf(types, info.name) }));
  if (declared.some(({ type }) => type === undefined)) return undefined;
  const isOutput = new Set(outputs.map(({ name }) => name));
  const valueInfos = model.graph.valueInfos.filter(({ name }) => !isOutput.has(name));
  const names = new Set(graph.inputs.map(({ name }) => name));
  return {
    model: { ...model, graph: { ...model.graph, outputs: declared, valueInfos } },
    samples: one.samples.map((inputs) => new Map([...inputs].filter(([name]) => names.has(name)))),
  };
}

export function typeIn(model: Model, value: string): Type | undefined {
  return typeOf(inferTypes(model), value);
}

const computed = new WeakMap<Case, readonly ReadonlyMap<string, Tensor>[]>();

/** The values of each run of a case, as far as it gets. */
export function valuesOfRuns(one: Case): readonly ReadonlyMap<string, Tensor>[] {
  const known = computed.get(one) ?? one.samples.map((inputs) => valuesOfRun(one.model, inputs));
  computed.set(one, known);
  return known;
}

function valuesOfRun(model: Model, inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const values = new Map<string, Tensor>(inputs);
  for (const constant of model.graph.initializers) values.set(constant.name ?? '', constant);
  const meant = withForeignMeaning(model);
  if (meant === undefined) return values;
  const wanted = new Set(model.graph.inputs.map(({ name }) => name));
  try {
    execute(meant, new Map([...inputs].filter(([name]) => wanted.has(name))), {
      onValue: (name, value) => values.set(name, value),
      seed: 1,
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
  }
  return values;
}
