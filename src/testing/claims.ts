import { canonicalHash, equalModels, inferTypes, typeOf, validate } from '../analysis/index.ts';
import type { Graph, Model, Node, Type, tensor } from '../ir/index.ts';
import { type Effect, type Rewritten, rewrite, type StageSource } from '../rewrite/index.ts';
import { encodeModel, printModel, printNode } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { compareRuns, type OutputsDiffer } from './compare.ts';
import { renamed, shuffled } from './disguise.ts';
import type { Case } from './matching.ts';

/**
 * What every rule and pass claims by being one:
 *
 * - `runs`: its own code does not fail, and what it gives can be put in place
 * - `ends`: it comes to an end
 * - `valid`: the result is a valid model
 * - `types`: no value has another type than before
 * - `outputs`: the model computes the same, as far as the effect promises
 * - `settles`: applied again it changes nothing more
 * - `untouched`: the model it was given stays as it is
 * - `others`: nodes it does not say it rewrote are still there, with name, attributes and metadata
 * - `names`: names and the order of nodes make no difference
 * - `trace`: what it did can be replayed and undone
 * - `order`: the order of rules makes no difference; only sets that say so claim it
 */
export type Claim =
  | 'runs'
  | 'ends'
  | 'valid'
  | 'types'
  | 'outputs'
  | 'settles'
  | 'untouched'
  | 'others'
  | 'names'
  | 'trace'
  | 'order';

/** A claim that does not hold on a model. */
export interface BrokenClaim {
  readonly claim: Claim;
  readonly message: string;
  /** What was made of the model, where something was. */
  readonly after?: Model;
  /** Outputs side by side, where they differ. */
  readonly outputs?: OutputsDiffer;
  /** What the rule's own code threw. */
  readonly cause?: unknown;
}

/** What came of putting one model through a rule or pass. */
export interface Examined {
  /** Rewrites made; 0 where nothing matched. */
  readonly rewrites: number;
  /** Runs that told something about the outputs. */
  readonly told: number;
  readonly broken?: BrokenClaim;
}

export interface ExamineOptions {
  /** Effects that are allowed besides those the rewrites themselves declare. */
  readonly allow?: readonly Effect[];
  /** Claims that are not looked at. */
  readonly unchecked?: readonly Claim[];
  /** Seed of the disguise. */
  readonly seed?: number;
}

/** Most rewrites of a small model; what goes on after that goes on for ever. */
const mostRewrites = 300;

/** Puts one case through a rule, rule set, pass or pipeline and looks whether everything it claims holds. */
export function examine(what: StageSource, one: Case, options: ExamineOptions = {}): Examined {
  const { model } = one;
  const { unchecked = [] } = options;
  const bytes = encodeModel(model);
  const text = () => printModel(model);
  let rewritten: Rewritten;
  try {
    rewritten = rewrite(model, what, { maxRewrites: mostRewrites });
  } catch (cause) {
    const broken = brokenBy(cause);
    return { rewrites: 1, told: 0, broken };
  }
  const { model: after, trace } = rewritten;
  if (!sameBytes(encodeModel(model), bytes))
    return {
      rewrites: 1,
      told: 0,
      broken: { claim: 'untouched', message: `The model given was changed.\n${text()}` },
    };
  const rewrites = trace.rewrites.length;
  // A rule that only reports claims nothing about outputs: it changes none.
  if (after === model) return { rewrites: trace.findings.length, told: trace.findings.length };
  const early = firstOf(
    unchecked,
    () => endsProperly(rewritten),
    () => isValid(after),
    () => keepsTypes(model, after, effectsOf(rewritten, options)),
    () => keepsOthers(model, rewritten),
  );
  if (early !== undefined) return { rewrites, told: 0, broken: { ...early, after } };
  const { difference, told } = unchecked.includes('outputs')
    ? { told: 1 }
    : compareRuns(one, after, effectsOf(rewritten, options));
  if (difference !== undefined) {
    const { message } = difference;
    return { rewrites, told, broken: { claim: 'outputs', message, after, outputs: difference } };
  }
  const late = firstOf(
    unchecked,
    () => settles(after, what),
    () => ignoresNames(model, after, what, options.seed ?? 1),
    () => replays(model, rewritten),
  );
  return { rewrites, told, ...(late === undefined ? {} : { broken: { ...late, after } }) };
}

type Look = () => BrokenClaim | undefined;

function firstOf(unchecked: readonly Claim[], ...looks: readonly Look[]): BrokenClaim | undefined {
  for (const look of looks) {
    const broken = look();
    if (broken !== undefined && !unchecked.includes(broken.claim)) return broken;
  }
  return undefined;
}

function brokenBy(cause: unknown): BrokenClaim {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof ModelError && cause.code === 'type-changed') return { claim: 'types', message, cause };
  return { claim: 'runs', message, cause };
}

function effectsOf({ trace }: Rewritten, { allow = [] }: ExamineOptions): readonly Effect[] {
  return [...new Set([...trace.rewrites.map(({ effect }) => effect), ...allow])];
}

function endsProperly({ trace }: Rewritten): BrokenClaim | undefined {
  const { kind, message } = trace.stop;
  return kind === 'complete'
    ? undefined
    : { claim: 'ends', message: `It does not come to an end: ${message}.` };
}

function isValid(after: Model): BrokenClaim | undefined {
  const problem = validate(after, { strict: true }).find(({ severity }) => severity === 'error');
  return problem && { claim: 'valid', message: `The result is no valid model: ${problem.message}` };
}

