import {
  type Graph,
  type Node,
  renameReads,
  renameWrites,
  subgraphsOf,
  type Tensor,
  type ValueInfo,
} from '../../ir/index.ts';
import { constantValue } from '../../ops/index.ts';
import type { Case } from '../matching.ts';
import { typeIn, valuesOfRuns, withGraph } from './case.ts';

/** Cases of fewer runs, outputs and nodes. */
export function* fewerNodes(one: Case): Iterable<Case> {
  yield* fewerRuns(one);
  yield* inlinedBranches(one);
  const { nodes } = one.model.graph;
  yield* present(nodes.map((node) => cutBelow(one, node)));
  yield* fewerOutputs(one);
  for (const node of [...nodes].reverse()) {
    yield* present([cutAbove(one, node), asConstant(one, node), withoutNode(one, node)]);
    yield* bypassed(one, node);
  }
}

function* present(cases: Iterable<Case | undefined>): Iterable<Case> {
  for (const one of cases) if (one !== undefined) yield one;
}

function* fewerRuns(one: Case): Iterable<Case> {
  if (one.samples.length < 2) return;
  for (const inputs of one.samples) yield { ...one, samples: [inputs] };
}

function* fewerOutputs(one: Case): Iterable<Case> {
  const { outputs } = one.model.graph;
  if (outputs.length < 2) return;
  for (const info of outputs) yield* present([withGraph(one, { outputs: [info] })]);
  if (outputs.length === 2) return;
  for (const info of outputs)
    yield* present([withGraph(one, { outputs: outputs.filter((other) => other !== info) })]);
}

/** Everything behind a node goes; what it makes are the outputs, along with the others that do not need it. */
function cutBelow(one: Case, node: Node): Case | undefined {
  const { outputs } = one.model.graph;
  const made = node.outputs.filter((name) => name !== '');
  if (outputs.length === made.length && outputs.every(({ name }) => made.includes(name))) return undefined;
  return withGraph(one, { outputs: made.map((name): ValueInfo => ({ name, metadata: [] })) });
}

/** Everything in front of a node's outputs goes; they are inputs now, fed with what they were. */
function cutAbove(one: Case, node: Node): Case | undefined {
  const { graph } = one.model;
  const isOutput = new Set(graph.outputs.map(({ name }) => name));
  const made = node.outputs.filter((name) => name !== '');
  const outputs = graph.outputs.filter(({ name }) => !made.includes(name));
  const read = made.filter((name) => isRead(graph, name));
  if (read.length === 0 || (outputs.length === 0 && made.some((name) => isOutput.has(name))))
    return undefined;
  const runs = valuesOfRuns(one);
  const infos = read.map((name): ValueInfo => ({ name, type: typeIn(one.model, name), metadata: [] }));
  if (infos.some(({ type }) => type === undefined) || runs.some((run) => read.some((name) => !run.has(name))))
    return undefined;
  const samples = one.samples.map(
    (inputs, i) => new Map([...inputs, ...read.map((name): [string, Tensor] => [name, runs[i]!.get(name)!])]),
  );
  return withGraph(
    { ...one, samples },
    { nodes: graph.nodes.filter((other) => other !== node), inputs: [...graph.inputs, ...infos], outputs },
  );
}

function isRead(graph: Graph, value: string): boolean {
  return graph.nodes.some(
    (node) => node.inputs.includes(value) || JSON.stringify(node.inputs).includes(value),
  );
}

/** A node that depends on constants alone becomes one. */
function asConstant(one: Case, node: Node): Case | undefined {
  const { graph } = one.model;
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const isFixed = node.inputs.every((name) => name === '' || (constants.has(name) && !inputs.has(name)));
  const isOutput = graph.outputs.some(({ name }) => node.outputs.includes(name));
  if (!isFixed || isOutput || node.outputs.length !== 1) return undefined;
  const value = constantValue(node) ?? valuesOfRuns(one)[0]?.get(node.outputs[0]!);
  if (value === undefined) return undefined;
  return withGraph(one, {
    nodes: graph.nodes.filter((other) => other !== node),
    initializers: [...graph.initializers, value.withName(node.outputs[0])],
  });
}

