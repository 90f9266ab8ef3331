import {
  type FunctionDefinition,
  findFunction,
  type Graph,
  type Node,
  namesRead,
  type OpsetImport,
  opsetOf,
  subgraphsOf,
} from '../ir/index.ts';
import { findSchema, normalDomain } from '../ops/index.ts';
import { type Finding, type Pass, pass, type RewriteRecord } from '../rewrite/index.ts';
import { mapGraphs, type Place } from './graphs.ts';

const name = 'remove-dead-values';

/**
 * Takes out what no output needs: nodes nobody reads, initializers nobody reads, and their value_info.
 *
 * Subgraph captures, quantization annotations and training information count as readers. Graph inputs stay, and so do
 * their defaults. A node of which one output is read stays as it is. An operator that is not known to be free of
 * side effects stays too, with a finding; random operators have none.
 */
export const removeDeadValues: Pass = pass({
  name,
  summary: 'Takes out nodes and initializers that no output needs.',
  reason: 'Folding and fusing leave their operands behind; engines load and some even run them.',
  condition: 'Nobody reads the value: no node, no subgraph, no graph output, no annotation.',
  run(model) {
    const rewrites: RewriteRecord[] = [];
    const findings: Finding[] = [];
    const changed = mapGraphs(model, 'inner-first', (graph, place) =>
      withoutDead(graph, place, rewrites, findings),
    );
    return { model: changed, rewrites, findings };
  },
});

function withoutDead(graph: Graph, place: Place, rewrites: RewriteRecord[], findings: Finding[]): Graph {
  for (let now = graph; ; ) {
    const records: RewriteRecord[] = [];
    const notes: Finding[] = [];
    const next = sweep(now, place, records, notes);
    for (const rewritten of records) rewrites.push(rewritten);
    if (next === now) {
      for (const note of notes) findings.push(note);
      return now;
    }
    now = next;
  }
}

/** One sweep; an annotation that goes with its value may leave more to remove. */
function sweep(graph: Graph, place: Place, rewrites: RewriteRecord[], findings: Finding[]): Graph {
  const reads = countReads(graph, place.pinned(graph));
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)),
  );
  const constants = removableConstants(graph);
  const dead = new Set<Node>();
  const gone = new Set<string>();

  const bury = (root: Node): void => {
    const before: Node[] = [];
    const removed: string[] = [];
    const pending = [root];
    dead.add(root);
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      before.push(node);
      for (const read of namesRead(node)) {
        const left = reads.get(read)! - 1;
        reads.set(read, left);
        if (left > 0) continue;
        if (constants.has(read) && !gone.has(read)) {
          gone.add(read);
          removed.push(read);
        }
        const producer = producers.get(read);
        if (producer === undefined || dead.has(producer) || !isUnread(producer, reads)) continue;
        if (!hasNoSideEffect(producer, place.surroundings)) continue;
        dead.add(producer);
        pending.push(producer);
      }
    }
    rewrites.push(record(place, root.outputs.find(Boolean) ?? root.name ?? '', before, removed));
  };

  for (const node of graph.nodes) {
    if (dead.has(node) || !isUnread(node, reads)) continue;
    if (hasNoSideEffect(node, place.surroundings)) bury(node);
    else findings.push(mayActOnTheWorld(node));
  }
  for (const constant of constants) {
    if (gone.has(constant) || (reads.get(constant) ?? 0) > 0) continue;
    gone.add(constant);
    rewrites.push(record(place, constant, [], [constant]));
  }
  return dead.size === 0 && gone.size === 0 ? graph : cut(graph, dead, gone);
}

function cut(graph: Graph, dead: ReadonlySet<Node>, gone: ReadonlySet<string>): Graph {
  const values = new Set([...gone, ...[...dead].flatMap((node) => node.outputs)]);
  const keep = <Item>(items: readonly Item[], nameOf: (item: Item) => string | undefined): readonly Item[] =>
    items.some((item) => values.has(nameOf(item) ?? ''))
      ? Object.freeze(items.filter((item) => !values.has(nameOf(item) ?? '')))
      : items;
  return Object.freeze({
    ...graph,
    nodes: dead.size === 0 ? graph.nodes : Object.freeze(graph.nodes.filter((node) => !dead.has(node))),
    initializers: keep(graph.initializers, (tensor) => tensor.name),
    sparseInitializers: keep(graph.sparseInitializers, (sparse) => sparse.values?.name),
    valueInfos: keep(graph.valueInfos, (info) => info.name),
    quantizationAnnotations: keep(graph.quantizationAnnotations, (annotation) => annotation.tensorName),
  });
}

/** How many places read each value: nodes, subgraphs, outputs, annotations and training information. */
function countReads(graph: Graph, pinned: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (value: string) => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const node of graph.nodes) for (const read of namesRead(node)) count(read);
  for (const output of graph.outputs) count(output.name);
  for (const value of pinned) count(value);
  return counts;
}

/** Initializers that are no graph input: nobody outside can see them. */
function removableConstants(graph: Graph): ReadonlySet<string> {
  const inputs = new Set(['', ...graph.inputs.map((input) => input.name)]);
  const names = [
    ...graph.initializers.map((tensor) => tensor.name ?? ''),
    ...graph.sparseInitializers.map((sparse) => sparse.values?.name ?? ''),
  ];
  return new Set(names.filter((constant) => !inputs.has(constant)));
}

function isUnread(node: Node, reads: ReadonlyMap<string, number>): boolean {
  return node.outputs.every((output) => output === '' || (reads.get(output) ?? 0) === 0);
}

interface Imports {
  readonly opsetImports: readonly OpsetImport[];
  readonly functions: readonly FunctionDefinition[];
}

/** Whether running a node does nothing but make its outputs, as every operator with a schema and every function of such. */
function hasNoSideEffect(node: Node, imports: Imports, callers: readonly FunctionDefinition[] = []): boolean {
  const definition = findFunction(imports.functions, node);
  if (definition !== undefined) {
    if (callers.includes(definition) || callers.length > 100) return false;
    const inner = { ...imports, opsetImports: definition.opsetImports };
    return definition.nodes.every((called) => hasNoSideEffect(called, inner, [...callers, definition]));
  }
  const opset = opsetOf(imports.opsetImports, node.domain);
  const known =
    (opset !== undefined && findSchema(node.domain, node.opType, opset) !== undefined) ||
    (normalDomain(node.domain) === 'com.microsoft' && /^(De)?[Qq]uantizeLinear$/.test(node.opType));
  return (
    known &&
    subgraphsOf(node).every((graph) => graph.nodes.every((inner) => hasNoSideEffect(inner, imports, callers)))
  );
}

function mayActOnTheWorld(node: Node): Finding {
  const domain = normalDomain(node.domain);
  const operator = domain === '' ? node.opType : `${domain}::${node.opType}`;
  const message = `nobody reads what ${operator} makes, but it is not known to be free of side effects; it stays`;
  return { rule: name, at: node.outputs.find(Boolean) ?? node.name ?? '', message };
}

function record(
  place: Place,
  at: string,
  before: readonly Node[],
  removed: readonly string[],
): RewriteRecord {
  return Object.freeze({
    rule: name,
    effect: 'exact',
    graph: place.path,
    at,
    before: Object.freeze(before),
    after: Object.freeze([]),
    added: Object.freeze([]),
    removed: Object.freeze(removed),
  });
}