/** Values that are still there have the type they had; inputs and outputs of the graph are the same in the same order. */
function keepsTypes(before: Model, after: Model, effects: readonly Effect[]): BrokenClaim | undefined {
  if (effects.includes('interface')) return undefined;
  for (const side of ['inputs', 'outputs'] as const) {
    const [old, now] = [before.graph[side], after.graph[side]].map((ports) =>
      ports.map(({ name, type }) => `${name}: ${describeType(type)}`).join(', '),
    );
    if (old !== now)
      return { claim: 'types', message: `The ${side} of the graph were (${old}) and are (${now}).` };
  }
  const [old, now] = [inferTypes(before), inferTypes(after)];
  for (const node of after.graph.nodes) {
    for (const name of node.outputs) {
      const [was, is] = [typeOf(old, name), typeOf(now, name)];
      if (was === undefined || is === undefined || agree(was, is)) continue;
      return { claim: 'types', message: `${name} was ${describeType(was)} and is ${describeType(is)}.` };
    }
  }
  return undefined;
}

function describeType(type: Type | undefined): string {
  if (type?.kind !== 'tensor') return type?.kind ?? 'unknown';
  return `${type.elemType}[${type.shape?.map(({ value, param }) => value ?? param ?? '?') ?? '…'}]`;
}

function agree(a: Type, b: Type): boolean {
  if (a.kind !== 'tensor' || b.kind !== 'tensor') return a.kind === b.kind;
  if (a.elemType !== b.elemType && a.elemType !== 'undefined' && b.elemType !== 'undefined') return false;
  if (a.shape === undefined || b.shape === undefined) return true;
  return (
    a.shape.length === b.shape.length &&
    a.shape.every(({ value }, i) => value === undefined || (b.shape![i]!.value ?? value) === value)
  );
}

/** No more nodes are gone than the records speak of; only names of values may have moved. */
function keepsOthers(before: Model, { model: after, trace }: Rewritten): BrokenClaim | undefined {
  const left = new Map<string, number>();
  const accounted = [...allNodes(after.graph), ...trace.rewrites.flatMap((record) => record.before)];
  for (const node of accounted) left.set(fingerprint(node), (left.get(fingerprint(node)) ?? 0) + 1);
  for (const node of allNodes(before.graph)) {
    const key = fingerprint(node);
    const count = left.get(key) ?? 0;
    if (count === 0) {
      const message = `A node that no rewrite speaks of is gone or changed: ${printNode(node)}`;
      return { claim: 'others', message };
    }
    left.set(key, count - 1);
  }
  return keepsModelFields(before, after);
}

function keepsModelFields(before: Model, after: Model): BrokenClaim | undefined {
  const fields = (model: Model) =>
    JSON.stringify([
      model.irVersion,
      model.producerName,
      model.docString,
      model.metadata.map(({ key, value }) => [key, value]),
      model.graph.name,
      model.graph.docString,
      model.graph.metadata.map(({ key, value }) => [key, value]),
    ]);
  if (fields(before) === fields(after)) return undefined;
  return { claim: 'others', message: 'Name, documentation or metadata of the model changed.' };
}

function allNodes(graph: Graph): readonly Node[] {
  return graph.nodes.flatMap((node) => [
    node,
    ...node.attributes.flatMap(({ type, value }) => (type === 'GRAPH' ? allNodes(value as Graph) : [])),
  ]);
}

/** Everything about a node but the names of its values and the graphs inside it. */
function fingerprint(node: Node): string {
  const attributes = node.attributes
    .filter(({ type }) => type !== 'GRAPH')
    .map(({ name, type, value }) => [name, type, stable(value)]);
  const metadata = node.metadata.map(({ key, value }) => [key, value]);
  return JSON.stringify([
    node.domain,
    node.opType,
    node.name,
    node.docString,
    node.inputs.length,
    node.outputs.length,
    metadata,
    attributes,
  ]);
}

function stable(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return value.map(stable);
  if (typeof value === 'object' && value !== null && 'dtype' in value) {
    const constant = value as ReturnType<typeof tensor>;
    return [constant.dtype, constant.dims, constant.dtype === 'string' ? '' : [...constant.toBytes()].join()];
  }
  return value;
}

function settles(after: Model, what: StageSource): BrokenClaim | undefined {
  const again = attempt(() => rewrite(after, what, { maxRewrites: mostRewrites }));
  if ('broken' in again) return again.broken;
  const { trace } = again.value;
  if (again.value.model === after) return undefined;
  return {
    claim: 'settles',
    message: `Applied again, it changes the model once more:\n${trace.toString()}`,
  };
}

function ignoresNames(model: Model, after: Model, what: StageSource, seed: number): BrokenClaim | undefined {
  const disguised = renamed(shuffled(model, seed));
  const other = attempt(() => rewrite(disguised, what, { maxRewrites: mostRewrites }));
  if ('broken' in other) return other.broken;
  if (canonicalHash(other.value.model) === canonicalHash(after)) return undefined;
  const message = `With other names and another order of nodes it makes something else:\n${printModel(other.value.model)}`;
  return { claim: 'names', message };
}

function replays(model: Model, { model: after, trace }: Rewritten): BrokenClaim | undefined {
  const replayed = attempt(
    () => equalModels(trace.replay(model), after) && equalModels(trace.undo(after), model),
  );
  if ('value' in replayed && replayed.value) return undefined;
  const why = 'broken' in replayed ? `: ${replayed.broken.message}` : '.';
  return { claim: 'trace', message: `The trace does not lead from one model to the other and back${why}` };
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly broken: BrokenClaim } {
  try {
    return { value: work() };
  } catch (cause) {
    return { broken: brokenBy(cause) };
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
