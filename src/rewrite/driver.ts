import { canonicalOrder } from '../analysis/index.ts';
import {
  functionSurroundings,
  type Graph,
  GraphSession,
  type Model,
  maxGraphDepth,
  NameSource,
  type Node,
  recordChange,
  type Surroundings,
  subgraphsOf,
} from '../ir/index.ts';
import { makeAttribute } from '../ops/index.ts';
import { type Match, matchAt, type Scope } from '../pattern/index.ts';
import { ModelError } from '../support/errors.ts';
import { applyMatch, guardedCaptures, runUserCode } from './apply.ts';
import { Lineage } from './lineage.ts';
import { complete, type Finding, type RewriteRecord, type StopReason } from './record.ts';
import type { Rule } from './rule.ts';
import type { RuleSet } from './rule-set.ts';
import type { TraceStep } from './trace.ts';
import { createTypes, type Types } from './types.ts';
import { WorkList } from './work-list.ts';

export interface DriverOptions {
  /** Most rewrites of one call; by default 1,000 and 50 for every node. */
  readonly maxRewrites?: number | undefined;
  /** Told after every rewrite. */
  readonly onRewrite?: ((record: RewriteRecord) => void) | undefined;
}

export interface Driven {
  readonly model: Model;
  readonly step: TraceStep;
  /** What rules that only report have to say of the result. */
  readonly findings: readonly Finding[];
  readonly stop: StopReason;
}

/** Applies the rules of a set everywhere – main graph, subgraphs, functions – until none matches. */
export function applyRules(model: Model, rules: RuleSet, options: DriverOptions = {}): Driven {
  const job = new Job(model, rules, options);
  const graph = job.graph(model.graph, model, 'main', 0);
  const functions = model.functions.map((definition, i) => {
    const { graph: body, surroundings } = functionSurroundings(model, i);
    const result = job.graph(
      body,
      surroundings,
      `function ${definition.domain ?? ''}.${definition.name ?? ''}`,
      0,
    );
    return result === body
      ? definition
      : Object.freeze({ ...definition, nodes: withConstantNodes(result), valueInfos: result.valueInfos });
  });
  const unchanged = functions.every((definition, i) => definition === model.functions[i]);
  const change = recordChange(model, {
    ...model,
    graph,
    functions: unchanged ? model.functions : Object.freeze(functions),
  });
  const step = {
    stage: rules.name,
    rewrites: Object.freeze(job.records),
    patches: change.patches,
    inversePatches: change.inversePatches,
  };
  const findings = Object.freeze([...job.findings.values()].flat());
  return { model: change.model, step: Object.freeze(step), findings, stop: job.stop ?? complete };
}

/** The rules that have a root of some operator: where each stands in the set, and which of its roots. */
interface Entry {
  readonly priority: number;
  readonly anchor: number;
}

/** Everything one call shares: rules by operator, names, limits, and the record. */
class Job {
  readonly records: RewriteRecord[] = [];
  /** By the path of the graph. */
  readonly findings = new Map<string, readonly Finding[]>();
  stop: StopReason | undefined;
  readonly #rules: readonly Rule[];
  readonly #byOperator = new Map<string, Entry[]>();
  readonly #names: NameSource;
  readonly #depth: number;
  readonly #reach: number;
  readonly #options: DriverOptions;
  /** Nodes at which a rule matched and then thought better of it. */
  readonly #declined = new WeakSet<Node>();
  #left: number;

