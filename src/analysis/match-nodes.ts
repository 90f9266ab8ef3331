import type { Attribute, Node } from '../ir/index.ts';
import { normalDomain } from '../ops/index.ts';
import { equalMessages } from './equality.ts';
import { attributeText } from './text.ts';

/** A node that is still there but different. */
export interface NodeChange {
  readonly before: Node;
  readonly after: Node;
  /** What differs, each as a short phrase: `input 1: w → w_folded`. */
  readonly what: readonly string[];
}

export interface MatchedNodes {
  readonly added: readonly Node[];
  readonly removed: readonly Node[];
  readonly changed: readonly NodeChange[];
  /** Values that only changed their names, before → after. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly reordered: boolean;
}

/** Pairs the nodes of two versions of a graph: by what they make, then by operator, attributes and what they read. */
export function matchNodes(before: readonly Node[], after: readonly Node[]): MatchedNodes {
  const pairs = new Map<Node, Node>();
  const taken = new Set<Node>();
  matchByOutputs(before, after, pairs, taken);
  const renamed = matchByStructure(before, after, pairs, taken);
  const position = new Map(after.map((node, i) => [node, i]));
  const order = before.flatMap((node) => (pairs.has(node) ? [position.get(pairs.get(node)!)!] : []));
  return {
    added: after.filter((node) => !taken.has(node)),
    removed: before.filter((node) => !pairs.has(node)),
    changed: [...pairs].flatMap(([from, to]) => {
      const what = differences(from, to, renamed);
      return what.length === 0 ? [] : [{ before: from, after: to, what }];
    }),
    renamed,
    reordered: order.some((at, i) => i > 0 && at < order[i - 1]!),
  };
}

function matchByOutputs(
  before: readonly Node[],
  after: readonly Node[],
  pairs: Map<Node, Node>,
  taken: Set<Node>,
): void {
  const makers = new Map<string, Node>();
  for (const node of after) for (const output of node.outputs) if (output !== '') makers.set(output, node);
  for (const node of before) {
    const maker = node.outputs.map((output) => makers.get(output)).find((other) => other !== undefined);
    // Another operator that makes the same value is a replacement, not a change of the node.
    if (maker === undefined || taken.has(maker) || operatorOf(maker) !== operatorOf(node)) continue;
    pairs.set(node, maker);
    taken.add(maker);
  }
}

/** Nodes whose outputs were renamed: same operator and attributes, reading the same values under their new names. */
function matchByStructure(
  before: readonly Node[],
  after: readonly Node[],
  pairs: Map<Node, Node>,
  taken: Set<Node>,
): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  const candidates = new Map<string, Node[]>();
  for (const node of after) {
    if (taken.has(node)) continue;
    const key = keyOf(node, new Map());
    const others = candidates.get(key);
    if (others === undefined) candidates.set(key, [node]);
    else others.push(node);
  }
  for (const node of before) {
    const other = pairs.get(node) ?? candidates.get(keyOf(node, renamed))?.shift();
    if (other === undefined) continue;
    pairs.set(node, other);
    taken.add(other);
    node.outputs.forEach((output, i) => {
      const now = other.outputs[i] ?? '';
      if (output !== '' && now !== '' && output !== now) renamed.set(output, now);
    });
  }
  return renamed;
}

function keyOf(node: Node, renamed: ReadonlyMap<string, string>): string {
  const inputs = node.inputs.map((input) => renamed.get(input) ?? input);
  const attributes = node.attributes
    .map((attribute) => `${attribute.name}=${attributeText(attribute)}`)
    .sort();
  return [operatorOf(node), node.outputs.length, ...inputs, '', ...attributes].join('\0');
}

function operatorOf(node: Node): string {
  return `${normalDomain(node.domain)}::${node.opType}::${node.overload ?? ''}`;
}

function differences(before: Node, after: Node, renamed: ReadonlyMap<string, string>): readonly string[] {
  const what: string[] = [];
  for (let i = 0; i < Math.max(before.inputs.length, after.inputs.length); i++) {
    const [from = '', to = ''] = [before.inputs[i], after.inputs[i]];
    if ((renamed.get(from) ?? from) !== to) what.push(`input ${i}: ${from || 'absent'} → ${to || 'absent'}`);
  }
  for (let i = 0; i < Math.max(before.outputs.length, after.outputs.length); i++) {
    const [from = '', to = ''] = [before.outputs[i], after.outputs[i]];
    if (from !== to && (from === '' || to === ''))
      what.push(`output ${i}: ${from || 'absent'} → ${to || 'absent'}`);
  }
  const [earlier, later] = [attributesOf(before), attributesOf(after)];
  for (const name of new Set([...earlier.keys(), ...later.keys()])) {
    const [from, to] = [earlier.get(name), later.get(name)];
    if (equalMessages(from, to)) continue;
    what.push(
      `${name}: ${from === undefined ? 'absent' : attributeText(from)} → ${to === undefined ? 'absent' : attributeText(to)}`,
    );
  }
  return what;
}

function attributesOf(node: Node): ReadonlyMap<string, Attribute> {
  return new Map(node.attributes.map((attribute) => [attribute.name, attribute]));
}
