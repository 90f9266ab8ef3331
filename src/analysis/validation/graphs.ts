import {
  type Graph,
  type GraphView,
  maxGraphDepth,
  type Node,
  sortNodes,
  subgraphsOf,
  type Type,
} from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { nestedView, placeOf } from '../graphs.ts';
import { checkNode, type NodeRules } from './nodes.ts';
import { checkQuantizer } from './quantizers.ts';
import type { Report } from './report.ts';
import { checkSparse, checkTensor } from './tensors.ts';

/** Names visible inside a graph, and those the graphs around it make later. */
interface Scope {
  readonly defined: Set<string>;
  readonly later: ReadonlySet<string>;
  readonly outer: Scope | undefined;
  readonly depth: number;
  unsorted: boolean;
}

export interface GraphRules extends NodeRules {
  readonly irVersion: number;
  /** A model's own graph, whose inputs and outputs need types. */
  readonly isMain: boolean;
}

/** A graph and, up to the depth limit, the graphs inside its nodes: names, order, single assignment, nodes, constants. */
export function checkGraph(
  report: Report,
  graph: Graph,
  view: GraphView,
  path: string,
  rules: GraphRules,
): void {
  checkScope(report, graph, view, path, rules, undefined);
}

function checkScope(
  report: Report,
  graph: Graph,
  view: GraphView,
  path: string,
  rules: GraphRules,
  outer: Scope | undefined,
): void {
  const defined = new Set<string>();
  const later = new Set(graph.nodes.flatMap((node) => node.outputs));
  const scope: Scope = { defined, later, outer, depth: (outer?.depth ?? -1) + 1, unsorted: false };
  if (!graph.name && !rules.inFunction)
    report.error('missing-graph-name', path, 'The graph has no name.', 'Give it one.');
  checkInputs(report, graph, path, rules, scope);
  checkInitializers(report, graph, path, rules, scope);
  for (const node of graph.nodes) {
    const at = `${path}/${placeOf(node)}`;
    for (const [i, input] of node.inputs.entries()) checkRead(report, input, `${at}/input ${i}`, scope);
    checkNode(report, node, at, rules);
    report.attempt(at, () => checkQuantizer(report, view, node, at));
    for (const inner of subgraphsOf(node)) {
      if (scope.depth >= maxGraphDepth) {
        report.error(
          'too-deep',
          at,
          `Subgraphs are nested more than ${maxGraphDepth} levels deep.`,
          'The file is damaged.',
        );
        continue;
      }
      const innerPath = `${at}/${inner.name ?? ''}`;
      checkScope(report, inner, nestedView(inner, view), innerPath, { ...rules, isMain: false }, scope);
    }
    for (const [i, output] of node.outputs.entries()) checkWrite(report, output, `${at}/output ${i}`, scope);
  }
  checkOutputs(report, graph, path, rules, scope);
  if (scope.unsorted) checkOrder(report, graph.nodes, path);
}

function checkInputs(report: Report, graph: Graph, path: string, rules: GraphRules, scope: Scope): void {
  for (const input of graph.inputs) {
    const at = `${path}/${input.name}`;
    if (input.name === '') report.error('missing-name', path, 'An input has no name.', 'Give it one.');
    else if (scope.defined.has(input.name))
      report.error('duplicate-value', at, `Two inputs are called "${input.name}".`, 'Rename one.');
    else if (isVisible(input.name, scope.outer)) warnShadowing(report, input.name, at);
    scope.defined.add(input.name);
    if (rules.isMain) checkType(report, input.type, at, 'input');
  }
}

