import { equalMessages, equalTensors } from '../analysis/index.ts';
import { type Graph, type Model, type Node, namesRead, type Tensor, type ValueInfo } from '../ir/index.ts';
import { type Refusals, refusals } from '../runtime/index.ts';
import type { VerifyFinding } from './report.ts';

/** Two models without what cannot be run. */
export interface Cut {
  readonly before: Model;
  readonly after: Model;
  readonly findings: readonly VerifyFinding[];
  readonly notChecked: readonly string[];
}

/**
 * Cuts two models off in front of the nodes this library cannot run (plugins, custom operators). What such nodes read,
 * and what the nodes behind them read of the rest, becomes an output of both models: where these are equal and the nodes
 * that are cut off are the same, so is what they make. Where a cut-off node has changed, a finding says so, for nothing
 * shows what it computes.
 *
 * @throws ModelError why nothing of the model before can be run, where that is so
 */
export function cutAtRefused(before: Model, after: Model): Cut {
  const [old, now] = [partsOf(before), partsOf(after)];
  const [refused] = [...old.refused.nodes.values(), ...now.refused.nodes.values()];
  if (refused === undefined) return { before, after, findings: [], notChecked: [] };
  if (old.lost.size === before.graph.nodes.length) throw refused;
  const names = [...old.lost.keys()];
  const kept = new Set(names.filter((name) => isSame(old, now, name)));
  const changed = [...names, ...now.lost.keys()].find((name) => !kept.has(name));
  const reads = [...kept].flatMap((name) => readsOf(old, now, name));
  const gone = new Set([...old.refused.values, ...now.refused.values]);
  const cut = {
    before: cutOff(old.refused, gone, new Map(reads.map(({ label, before }) => [label, before]))),
    after: cutOff(now.refused, gone, new Map(reads.map(({ label, after }) => [label, after]))),
  };
  const reason = `${refused.at ?? 'a node'} cannot be run: ${refused.message}`;
  if (changed !== undefined) {
    const message = `${reason} What makes "${changed}" has changed, and nothing shows what it computes.`;
    return {
      ...cut,
      findings: [{ code: 'cannot-run', at: changed, message, allowed: false }],
      notChecked: [],
    };
  }
  const outputs = before.graph.outputs.filter(({ name }) => old.refused.values.has(name));
  const title = outputs.map(({ name }) => `"${name}"`).join(', ');
  const which = names.length === 1 ? 'this node reads' : `the ${names.length} nodes from there on read`;
  const note = `${reason} What ${which} was compared instead; they are the same as before`;
  return { ...cut, findings: [], notChecked: [title === '' ? note : `${title}: ${note}`] };
}

interface Parts {
  readonly refused: Refusals;
  /** Constants by name; what a caller may feed instead is none. */
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Nodes that cannot be run or are behind one that cannot, by the first value they make. */
  readonly lost: ReadonlyMap<string, Node>;
}

function partsOf(model: Model): Parts {
  const refused = refusals(model);
  const left = new Set(refused.runnable.graph.nodes);
  const nodes = model.graph.nodes.filter((node) => !left.has(node));
  const fed = new Set(model.graph.inputs.map(({ name }) => name));
  const constants = model.graph.initializers.filter(({ name = '' }) => !fed.has(name));
  return {
    refused,
    constants: new Map(constants.map((tensor) => [tensor.name ?? '', tensor])),
    lost: new Map(nodes.map((node) => [nameOf(node), node])),
  };
}

function nameOf(node: Node): string {
  return node.outputs.find(Boolean) ?? node.name ?? node.opType;
}

/** Whether the two models make a lost value in the same way, from values that are lost in both or compared in both. */
function isSame(old: Parts, now: Parts, name: string): boolean {
  const [a, b] = [old.lost.get(name), now.lost.get(name)];
  if (a === undefined || b === undefined || a.inputs.length !== b.inputs.length) return false;
  const sameInputs = a.inputs.every((input, i) => {
    const other = b.inputs[i]!;
    const [isLostInput, isLostOther] = [old.refused.values.has(input), now.refused.values.has(other)];
    return isLostInput || isLostOther ? input === other : (input === '') === (other === '');
  });
  const rest = ({ domain = '', opType, outputs, attributes }: Node) => [domain, opType, outputs, attributes];
  return sameInputs && equalMessages(rest(a), rest(b));
}

/** A value that is computed, and read by a lost node of both models, under a name they share. */
interface Read {
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

/** What a lost node reads that can be computed; equal constants need not be. */
function readsOf(old: Parts, now: Parts, name: string): readonly Read[] {
  const [a, b] = [old.lost.get(name)!, now.lost.get(name)!];
  const captured = [...namesRead(a)].filter((value) => !a.inputs.includes(value)).sort();
  const reads: readonly Read[] = [
    ...a.inputs.map((before, i) => ({ label: `${name} (input ${i})`, before, after: b.inputs[i]! })),
    ...captured.map((value) => ({ label: `${name} (captures ${value})`, before: value, after: value })),
  ];
  return reads.filter(({ before, after }) => {
    if (before === '' || old.refused.values.has(before)) return false;
    const [constant, other] = [old.constants.get(before), now.constants.get(after)];
    return constant === undefined || other === undefined || !equalTensors(constant, other);
  });
}

/** What is left of a model, without some outputs, and with others: values of the model under names of their own. */
function cutOff(
  { runnable }: Refusals,
  gone: ReadonlySet<string>,
  given: ReadonlyMap<string, string>,
): Model {
  const { graph } = runnable;
  const outputs = graph.outputs.filter(({ name }) => !gone.has(name));
  const cut: Graph = {
    ...graph,
    nodes: [...graph.nodes, ...[...given].map(([label, value]) => identity(value, label))],
    outputs: [...outputs, ...[...given.keys()].map(declared)],
  };
  return { ...runnable, graph: cut };
}

function identity(input: string, output: string): Node {
  return {
    opType: 'Identity',
    inputs: [input],
    outputs: [output],
    attributes: [],
    metadata: [],
    deviceConfigurations: [],
  };
}

function declared(name: string): ValueInfo {
  return { name, metadata: [] };
}
