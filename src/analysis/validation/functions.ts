import {
  createView,
  type FunctionDefinition,
  functionBody,
  type Model,
  type Node,
  opsetOf,
  subgraphsOf,
} from '../../ir/index.ts';
import { findSchema, normalDomain } from '../../ops/index.ts';
import { checkGraph } from './graphs.ts';
import type { Report } from './report.ts';

/** Deepest chain of functions that call functions, as in the ONNX checker. */
const maxDepth = 100;
/** Most functions in a model, as in the ONNX checker. */
const maxFunctions = 10_000;

/** Finds the function a node calls, in constant time. */
export function functionFinder(
  functions: readonly FunctionDefinition[],
): (node: Node) => FunctionDefinition | undefined {
  const known = new Map(functions.map((definition) => [keyOf(definition, definition.name), definition]));
  return (node) => (known.size === 0 ? undefined : known.get(keyOf(node, node.opType)));
}

/** The functions of a model: identity, interface, body, calls. */
export function checkFunctions(
  report: Report,
  model: Model,
  findFunction: (node: Node) => FunctionDefinition | undefined,
): void {
  const { functions } = model;
  if (functions.length > maxFunctions) {
    const message = `The model has ${functions.length} functions; ${maxFunctions} is the limit.`;
    report.error('too-many-functions', 'functions', message, 'Inline some.');
    return;
  }
  const keys = new Set<string>();
  for (const definition of functions) {
    const at = `function ${definition.name ?? ''}`;
    const key = keyOf(definition, definition.name);
    if (keys.has(key))
      report.error('duplicate-function', at, `Two functions are called "${definition.name}".`, 'Rename one.');
    keys.add(key);
    checkInterface(report, model, definition, at);
    checkBody(report, model, definition, at, findFunction);
  }
  checkCalls(report, functions, findFunction);
}

function checkInterface(report: Report, model: Model, definition: FunctionDefinition, at: string): void {
  if (!definition.name) report.error('missing-name', at, 'A function has no name.', 'Give it one.');
  if ((model.irVersion ?? 0) >= 8 && !definition.domain)
    report.error(
      'missing-domain',
      at,
      'The function has no domain.',
      'Give it one; nodes name it by domain and name.',
    );
  const attributes = [...definition.attributes, ...definition.attributeDefaults.map(({ name }) => name)];
  const lists = { inputs: definition.inputs, outputs: definition.outputs, attributes };
  for (const [what, names] of Object.entries(lists)) {
    if (new Set(names).size < names.length)
      report.error('duplicate-value', at, `Two ${what} of the function have one name.`, 'Rename one.');
  }
}

function checkBody(
  report: Report,
  model: Model,
  definition: FunctionDefinition,
  at: string,
  findFunction: (node: Node) => FunctionDefinition | undefined,
): void {
  const { opsetImports } = definition;
  const { functions, irVersion } = model;
  const graph = functionBody(definition);
  const opset = (domain: string | undefined) => opsetOf(opsetImports, domain);
  const view = createView(graph, { opsetImports, functions, irVersion });
  checkGraph(report, graph, view, at, {
    opset,
    findFunction,
    inFunction: true,
    irVersion: irVersion ?? 0,
    isMain: false,
  });
  for (const node of definition.nodes) {
    const [own, whole] = [opset(node.domain), opsetOf(model.opsetImports, node.domain)];
    if (own === whole || own === undefined || whole === undefined || findFunction(node) !== undefined)
      continue;
    const [mine, theirs] = [own, whole].map(
      (version) => findSchema(node.domain, node.opType, version)?.since,
    );
    if (mine === theirs) continue;
    report.error(
      'function-opset',
      `${at}/${node.name || node.outputs[0] || node.opType}`,
      `${node.opType} means opset ${own} in the function and opset ${whole} in the model, which are not the same.`,
      `Import opset ${whole} of "${normalDomain(node.domain)}" in the function.`,
    );
  }
}

/** No function calls itself, directly or through others, and chains of calls are short. */
function checkCalls(
  report: Report,
  functions: readonly FunctionDefinition[],
  findFunction: (node: Node) => FunctionDefinition | undefined,
): void {
  const heights = new Map<FunctionDefinition, number>();
  const open = new Set<FunctionDefinition>();
  const callees = new Map(functions.map((definition) => [definition, calledBy(definition, findFunction)]));
  for (const root of functions) {
    const pending = [root];
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const inner = callees.get(top) ?? [];
      const next = inner.find((callee) => !heights.has(callee));
      if (heights.has(top)) pending.pop();
      else if (next !== undefined && open.has(next)) {
        const message = `The function "${next.name}" calls itself, directly or through others.`;
        report.error(
          'recursive-function',
          `function ${next.name ?? ''}`,
          message,
          'Functions must not be recursive.',
        );
        return;
      } else if (next !== undefined) {
        open.add(top);
        open.add(next);
        pending.push(next);
      } else {
        const height = 1 + Math.max(0, ...inner.map((callee) => heights.get(callee)!));
        heights.set(top, height);
        open.delete(top);
        pending.pop();
        if (height > maxDepth) {
          const message = `Functions call each other more than ${maxDepth} levels deep.`;
          report.error('too-deep', `function ${top.name ?? ''}`, message, 'Inline some.');
          return;
        }
      }
    }
  }
}

function calledBy(
  definition: FunctionDefinition,
  findFunction: (node: Node) => FunctionDefinition | undefined,
): readonly FunctionDefinition[] {
  const called = new Set<FunctionDefinition>();
  const pending: (readonly Node[])[] = [definition.nodes];
  for (let nodes = pending.pop(); nodes !== undefined; nodes = pending.pop()) {
    for (const node of nodes) {
      const callee = findFunction(node);
      if (callee !== undefined) called.add(callee);
      for (const inner of subgraphsOf(node)) pending.push(inner.nodes);
    }
  }
  return [...called];
}

function keyOf(
  item: { domain?: string | undefined; overload?: string | undefined },
  name: string | undefined,
): string {
  return `${item.domain ?? ''}\0${name ?? ''}\0${item.overload ?? ''}`;
}
