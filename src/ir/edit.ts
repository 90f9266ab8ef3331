import { enablePatches, type Patch, produceWithPatches, setAutoFreeze } from 'immer';
import { ModelError } from '../support/errors.ts';
import { GraphSession } from './graph-session.ts';
import { functionBody, type Surroundings } from './graph-view.ts';
import type { Graph, Model, Node } from './model.ts';
import { NameSource } from './names.ts';
import { renameReads } from './rename.ts';
import type { Tensor } from './tensor.ts';

enablePatches();
setAutoFreeze(true);

/** A change to a graph, as a value: collected first, applied together by `applyEdits`. */
export type Edit =
  | { readonly kind: 'replace-node'; readonly node: Node; readonly by: readonly Node[] }
  | { readonly kind: 'insert-before'; readonly node: Node; readonly nodes: readonly Node[] }
  | { readonly kind: 'append'; readonly nodes: readonly Node[] }
  | {
      readonly kind: 'rewire';
      readonly from: string;
      readonly to: string;
      readonly readers?: readonly Node[];
    }
  | { readonly kind: 'rename-value'; readonly from: string; readonly to: string }
  | { readonly kind: 'add-initializer'; readonly tensor: Tensor }
  | { readonly kind: 'replace-initializer'; readonly tensor: Tensor }
  | { readonly kind: 'remove-initializer'; readonly name: string };

/** Puts other nodes (or none) in a node's place; they have to make every value of it that is still read. */
export function replaceNode(node: Node, ...by: readonly Node[]): Edit {
  return { kind: 'replace-node', node, by };
}

/** Takes a node out. */
export function removeNode(node: Node): Edit {
  return { kind: 'replace-node', node, by: [] };
}

export function insertBefore(node: Node, ...nodes: readonly Node[]): Edit {
  return { kind: 'insert-before', node, nodes };
}

/** Adds nodes at the end; the order is put right when the edits are applied. */
export function append(...nodes: readonly Node[]): Edit {
  return { kind: 'append', nodes };
}

/** Makes readers of `from` – all of them, subgraphs included, or only the given nodes – read `to`. Graph outputs stay. */
export function rewire(from: string, to: string, readers?: readonly Node[]): Edit {
  return { kind: 'rewire', from, to, ...(readers === undefined ? {} : { readers }) };
}

/**
 * Puts a node between a value and its readers: `node` reads `value`, and the readers read the node's first output.
 */
export function insertBetween(value: string, node: Node, readers?: readonly Node[]): readonly Edit[] {
  const output = node.outputs[0];
  if (output === undefined || !node.inputs.includes(value)) {
    throw new ModelError(
      'bad-edit',
      `A ${node.opType} put behind "${value}" has to read it and to make a value of its own.`,
    );
  }
  return [rewire(value, output, readers), append(node)];
}

/** Gives a value made by a node another name everywhere inside the graph. */
export function renameValue(from: string, to: string): Edit {
  return { kind: 'rename-value', from, to };
}

export function addInitializer(tensor: Tensor): Edit {
  return { kind: 'add-initializer', tensor };
}

/** Puts another tensor in the place of the initializer of the same name. */
export function replaceInitializer(tensor: Tensor): Edit {
  return { kind: 'replace-initializer', tensor };
}

export function removeInitializer(name: string): Edit {
  return { kind: 'remove-initializer', name };
}

/** A changed model, with what leads there and back. */
export interface Change {
  readonly model: Model;
  /** Immer patches from the model before to the model after. */
  readonly patches: readonly Patch[];
  readonly inversePatches: readonly Patch[];
}

/**
 * Applies edits to the main graph, in order, all in one step. The model given is untouched.
 *
 * @throws ModelError `no-such-node`, `duplicate-name`, `cyclic-graph` – nothing is changed then
 */
export function applyEdits(model: Model, edits: Iterable<Edit | readonly Edit[]>): Change {
  const session = new GraphSession(model.graph, model, NameSource.of(model));
  for (const edit of edits)
    for (const single of Array.isArray(edit) ? (edit as readonly Edit[]) : [edit as Edit])
      applyEdit(session, single);
  return recordChange(model, { ...model, graph: session.finish() });
}

/** Applies one edit to a session. */
export function applyEdit(session: GraphSession, edit: Edit): void {
  switch (edit.kind) {
    case 'replace-node':
      for (const node of edit.by) session.insertBefore(node, edit.node);
      session.remove(edit.node);
      return;
    case 'insert-before':
      for (const node of edit.nodes) session.insertBefore(node, edit.node);
      return;
    case 'append':
      for (const node of edit.nodes) session.append(node);
      return;
    case 'rewire':
      if (edit.readers === undefined) session.rewire(edit.from, edit.to);
      else
        for (const node of edit.readers)
          session.replace(node, renameReads(node, new Map([[edit.from, edit.to]])));
      return;
    case 'rename-value':
      session.rename(edit.from, edit.to);
      return;
    case 'add-initializer':
      session.addInitializer(edit.tensor);
      return;
    case 'replace-initializer':
      session.replaceInitializer(edit.tensor);
      return;
    case 'remove-initializer':
      session.removeInitializer(edit.name);
  }
}

/**
 * The step from one model to another as a single immer `produce`, with its patches. Lists of equal length are compared
 * element by element, so that a patch names what changed; others are replaced as a whole.
 */
export function recordChange(before: Model, after: Model): Change {
  const [model, patches, inversePatches] = produceWithPatches(before, (draft) => {
    syncFields(draft, before, after, ['graph', 'functions']);
    syncFields(draft.graph, before.graph, after.graph, []);
    syncLists(draft, 'functions', before.functions, after.functions);
  });
  return { model, patches, inversePatches };
}

/** The surroundings of a function body: its own imports, the model's functions, nothing to capture. */
export function functionSurroundings(
  model: Model,
  index: number,
): { readonly graph: Graph; readonly surroundings: Surroundings } {
  const definition = model.functions[index]!;
  const opsetImports = definition.opsetImports.length > 0 ? definition.opsetImports : model.opsetImports;
  return { graph: functionBody(definition), surroundings: { opsetImports, functions: model.functions } };
}

export { applyPatches, type Patch } from 'immer';

type Fields = { [key: string]: unknown };

function syncFields(draft: object, before: object, after: object, except: readonly string[]): void {
  const [target, old, now] = [draft as Fields, before as Fields, after as Fields];
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (except.includes(key) || old[key] === now[key]) continue;
    if (Array.isArray(old[key]) && Array.isArray(now[key])) syncLists(target, key, old[key], now[key]);
    else target[key] = now[key];
  }
}

/** Beyond this many changed elements a list is recorded as a whole: a patch for each would cost more than it tells. */
const maxSinglePatches = 256;

function syncLists(draft: object, key: string, before: readonly unknown[], after: readonly unknown[]): void {
  if (before === after) return;
  const target = draft as Fields;
  if (before.length !== after.length) {
    target[key] = after;
    return;
  }
  const different: number[] = [];
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) different.push(i);
  if (different.length > maxSinglePatches) target[key] = after;
  else for (const i of different) (target[key] as unknown[])[i] = after[i];
}
