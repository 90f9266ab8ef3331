import { isQuantize, sameQuantization } from '../analysis/index.ts';
import {
  createView,
  type DataType,
  type Graph,
  type GraphView,
  integerRange,
  type Model,
  type Node,
} from '../ir/index.ts';
import { mapGraphs } from './graphs.ts';
import { type JoinOptions, type ScaleClass, scaleClasses } from './scale-classes.ts';
import { consumersIn } from './scale-consumers.ts';
import { biasObjection, type Member, memberOf, objectionTo, title } from './scale-members.ts';
import { largest, type Parameters, rangeOf, widest } from './scale-range.ts';
import { pairings } from './yolo-deepstream.ts';

/**
 * Whose scale a group takes.
 *
 * `max`: the largest range, so that nothing saturates · `consumer`: the one behind the last Concat or MaxPool; what
 * is larger saturates · `yolo-deepstream`: the pairs of NVIDIA's YOLOv7 recipe, and no others.
 */
export type UnifyPolicy = 'max' | 'consumer' | 'yolo-deepstream';

export interface UnifyOptions extends JoinOptions {
  /** `max` unless said. */
  readonly policy?: UnifyPolicy | undefined;
  /** A group whose widest range is more than this many times its narrowest is left alone; 10 unless said. */
  readonly maxRatio?: number | undefined;
}

/** One quantizer of a group. */
export interface ScaleMember {
  /** The float value that is quantized. */
  readonly tensor: string;
  /** Name of the quantizer's node, or what it makes where it has none. */
  readonly quantizer: string;
  /** `undefined` where there is more than one, or none that is constant. */
  readonly scale: number | undefined;
  /** The scale it shares afterwards; its own where the group is refused. */
  readonly after: number | undefined;
  /** log2(after / scale): resolution given up; below zero, range given up, and what is beyond saturates. */
  readonly bitsLost: number;
}

/** Quantizers that have to share one scale before an engine can keep what lies between them in integers. */
export interface ScaleGroup {
  /** Path of the graph: `main`, `main/if_1/then_branch`. */
  readonly graph: string;
  readonly members: readonly ScaleMember[];
  /** What joins them: the operators in between, and the values that are quantized more than once. */
  readonly reason: string;
  /** The scales there are, each once, in ascending order. */
  readonly before: readonly number[];
  /** The scale shared afterwards; `undefined` where the group is refused. */
  readonly after: number | undefined;
  /** Why the group is left alone. */
  readonly refused?: string | undefined;
}

/** A group with what it takes to change it. */
export interface PlannedGroup {
  readonly group: ScaleGroup;
  readonly members: readonly Member[];
  /** What all of them get; absent where the group is refused or shares already. */
  readonly target?: (Parameters & { readonly dtype: DataType; readonly scaleType: DataType }) | undefined;
}

/**
 * The quantizers of a model that have to share a scale, group by group, those included that share one already. Groups
 * and scales do not depend on the order of nodes nor on names.
 */
export function scaleGroups(model: Model, options: UnifyOptions = {}): readonly ScaleGroup[] {
  const groups: ScaleGroup[] = [];
  mapGraphs(model, 'outer-first', (graph, place) => {
    const view = createView(graph, place.surroundings);
    for (const { group } of planGroups(graph, view, place.path, options)) groups.push(group);
    return graph;
  });
  return groups;
}

export function planGroups(
  graph: Graph,
  view: GraphView,
  path: string,
  options: UnifyOptions,
): readonly PlannedGroup[] {
  if (!graph.nodes.some(isQuantize)) return [];
  const policy = options.policy ?? 'max';
  const joined =
    policy === 'yolo-deepstream'
      ? pairedUp(graph, view)
      : scaleClasses(graph, view, options).map((found) => classUp(view, found, policy));
  return joined
    .filter(({ members, owner }) => members.length > 1 || owner !== undefined)
    .filter(({ members }) => members.some((member) => !member.constant))
    .map((group) => plan(view, path, group, options.maxRatio ?? 10));
}

interface Joined {
  readonly members: readonly Member[];
  readonly reason: string;
  /** Whose quantizer it is that the members share, when it is none of them. */
  readonly owner?: Member | undefined;
  /** Chooses among the parameters of the members; all are known, of one type, and may be shared. */
  choose(members: readonly Parameters[], dtype: DataType, scaleType: DataType): Parameters;
}

function classUp(view: GraphView, found: ScaleClass, policy: UnifyPolicy): Joined {
  const members = found.quantizers.map((node) => memberOf(view, node));
  const reason = reasonOf(view, found);
  if (policy === 'max') return { members, reason, choose: widest };
  const consumers = new Set(consumersIn(view, found));
  const behind = members
    .filter(({ node }) => consumers.has(node))
    .flatMap(({ parameters }) => parameters ?? []);
  const choose: Joined['choose'] = (all, dtype, scaleType) =>
    behind.length > 0 ? largest(behind, dtype) : widest(all, dtype, scaleType);
  return { members, reason, choose };
}