function withoutNode(one: Case, node: Node): Case | undefined {
  const { graph } = one.model;
  const outputs = graph.outputs.filter(({ name }) => !node.outputs.includes(name));
  if (outputs.length === graph.outputs.length || outputs.length === 0) return undefined;
  return withGraph(one, { nodes: graph.nodes.filter((other) => other !== node), outputs });
}

/** Readers of a node's output read one of its inputs instead. */
function* bypassed(one: Case, node: Node): Iterable<Case> {
  const { graph } = one.model;
  const [output] = node.outputs;
  if (output === undefined || output === '') return;
  const type = JSON.stringify(typeIn(one.model, output));
  for (const input of new Set(node.inputs)) {
    if (input === '' || JSON.stringify(typeIn(one.model, input)) !== type) continue;
    const names = new Map([[output, input]]);
    const nodes = graph.nodes.flatMap((other) => (other === node ? [] : [renameReads(other, names)]));
    const isMade = graph.nodes.some((other) => other.outputs.includes(input));
    const outputs = graph.outputs.flatMap((info) => {
      if (info.name !== output) return [info];
      return isMade && !graph.outputs.some(({ name }) => name === input) ? [{ ...info, name: input }] : [];
    });
    yield* present([withGraph(one, { nodes, outputs })]);
  }
}

/** The branch of an If instead of the If. */
function* inlinedBranches(one: Case): Iterable<Case> {
  const { graph } = one.model;
  for (const node of graph.nodes) {
    for (const attribute of node.attributes) {
      if (node.opType !== 'If' || attribute.type !== 'GRAPH') continue;
      const body = attribute.value;
      const names = new Map(body.outputs.map(({ name }, i) => [name, node.outputs[i] ?? name]));
      const inner = body.nodes.map((made) => renameWrites(renameReads(made, names), names));
      const nodes = graph.nodes.flatMap((other) => (other === node ? inner : [other]));
      yield* present([
        withGraph(one, { nodes, initializers: [...graph.initializers, ...body.initializers] }),
      ]);
    }
  }
}

/** Cases whose nodes read less: optional inputs left out, the same value read twice. */
export function* fewerParts(one: Case): Iterable<Case> {
  const { graph } = one.model;
  const replace = (node: Node, by: Node) =>
    withGraph(one, { nodes: graph.nodes.map((other) => (other === node ? by : other)) });
  for (const node of graph.nodes) {
    // What a Loop or a Scan reads and makes goes along with its body.
    if (subgraphsOf(node).length > 0) continue;
    for (let i = node.inputs.length - 1; i > 0; i--) {
      if (node.inputs[i] === '') continue;
      const left = node.inputs.map((name, j) => (j === i ? '' : name));
      while (left.at(-1) === '') left.pop();
      yield* present([replace(node, { ...node, inputs: left })]);
      if (i < node.inputs.length - 1)
        yield* present([replace(node, { ...node, inputs: node.inputs.filter((_, j) => j !== i) })]);
    }
    if (node.outputs.filter((name) => name !== '').length > 1) {
      for (let i = node.outputs.length - 1; i > 0; i--) {
        const left = node.outputs.map((name, j) => (j === i ? '' : name));
        while (left.at(-1) === '') left.pop();
        const outputs = graph.outputs.filter(({ name }) => name !== node.outputs[i]);
        yield* present([
          withGraph(one, {
            nodes: graph.nodes.map((other) => (other === node ? { ...node, outputs: left } : other)),
            outputs,
          }),
        ]);
      }
    }
  }
  yield* sharedInputs(one);
  // What may be overridden is a constant, or an input.
  for (const { name } of graph.inputs) {
    if (graph.initializers.every((constant) => constant.name !== name)) continue;
    yield* present([
      withGraph(one, { inputs: graph.inputs.filter((other) => other.name !== name) }),
      withGraph(one, { initializers: graph.initializers.filter((other) => other.name !== name) }),
    ]);
  }
}

/** One input where there were two of the same type. */
function* sharedInputs(one: Case): Iterable<Case> {
  const { graph } = one.model;
  for (const [i, kept] of graph.inputs.entries()) {
    for (const other of graph.inputs.slice(i + 1)) {
      if (JSON.stringify(kept.type) !== JSON.stringify(other.type)) continue;
      const names = new Map([[other.name, kept.name]]);
      yield* present([withGraph(one, { nodes: graph.nodes.map((node) => renameReads(node, names)) })]);
    }
  }
}
