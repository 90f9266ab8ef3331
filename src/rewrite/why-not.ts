import { createTypeOracle } from '../analysis/index.ts';
import { type Graph, type GraphView, type Model, type Node, titleOf, viewOf } from '../ir/index.ts';
import { type Mismatch, matchAt, type Scope } from '../pattern/index.ts';
import { RuleError } from '../support/errors.ts';
import { objectionOf } from './driver.ts';
import type { Rule } from './rule.ts';

/** Everything that was tried at one node, and why each attempt ended. */
export interface Decision {
  readonly rule: string;
  readonly node: Node;
  readonly matches: boolean;
  /** Every failed step, in the order they were tried. */
  readonly mismatches: readonly Mismatch[];
}

/** The full decision trail of a rule at a node of the main graph. */
export function decide(rule: Rule, model: Model, node: Node): Decision {
  const view = viewOf(model);
  const oracle = createTypeOracle(view);
  const scope: Scope = { view, typeOf: (value) => oracle.typeOf(value) };
  return decideIn(scope, rule, node);
}

/**
 * Why a rule does not fire: at a node – given as itself, its name, or a value it makes – or, without one, wherever it
 * came nearest. One line for each failed step of that attempt, nearest miss first; undefined where nothing stands in the way.
 */
export function whyNot(rule: Rule, model: Model, node?: Node | string): string | undefined {
  const view = viewOf(model);
  const oracle = createTypeOracle(view);
  const scope: Scope = { view, typeOf: (value) => oracle.typeOf(value) };
  const candidates = node === undefined ? rootsIn(model.graph, rule) : [findNode(model.graph, view, node)];
  if (candidates.length === 0) {
    return `there is no ${rule.roots[0]!.options.operators.join(' or ')} in the graph`;
  }
  const decisions = candidates.map((candidate) => decideIn(scope, rule, candidate));
  if (decisions.some((decision) => decision.matches)) return undefined;
  const nearest = decisions.reduce((best, decision) => (reach(decision) > reach(best) ? decision : best));
  const inOrder = [...nearest.mismatches].sort((a, b) => b.progress - a.progress);
  return [...new Set(inOrder.map((mismatch) => mismatch.reason))].join('\n');
}

function decideIn(scope: Scope, rule: Rule, node: Node): Decision {
  const mismatches: Mismatch[] = [];
  const at = node.outputs[0] ?? '';
  const match = matchAt(scope, node, {
    roots: rule.roots,
    objection: (found) => objectionOf(rule, found, at),
    mismatches,
  });
  return Object.freeze({
    rule: rule.name,
    node,
    matches: match !== undefined,
    mismatches: Object.freeze(mismatches),
  });
}

function reach(decision: Decision): number {
  return Math.max(0, ...decision.mismatches.map((mismatch) => mismatch.progress));
}

function rootsIn(graph: Graph, rule: Rule): readonly Node[] {
  return graph.nodes.filter((node) => rule.roots[0]!.options.operators.includes(node.opType));
}

function findNode(graph: Graph, view: GraphView, wanted: Node | string): Node {
  if (typeof wanted !== 'string') {
    if (graph.nodes.includes(wanted)) return wanted;
    throw new RuleError('no-such-node', `${titleOf(wanted)} is not a node of this model's main graph.`);
  }
  const found = view.producer(wanted) ?? graph.nodes.find((node) => node.name === wanted);
  if (found !== undefined) return found;
  throw new RuleError('no-such-node', `No node is called "${wanted}" or makes a value of that name.`);
}
