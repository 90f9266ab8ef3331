import {
  type FunctionDefinition,
  type Model,
  type Node,
  type OpsetImport,
  type StringEntry,
  storageOf,
  type Tensor,
  type ValueInfo,
  valuesOf,
} from '../ir/index.ts';
import { isNumeric, normalDomain } from '../ops/index.ts';
import { equalMessages, equalModels, equalTensors } from './equality.ts';
import { type MatchedNodes, matchNodes, type NodeChange } from './match-nodes.ts';

export type { NodeChange } from './match-nodes.ts';

/** What came, what went, and what is still there but different. */
export interface Changes<Item, Change> {
  readonly added: readonly Item[];
  readonly removed: readonly Item[];
  readonly changed: readonly Change[];
}

export interface TensorChange {
  readonly name: string;
  readonly before: Tensor;
  readonly after: Tensor;
  /** Largest difference of two elements; `undefined` when shapes differ or there are no numbers to compare. */
  readonly largestDifference: number | undefined;
}

export interface InfoChange {
  readonly name: string;
  readonly before: ValueInfo;
  readonly after: ValueInfo;
}

/** A setting with its values before and after; `undefined` where it is absent. */
export interface SettingChange<Value> {
  readonly key: string;
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** How two models differ. */
export interface ModelDiff {
  /** Every field is the same, not only what is listed here. */
  readonly identical: boolean;
  readonly nodes: Changes<Node, NodeChange>;
  /** Values that only changed their names, before → after. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Whether the nodes that stayed come in another order. */
  readonly reordered: boolean;
  readonly initializers: Changes<Tensor, TensorChange>;
  readonly inputs: Changes<ValueInfo, InfoChange>;
  readonly outputs: Changes<ValueInfo, InfoChange>;
  readonly functions: Changes<FunctionDefinition, string>;
  readonly opsets: readonly SettingChange<number>[];
  /** Producer, versions and metadata entries of the model. */
  readonly metadata: readonly SettingChange<string>[];
}

/**
 * What changed between two versions of a model. Nodes are matched by what they make, then by what they compute, so a
 * node whose output was renamed is not reported as one removed and one added.
 */
export function diff(before: Model, after: Model): ModelDiff {
  const matched: MatchedNodes = matchNodes(before.graph.nodes, after.graph.nodes);
  const renamed = new Map(matched.renamed);
  return {
    identical: equalModels(before, after),
    nodes: matched,
    initializers: tensorChanges(before.graph.initializers, after.graph.initializers, renamed),
    renamed,
    reordered: matched.reordered,
    inputs: infoChanges(before.graph.inputs, after.graph.inputs),
    outputs: infoChanges(before.graph.outputs, after.graph.outputs),
    functions: functionChanges(before.functions, after.functions),
    opsets: settingChanges(opsetsOf(before.opsetImports), opsetsOf(after.opsetImports)),
    metadata: settingChanges(metadataOf(before), metadataOf(after)),
  };
}

function tensorChanges(
  before: readonly Tensor[],
  after: readonly Tensor[],
  renamed: ReadonlyMap<string, string>,
): Changes<Tensor, TensorChange> {
  const later = byName(after, ({ name }) => name ?? '');
  const earlier = byName(before, ({ name }) => name ?? '');
  const changed: TensorChange[] = [];
  const removed: Tensor[] = [];
  const kept = new Set<string>();
  for (const [name, tensor] of earlier) {
    const now = renamed.get(name) ?? name;
    const other = later.get(now);
    if (other === undefined) removed.push(tensor);
    else {
      kept.add(now);
      if (!equalTensors(tensor, other))
        changed.push({
          name: now,
          before: tensor,
          after: other,
          largestDifference: largestDifference(tensor, other),
        });
    }
  }
  return { added: after.filter(({ name }) => !kept.has(name ?? '')), removed, changed };
}

function largestDifference(a: Tensor, b: Tensor): number | undefined {
  if (a.dims.join() !== b.dims.join() || !isNumeric(a.dtype) || !isNumeric(b.dtype)) return undefined;
  if (storageOf(a).kind === 'missing' || storageOf(b).kind === 'missing') return undefined;
  const [left, right] = [valuesOf(a), valuesOf(b)];
  let largest = 0;
  for (let i = 0; i < left.length; i++) {
    const [x, y] = [Number(left[i]), Number(right[i])];
    if (Object.is(x, y) || x === y) continue;
    const difference = Math.abs(x - y);
    if (Number.isNaN(difference)) return NaN;
    largest = Math.max(largest, difference);
  }
  return largest;
}

function infoChanges(
  before: readonly ValueInfo[],
  after: readonly ValueInfo[],
): Changes<ValueInfo, InfoChange> {
  const [earlier, later] = [byName(before, ({ name }) => name), byName(after, ({ name }) => name)];
  const changed = [...earlier].flatMap(([name, info]) => {
    const other = later.get(name);
    return other === undefined || equalMessages(info, other) ? [] : [{ name, before: info, after: other }];
  });
  return {
    added: after.filter(({ name }) => !earlier.has(name)),
    removed: before.filter(({ name }) => !later.has(name)),
    changed,
  };
}

function functionChanges(
  before: readonly FunctionDefinition[],
  after: readonly FunctionDefinition[],
): Changes<FunctionDefinition, string> {
  const key = ({ domain, name, overload }: FunctionDefinition) =>
    [domain ?? '', name ?? '', overload ?? ''].join('::');
  const [earlier, later] = [byName(before, key), byName(after, key)];
  return {
    added: after.filter((definition) => !earlier.has(key(definition))),
    removed: before.filter((definition) => !later.has(key(definition))),
    changed: [...earlier].flatMap(([name, definition]) => {
      const other = later.get(name);
      return other === undefined || equalMessages(definition, other) ? [] : [name];
    }),
  };
}

function settingChanges<Value>(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
): readonly SettingChange<Value>[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }));
}

function opsetsOf(imports: readonly OpsetImport[]): ReadonlyMap<string, number> {
  return new Map(imports.map(({ domain, version }) => [normalDomain(domain) || 'ai.onnx', version ?? 0]));
}

function metadataOf(model: Model): ReadonlyMap<string, string> {
  const fields: readonly StringEntry[] = [
    { key: 'ir_version', value: model.irVersion?.toString() },
    { key: 'producer_name', value: model.producerName },
    { key: 'producer_version', value: model.producerVersion },
    { key: 'domain', value: model.domain },
    { key: 'model_version', value: model.modelVersion?.toString() },
    { key: 'doc_string', value: model.docString },
    { key: 'graph name', value: model.graph.name },
    ...model.metadata.map(({ key, value }) => ({ key: `metadata ${key}`, value })),
  ];
  return new Map(fields.flatMap(({ key, value }) => (value === undefined ? [] : [[key!, value] as const])));
}

function byName<Item>(items: readonly Item[], name: (item: Item) => string): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [name(item), item]));
}