  constructor(model: Model, rules: RuleSet, options: DriverOptions) {
    this.#options = options;
    this.#rules = rules.rules;
    this.#names = NameSource.of(model);
    this.#left = options.maxRewrites ?? 1000 + 50 * model.graph.nodes.length;
    this.#depth = Math.max(1, ...rules.rules.map((rule) => rule.facts.depth));
    this.#reach = Math.max(0, ...rules.rules.map((rule) => rule.facts.reach));
    this.#rules.forEach((rule, priority) => {
      if (rule.report !== undefined) return;
      rule.roots.forEach((root, anchor) => {
        for (const operator of root.options.operators) {
          const entries = this.#byOperator.get(operator) ?? [];
          entries.push({ priority, anchor });
          this.#byOperator.set(operator, entries);
        }
      });
    });
  }

  /**
   * Rewrites a graph and the graphs inside it; the same object when nothing matched. What changes around a subgraph may
   * open the way for a rule inside it, so a graph that holds others is gone through until it stays as it is.
   */
  graph(graph: Graph, surroundings: Surroundings, path: string, depth: number, outer?: Types): Graph {
    let before = graph;
    for (;;) {
      const after = this.#round(before, surroundings, path, depth, outer);
      const isSettled = after === before || after.nodes.every((node) => subgraphsOf(node).length === 0);
      if (isSettled || this.stop !== undefined) return after;
      before = after;
    }
  }

  /** The graphs inside first, then the graph itself, once. */
  #round(graph: Graph, surroundings: Surroundings, path: string, depth: number, outer?: Types): Graph {
    if (depth > maxGraphDepth)
      throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`, {
        at: path,
      });
    // Where several nodes around a match fit a second root, the first is taken: their order must not be the file's.
    const session = new GraphSession(graph, surroundings, this.#names, canonicalOrder(graph));
    if (path === 'main') this.#names.follow((name) => session.knows(name));
    const types = createTypes(session, outer);
    for (const node of graph.nodes) this.#insideNode(node, session, types, surroundings, path, depth);
    let before: number;
    do {
      before = this.records.length;
      this.#sweep(session, types, path);
    } while (this.stop === undefined && this.records.length > before && this.#anyMatch(session, types));
    this.#report(session, types, path);
    return session.finish();
  }

  #insideNode(
    node: Node,
    session: GraphSession,
    types: Types,
    surroundings: Surroundings,
    path: string,
    depth: number,
  ): void {
    if (subgraphsOf(node).length === 0) return;
    const inner: Surroundings = { ...surroundings, outer: session };
    const place = `${path}/${node.name || node.outputs[0] || node.opType}`;
    const rewritten = (graph: Graph, name: string) =>
      this.graph(graph, inner, `${place}/${name}`, depth + 1, types);
    const attributes = node.attributes.map((attribute) => {
      if (attribute.type === 'GRAPH') {
        const value = rewritten(attribute.value, attribute.name);
        return value === attribute.value ? attribute : Object.freeze({ ...attribute, value });
      }
      if (attribute.type === 'GRAPHS') {
        const value = attribute.value.map((graph, i) => rewritten(graph, `${attribute.name}[${i}]`));
        return value.every((graph, i) => graph === attribute.value[i])
          ? attribute
          : Object.freeze({ ...attribute, value });
      }
      return attribute;
    });
    if (attributes.some((attribute, i) => attribute !== node.attributes[i])) {
      session.replace(node, Object.freeze({ ...node, attributes: Object.freeze(attributes) }));
    }
  }

  /**
   * Tries every rule at every node once, and again around whatever changes. A rule comes to its turn when no earlier
   * rule has a node left to look at; nodes come in an order that depends on neither names nor file order.
   */
  #sweep(session: GraphSession, types: Types, path: string): void {
    const work = new WorkList(this.#rules.length);
    const nodes = canonicalOrder(session.finish());
    for (const node of nodes) this.#enqueue(node, work);
    const lineage = new Lineage(nodes.length);
    for (let task = work.take(); task !== undefined; task = work.take()) {
      if (!session.has(task.node)) continue;
      const touched = this.#visit(task.node, task.priority, session, types, path, lineage);
      if (this.stop !== undefined) return;
      if (touched === undefined) continue;
      for (const near of this.#near(touched, session)) this.#enqueue(near, work);
    }
  }

  /** Whether a sweep has left something over: it does where a value has too many readers to look at them all every time. */
  #anyMatch(session: GraphSession, types: Types): boolean {
    const scope: Scope = { view: session, typeOf: types.typeOf };
    for (const node of session.nodes()) {
      for (const { priority, anchor } of this.#byOperator.get(node.opType) ?? []) {
        const rule = this.#rules[priority]!;
        if (!isPossible(rule, session) || this.#declined.has(node)) continue;
        if (findMatch(scope, node, rule, anchor) !== undefined) return true;
      }
    }
    return false;
  }

  /** Asks the rules that only report, once nothing changes any more. */
  #report(session: GraphSession, types: Types, path: string): void {
    const reporting = this.#rules.filter((rule) => rule.report !== undefined && isPossible(rule, session));
    if (reporting.length === 0) return;
    const scope: Scope = { view: session, typeOf: types.typeOf };
    const findings = session.nodes().flatMap((node) =>
      reporting.flatMap((rule): Finding[] => {
        if (!rule.roots[0]!.options.operators.includes(node.opType)) return [];
        const match = findMatch(scope, node, rule);
        if (match === undefined) return [];
        const at = node.outputs[0] ?? '';
        const message = runUserCode(rule, 'report', at, () =>
          rule.report!(guardedCaptures(rule, match.captures)),
        );
        return [Object.freeze({ rule: rule.name, at, message })];
      }),
    );
    this.findings.set(path, findings);
  }

  #enqueue(node: Node, work: WorkList): void {
    for (const { priority } of this.#byOperator.get(node.opType) ?? []) work.add(priority, node);
  }

  /** Applies a rule at a node if it matches; gives the values around the change. */
  #visit(
    node: Node,
    priority: number,
    session: GraphSession,
    types: Types,
    path: string,
    lineage: Lineage,
  ): readonly string[] | undefined {
    const rule = this.#rules[priority]!;
    if (!isPossible(rule, session)) return undefined;
    const scope: Scope = { view: session, typeOf: types.typeOf };
    for (const entry of this.#byOperator.get(node.opType)!) {
      if (entry.priority !== priority) continue;
      const match = findMatch(scope, node, rule, entry.anchor);
      if (match === undefined) continue;
      const measure = measureOf(rule, match);
      const refusal = lineage.refuse(rule, match, measure) ?? this.#overLimit(rule);
      if (refusal !== undefined) {
        this.stop = Object.freeze({ ...refusal, rule: rule.name, at: node.outputs[0] ?? '' });
        return undefined;
      }
      const applied = applyMatch(session, types, rule, match, path);
      if (applied === undefined) {
        this.#declined.add(node);
        continue;
      }
      lineage.record(rule, match, measure, applied.record.after);
      this.#left -= 1;
      this.records.push(applied.record);
      this.#options.onRewrite?.(applied.record);
      return applied.touched;
    }
    return undefined;
  }

  #overLimit(rule: Rule): StopReason | undefined {
    if (this.#left > 0) return undefined;
    return { kind: 'limit', message: `the rewrite limit was reached while ${rule.name} still matched` };
  }

  /** Nodes whose matches may be different after a change: those around it, and downstream as far as any pattern reaches. */
  #near(touched: readonly string[], session: GraphSession): Set<Node> {
    const near = new Set<Node>(this.#above(touched, session));
    let values: readonly string[] = touched;
    for (let depth = 0; depth <= this.#depth && values.length > 0; depth++) {
      const further: string[] = [];
      for (const value of values) {
        const producer = depth === 0 ? session.producer(value) : undefined;
        if (producer !== undefined) near.add(producer);
        // A value read by very many is left to the next sweep; walking them after every rewrite would cost the square.
        if (session.readerCount(value) > 16) continue;
        for (const reader of session.readers(value)) {
          if (near.has(reader)) continue;
          near.add(reader);
          further.push(...reader.outputs);
        }
      }
      values = further;
    }
    return near;
  }

  /** Nodes above some values that a root looking downwards may sit at. */
  #above(touched: readonly string[], session: GraphSession): readonly Node[] {
    const found: Node[] = [];
    let values = touched;
    for (let level = 0; level < this.#reach; level++) {
      const makers = new Set(values.flatMap((value) => session.producer(value) ?? []));
      found.push(...makers);
      values = [...makers].flatMap((maker) => maker.inputs);
    }
    return found;
  }
}

/** A match of a rule with its guard, anchored at a node. */
export function findMatch(scope: Scope, node: Node, rule: Rule, anchor = 0): Match | undefined {
  const at = node.outputs[0] ?? '';
  return matchAt(scope, node, {
    roots: rule.roots,
    anchor,
    objection: (match) => objectionOf(rule, match, at),
  });
}

/** What a rule's guard says of a match. */
export function objectionOf(rule: Rule, match: Match, at: string): string | undefined {
  if (rule.unless === undefined) return undefined;
  const answer = runUserCode(rule, 'guard', at, () => rule.unless!(guardedCaptures(rule, match.captures)));
  return typeof answer === 'string' && answer !== '' ? answer : undefined;
}

function isPossible(rule: Rule, session: GraphSession): boolean {
  for (const operator of rule.facts.required) if (session.count(operator) === 0) return false;
  return true;
}

function measureOf(rule: Rule, match: Match): number | undefined {
  if (rule.measure === undefined) return undefined;
  return runUserCode(rule, 'measure', match.roots[0]!.outputs[0] ?? '', () =>
    rule.measure!(guardedCaptures(rule, match.captures)),
  );
}

/** Functions have no initializers: what a rule added becomes Constant nodes. */
function withConstantNodes(graph: Graph): readonly Node[] {
  const constants = graph.initializers.map(
    (tensor): Node =>
      Object.freeze({
        opType: 'Constant',
        name: tensor.name,
        inputs: Object.freeze([]),
        outputs: Object.freeze([tensor.name!]),
        attributes: Object.freeze([makeAttribute('value', tensor.withName(undefined), 'TENSOR')]),
        metadata: Object.freeze([]),
        deviceConfigurations: Object.freeze([]),
      }),
  );
  return Object.freeze([...constants, ...graph.nodes]);
}