/** Groups of the recipe: whoever ends up with one quantizer. A later pair overwrites what an earlier one gave. */
function pairedUp(graph: Graph, view: GraphView): readonly Joined[] {
  const pairs = pairings(graph, view);
  const names = new Map(
    pairs.flatMap(
      (pair) =>
        [
          [pair.subQuantizer, pair.sub],
          [pair.majorQuantizer, pair.major],
        ] as const,
    ),
  );
  const owners = new Map([...names.keys()].map((node) => [node, node] as const));
  for (const { subQuantizer, majorQuantizer } of pairs) owners.set(subQuantizer, owners.get(majorQuantizer)!);
  const sharing = new Map<Node, Node[]>();
  for (const [node, owner] of owners) sharing.set(owner, [...(sharing.get(owner) ?? []), node]);
  return [...sharing].map(([node, nodes]) => {
    const subs = nodes.flatMap((other) => (other === node ? [] : [names.get(other)]));
    const own = memberOf(view, node);
    return {
      members: nodes.map((other) => memberOf(view, other)),
      reason: `${subs.join(', ')} → ${names.get(node)}`,
      owner: nodes.includes(node) ? undefined : own,
      choose: (all) => own.parameters ?? all[0]!,
    };
  });
}

function plan(view: GraphView, path: string, joined: Joined, maxRatio: number): PlannedGroup {
  const { members, reason } = joined;
  const decision = decide(view, joined, maxRatio);
  const refused = typeof decision === 'string' ? decision : undefined;
  const after = typeof decision === 'string' ? undefined : decision?.scale;
  const before = new Set(members.flatMap(({ parameters }) => parameters?.scale ?? []));
  const group: ScaleGroup = {
    graph: path,
    members: members.map((member) => describe(member, after)),
    reason,
    before: [...before].sort((a, b) => a - b),
    after,
    ...(refused === undefined ? {} : { refused }),
  };
  if (typeof decision !== 'object' || !members.some((member) => differs(member, decision)))
    return { group, members };
  const { dtype, scale } = members[0]!.quantization;
  return { group, members, target: { ...decision, dtype: dtype!, scaleType: scale!.dtype } };
}

/** What the members of a group share afterwards, or why they cannot; `undefined` where nobody knows what they share already. */
function decide(view: GraphView, joined: Joined, maxRatio: number): Parameters | string | undefined {
  const { members, owner, choose } = joined;
  const all = owner === undefined ? members : [...members, owner];
  const [first, ...others] = all;
  if (others.every((member) => sameQuantization(first!.quantization, member.quantization)))
    return first!.parameters;
  const refused = firstOf(all, (member) => objectionTo(view, member)) ?? mixture(all, maxRatio);
  if (refused !== undefined) return refused;
  const { dtype, scale } = first!.quantization;
  const known = all.map(({ parameters }) => parameters!);
  const target = choose(known, dtype!, scale!.dtype);
  const changing = members.filter((member) => differs(member, target));
  return firstOf(changing, (member) => biasObjection(view, member)) ?? target;
}

function firstOf(
  members: readonly Member[],
  ask: (member: Member) => string | undefined,
): string | undefined {
  for (const member of members) {
    const answer = ask(member);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Whether a member has to change to have the given parameters. */
function differs({ parameters }: Member, target: Parameters): boolean {
  return parameters?.scale !== target.scale || parameters.zeroPoint !== target.zeroPoint;
}

/** Why members that could each change cannot change together. */
function mixture(members: readonly Member[], maxRatio: number): string | undefined {
  const [first] = members;
  const { dtype, scale } = first!.quantization;
  for (const { quantization, tensor } of members) {
    if (quantization.dtype !== dtype)
      return `"${first!.tensor}" is quantized to ${dtype}, "${tensor}" to ${quantization.dtype}`;
    if (quantization.scale!.dtype !== scale!.dtype)
      return `the scale of "${first!.tensor}" is ${scale!.dtype}, that of "${tensor}" ${quantization.scale!.dtype}`;
  }
  if (integerRange(dtype!) === undefined && members.some(({ parameters }) => parameters!.zeroPoint !== 0))
    return `${dtype} has no zero point but 0`;
  const widths = members.map(({ parameters, tensor }) => {
    const [low, high] = rangeOf(parameters!, dtype!);
    return { tensor, width: high - low };
  });
  const narrow = widths.reduce((a, b) => (b.width < a.width ? b : a));
  const wide = widths.reduce((a, b) => (b.width > a.width ? b : a));
  const ratio = wide.width / narrow.width;
  if (ratio <= maxRatio) return undefined;
  return `the range of "${wide.tensor}" is ${ratio.toFixed(1)} times that of "${narrow.tensor}"; the limit is ${maxRatio}`;
}

function describe({ node, tensor, parameters }: Member, after: number | undefined): ScaleMember {
  const scale = parameters?.scale;
  const lost = scale === undefined || after === undefined ? 0 : Math.log2(after / scale);
  const quantizer = node.name || node.outputs.find(Boolean) || '';
  return { tensor, quantizer, scale, after: after ?? scale, bitsLost: lost };
}

function reasonOf(view: GraphView, { joins, quantizers }: ScaleClass): string {
  const operators = joins.filter(({ node }) => !isQuantize(node)).map(({ node }) => title(node));
  const counts = new Map<string, number>();
  for (const node of quantizers) {
    const value = node.inputs[0] ?? '';
    if (isQuantize(node)) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const shared = [...counts].flatMap(([value, count]) =>
    count > 1 ? [`"${value}" has ${count} quantizers`] : [],
  );
  const again = quantizers.flatMap((node) => {
    const before = view.producer(node.inputs[0] ?? '');
    return isQuantize(node) && before?.opType === 'DequantizeLinear'
      ? [`"${node.inputs[0]}" is quantized again`]
      : [];
  });
  return [...operators, ...shared, ...new Set(again)].join('; ');
}
