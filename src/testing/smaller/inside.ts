import { inferTypes, typeOf } from '../../analysis/index.ts';
import {
  elementCount,
  findDataType,
  type Graph,
  type Model,
  type Node,
  namesRead,
  renameReads,
  renameWrites,
  subgraphsOf,
  type Tensor,
  tensor,
} from '../../ir/index.ts';
import type { Case } from '../matching.ts';
import { withGraph } from './case.ts';

/** Cases of smaller branches and bodies: a node less, a collected output less, one round instead of a Loop. */
export function* smallerInside(one: Case): Iterable<Case> {
  const { graph } = one.model;
  for (const node of graph.nodes) {
    if (subgraphsOf(node).length === 0) continue;
    const others = (by: readonly Node[], initializers: readonly Tensor[] = []) =>
      withGraph(one, {
        nodes: graph.nodes.flatMap((other) => (other === node ? by : [other])),
        initializers: [...graph.initializers, ...initializers],
      });
    const candidates = [firstRound(node), ...fewerCollected(node), ...fewerInside(node, one.model)];
    for (const made of candidates) {
      const smaller = made && others(made.nodes, made.initializers);
      if (smaller !== undefined) yield smaller;
    }
  }
}

interface Replacement {
  readonly nodes: readonly Node[];
  readonly initializers?: readonly Tensor[];
}

/** What the first round of a Loop makes of its first value. */
function firstRound(node: Node): Replacement | undefined {
  const [body] = subgraphsOf(node);
  if (node.opType !== 'Loop' || body === undefined || node.inputs.length !== 3) return undefined;
  const [round, goesOn, carried] = body.inputs.map(({ name }) => name);
  const names = new Map([
    [carried!, node.inputs[2]!],
    [body.outputs[1]!.name, node.outputs[0]!],
  ]);
  return {
    nodes: body.nodes.map((inner) => renameWrites(renameReads(inner, names), names)),
    initializers: [...body.initializers, tensor('int64', [], [0n], round), tensor('bool', [], [1], goesOn)],
  };
}

/** A Loop or a Scan that collects less. */
function* fewerCollected(node: Node): Iterable<Replacement> {
  const [body] = subgraphsOf(node);
  if ((node.opType !== 'Loop' && node.opType !== 'Scan') || body === undefined) return;
  const extra = body.outputs.length - node.outputs.length;
  for (let i = node.outputs.length - 1; i > 0; i--) {
    const outputs = body.outputs.filter((_, j) => j !== i + extra);
    const smaller = withBody(node, body, pruned({ ...body, outputs }));
    yield { nodes: [{ ...smaller, outputs: node.outputs.filter((_, j) => j !== i) }] };
  }
}

/** Readers of an inner node read one of its inputs instead, or zeros. */
function* fewerInside(node: Node, model: Model): Iterable<Replacement> {
  const types = inferTypes(model);
  for (const body of subgraphsOf(node)) {
    const given = new Set(body.inputs.map(({ name }) => name));
    const typed = (name: string) => typeOf(types, name, body) ?? typeOf(types, name);
    for (const inner of body.nodes) {
      const [output] = inner.outputs;
      const type = output === undefined ? undefined : typed(output);
      if (output === undefined || type?.kind !== 'tensor' || inner.outputs.length !== 1) continue;
      const isOutput = body.outputs.some(({ name }) => name === output);
      const rest = body.nodes.filter((other) => other !== inner);
      for (const input of new Set(inner.inputs)) {
        if (input === '' || JSON.stringify(typed(input)) !== JSON.stringify(type)) continue;
        const isOwn = given.has(input) || body.nodes.some(({ outputs }) => outputs.includes(input));
        // What a body gives it has to make.
        if (isOutput && (!isOwn || given.has(input))) continue;
        const names = new Map([[output, input]]);
        const outputs = body.outputs.map((info) => (info.name === output ? { ...info, name: input } : info));
        if (new Set(outputs.map(({ name }) => name)).size < outputs.length) continue;
        const nodes = rest.map((other) => renameReads(other, names));
        yield { nodes: [withBody(node, body, pruned({ ...body, nodes, outputs }))] };
      }
      const zeros = isOutput ? undefined : zerosOf(type, output);
      if (zeros === undefined) continue;
      const initializers = [...body.initializers, zeros];
      yield { nodes: [withBody(node, body, pruned({ ...body, nodes: rest, initializers }))] };
    }
  }
}

function zerosOf(
  type: { elemType: string; shape?: readonly { value?: number }[] | undefined },
  name: string,
) {
  const dims = type.shape?.map(({ value }) => value);
  const info = findDataType(type.elemType as never);
  if (dims === undefined || dims.some((length) => length === undefined) || info === undefined)
    return undefined;
  if (info.kind === 'string' || info.kind === 'complex') return undefined;
  const count = elementCount(dims as number[]);
  const zero = info.name === 'int64' || info.name === 'uint64' ? 0n : 0;
  return tensor(info.name, dims as number[], new Array<number | bigint>(count).fill(zero), name);
}

function withBody(node: Node, old: Graph, body: Graph): Node {
  const attributes = node.attributes.map((attribute) =>
    attribute.type === 'GRAPH' && attribute.value === old ? { ...attribute, value: body } : attribute,
  );
  return { ...node, attributes };
}

/** A body without what none of its outputs needs. */
function pruned(body: Graph): Graph {
  const needed = new Set(body.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of [...body.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    nodes.unshift(node);
    for (const name of namesRead(node)) needed.add(name);
  }
  const initializers = body.initializers.filter(({ name }) => needed.has(name ?? ''));
  const valueInfos = body.valueInfos.filter(({ name }) => needed.has(name));
  return { ...body, nodes, initializers, valueInfos };
}