function checkInitializers(
  report: Report,
  graph: Graph,
  path: string,
  rules: GraphRules,
  scope: Scope,
): void {
  const inputs = new Set(scope.defined);
  const names = new Set<string>();
  const check = (name: string, at: string) => {
    if (name === '') {
      report.error('missing-name', at, 'An initializer has no name.', 'Give it one.');
      return;
    }
    if (names.has(name))
      report.error('duplicate-value', at, `Two initializers are called "${name}".`, 'Rename or remove one.');
    names.add(name);
    if (rules.irVersion <= 3 && rules.isMain && !inputs.has(name))
      report.error(
        'initializer-not-input',
        at,
        `The initializer "${name}" is no graph input, as IR version ${rules.irVersion} wants.`,
        'Add the input, or raise the IR version to 4.',
      );
    if (!inputs.has(name) && isVisible(name, scope.outer)) warnShadowing(report, name, at);
    scope.defined.add(name);
  };
  for (const tensor of graph.initializers) {
    const at = `${path}/${tensor.name ?? ''}`;
    check(tensor.name ?? '', at);
    checkTensor(report, tensor, at);
  }
  for (const sparse of graph.sparseInitializers) {
    const at = `${path}/${sparse.values?.name ?? ''}`;
    check(sparse.values?.name ?? '', at);
    checkSparse(report, sparse, at);
  }
}

function checkRead(report: Report, name: string, at: string, scope: Scope): void {
  if (name === '') return;
  for (let around: Scope | undefined = scope; around !== undefined; around = around.outer) {
    if (around.defined.has(name)) return;
    if (!around.later.has(name)) continue;
    around.unsorted = true;
    return;
  }
  report.error(
    'undefined-value',
    at,
    `Nothing makes the value "${name}".`,
    'Add what is missing, or export the model again.',
  );
}

function checkWrite(report: Report, name: string, at: string, scope: Scope): void {
  if (name === '') return;
  if (scope.defined.has(name))
    report.error(
      'duplicate-value',
      at,
      `"${name}" is made a second time.`,
      'Every value is made once; rename one.',
    );
  else if (isVisible(name, scope.outer))
    report.error('shadowed-value', at, `"${name}" is a value of an enclosing graph already.`, 'Rename it.');
  scope.defined.add(name);
}

function checkOutputs(report: Report, graph: Graph, path: string, rules: GraphRules, scope: Scope): void {
  for (const output of graph.outputs) {
    const at = `${path}/${output.name}`;
    if (output.name === '') report.error('missing-name', path, 'An output has no name.', 'Give it one.');
    else if (!scope.defined.has(output.name)) {
      const captured = isVisible(output.name, scope.outer);
      report.error(
        'undefined-output',
        at,
        `The output "${output.name}" is not made in this graph${captured ? ', only in one around it' : ''}.`,
        captured ? 'Put an Identity between.' : 'Remove it, or add what makes it.',
      );
    }
    if (rules.isMain) checkType(report, output.type, at, 'output');
  }
}

function checkType(report: Report, type: Type | undefined, at: string, what: string): void {
  let rest = type;
  for (
    let depth = 0;
    rest?.kind === 'sequence' || rest?.kind === 'optional' || rest?.kind === 'map';
    depth++
  ) {
    if (depth > maxGraphDepth) {
      report.error('too-deep', at, `The type of the ${what} is nested too deep.`, 'The file is damaged.');
      return;
    }
    rest = rest.kind === 'map' ? rest.valueType : rest.elem;
  }
  const missing =
    rest === undefined || rest.kind === 'none'
      ? 'type'
      : rest.kind !== 'tensor' && rest.kind !== 'sparse-tensor'
        ? undefined
        : rest.elemType === 'undefined'
          ? 'element type'
          : rest === type && rest.shape === undefined
            ? 'shape'
            : undefined;
  if (missing !== undefined)
    report.error(
      'missing-type',
      at,
      `The ${what} has no ${missing}.`,
      'Declare it; lengths in it may stay open.',
    );
}

/** The nodes are out of order, or no order exists. */
function checkOrder(report: Report, nodes: readonly Node[], path: string): void {
  try {
    sortNodes(nodes);
    report.error('unsorted-nodes', path, 'Some nodes come before what they read.', 'Sort the nodes.');
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    report.error(error.code, path, error.message, error.fix ?? 'The file is damaged.');
  }
}

function isVisible(name: string, scope: Scope | undefined): boolean {
  for (let around = scope; around !== undefined; around = around.outer)
    if (around.defined.has(name)) return true;
  return false;
}

function warnShadowing(report: Report, name: string, at: string): void {
  report.warning('shadowed-value', at, `"${name}" hides a value of an enclosing graph.`, 'Rename it.');
}
