import { quantizersOf } from '../analysis/index.ts';
import {
  findDataType,
  type Graph,
  type Model,
  type Node,
  renameReads,
  renameWrites,
  type Tensor,
  valuesOf,
  viewOf,
} from '../ir/index.ts';
import { constantOf } from '../ops/index.ts';
import type { Effect } from '../rewrite/index.ts';
import { execute } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { verify } from '../verify/index.ts';
import { withForeignMeaning } from './foreign.ts';
import type { Case } from './matching.ts';

/** Outputs of one run that should be the same and are not. */
export interface OutputsDiffer {
  /** Position of the run among the samples. */
  readonly sample: number;
  readonly message: string;
  readonly before: ReadonlyMap<string, Tensor>;
  /** Absent where the model after did not run at all. */
  readonly after?: ReadonlyMap<string, Tensor>;
}

/** What came of running two models side by side. */
export interface Comparison {
  readonly difference?: OutputsDiffer;
  /** Runs that said something: the model before ran, and gave finite numbers. */
  readonly told: number;
}

/** Largest difference that float rounding may make, as a part of the largest value on the way. */
const roundingShare = 1e-5;

/** Below this, float32 has fewer digits and engines have none: a difference is rounding. */
const leastNormal = 2 ** -126;

/** Limits that keep a run of a generated model short. */
const limits = { memory: 2 ** 26, iterations: 1000 };

/**
 * Runs two models on the samples of a case and compares every output as the effect asks.
 *
 * `exact`: every bit. `rounding`: within float rounding of the largest value on the way; behind something that jumps (a
 * quantizer, a comparison) as `verify` sees it. `closer` and `scale`: the networks without rounding are the same, and
 * `closer` has no more quantizers than before. `interface`: as `verify` sees it. Runs whose numbers are not finite
 * tell nothing.
 */
export function compareRuns(one: Case, after: Model, effects: readonly Effect[]): Comparison {
  if (effects.includes('interface')) return compareInterfaces(one, after, effects);
  if (effects.includes('scale') || effects.includes('closer')) {
    if (!effects.includes('scale') && quantizerCount(after) > quantizerCount(one.model))
      return {
        told: 1,
        difference: { sample: 0, message: 'There are more quantizers than before.', before: new Map() },
      };
    return runBoth(
      { ...one, model: withoutRounding(one.model) },
      withoutRounding(after),
      roundingShare,
      effects,
    );
  }
  return runBoth(one, after, effects.includes('rounding') ? roundingShare : 0, effects);
}

/** The network that quantizers stand for: every pair of Q and DQ, of activations and weights, passes its value through. */
function withoutRounding(model: Model): Model {
  return { ...model, graph: unrounded(model.graph) };
}

function unrounded(graph: Graph): Graph {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const nodes = graph.nodes.map((node): Node => {
    const quantize = node.opType === 'DequantizeLinear' ? makers.get(node.inputs[0] ?? '') : undefined;
    if (quantize?.opType === 'QuantizeLinear')
      return {
        ...node,
        opType: 'Identity',
        domain: undefined,
        inputs: [quantize.inputs[0]!],
        attributes: [],
      };
    const attributes = node.attributes.map((attribute) =>
      attribute.type === 'GRAPH' ? { ...attribute, value: unrounded(attribute.value) } : attribute,
    );
    return { ...node, attributes };
  });
  return { ...graph, nodes };
}

function quantizerCount(model: Model): number {
  return quantizersOf(model).length;
}

function runBoth(one: Case, after: Model, share: number, effects: readonly Effect[]): Comparison {
  const [left, right] = [withForeignMeaning(one.model), withForeignMeaning(after)];
  if (left === undefined || right === undefined) return { told: 0 };
  let told = 0;
  for (const [sample, inputs] of one.samples.entries()) {
    const old = run(left, inputs);
    const flat = withBranchesTaken(left, inputs);
    // Values inside a branch are not seen from outside; the same network without the If shows them.
    const open = flat === left ? old : run(flat, inputs);
    if (old === undefined || open === undefined || !old.isFinite || !open.isFinite) continue;
    told += 1;
    const now = run(right, inputs, (message) => message);
    if (typeof now === 'string') {
      const message = `The result does not run: ${now}`;
      return { told, difference: { sample, message, before: old.outputs } };
    }
    const message = differenceBetween(
      old.outputs,
      now!.outputs,
      share > 0 ? share * Math.max(old.largest, open.largest, now!.largest) + leastNormal : 0,
      share > 0,
    );
    if (message === undefined) continue;
    if (share > 0 && hasJumps(left) && isTolerable(one.model, after, inputs, effects)) continue;
    return { told, difference: { sample, message, before: old.outputs, after: now!.outputs } };
  }
  return { told };
}

/** The model with every If whose condition is fed replaced by the branch it takes. */
function withBranchesTaken(model: Model, inputs: ReadonlyMap<string, Tensor>): Model {
  const { graph } = model;
  const taken = graph.nodes.map((node) => {
    const condition = node.opType === 'If' ? inputs.get(node.inputs[0] ?? '') : undefined;
    if (condition === undefined) return undefined;
    const wanted = valuesOf(condition)[0] ? 'then_branch' : 'else_branch';
    return node.attributes.find(({ name }) => name === wanted)?.value as Graph | undefined;
  });
  if (taken.every((branch) => branch === undefined)) return model;
  const nodes = graph.nodes.flatMap((node, i) => {
    const branch = taken[i];
    if (branch === undefined) return [node];
    const names = new Map(branch.outputs.map(({ name }, j) => [name, node.outputs[j] ?? name]));
    return branch.nodes.map((inner) => renameWrites(renameReads(inner, names), names));
  });
  const initializers = [...graph.initializers, ...taken.flatMap((branch) => branch?.initializers ?? [])];
  return { ...model, graph: { ...graph, nodes, initializers } };
}

interface Run {
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Largest magnitude of any float on the way. */
  readonly largest: number;
  readonly isFinite: boolean;
}

function run(model: Model, inputs: ReadonlyMap<string, Tensor>): Run | undefined;
function run<T>(model: Model, inputs: ReadonlyMap<string, Tensor>, failed: (message: string) => T): Run | T;
function run<T>(
  model: Model,
  inputs: ReadonlyMap<string, Tensor>,
  failed?: (message: string) => T,
): Run | T | undefined {
  let [largest, isTold] = [0, true];
  const see = (value: Tensor) => {
    // Codes may overflow: what becomes of them is for `saturate` to say.
    if (findDataType(value.dtype)?.kind !== 'float' || /^float[468]e/.test(value.dtype)) return;
    const values = valuesOf(value) as Float32Array;
    for (let i = 0; i < values.length; i++) {
      const size = Math.abs(values[i]!);
      if (size > largest) largest = size;
      if (!(size < Infinity)) isTold = false;
    }
  };
  const wanted = new Set(model.graph.inputs.map(({ name }) => name));
  const fed = new Map([...inputs].filter(([name]) => wanted.has(name)));
  for (const value of [...fed.values(), ...model.graph.initializers]) see(value);
  try {
    const outputs = execute(model, fed, { onValue: (_, value) => see(value), limits, seed: 1 });
    for (const value of outputs.values()) see(value);
    return { outputs, largest, isFinite: isTold };
  } catch (error) {
    if (error instanceof ModelError) return failed?.(error.message);
    throw error;
  }
}

/** The first output that differs by more than a bound, in a sentence. Zeros of either sign are equal if `isLoose`. */
export function differenceBetween(
  before: ReadonlyMap<string, Tensor>,
  after: ReadonlyMap<string, Tensor>,
  bound: number,
  isLoose = bound > 0,
): string | undefined {
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined) return `Output ${name} is gone.`;
    if (now.dtype !== old.dtype) return `Output ${name} was ${old.dtype} and is ${now.dtype}.`;
    if (now.dims.join() !== old.dims.join()) return `Output ${name} was [${old.dims}] and is [${now.dims}].`;
    const [a, b] = [elementsOf(old), elementsOf(now)];
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i]!, b[i]!];
      if (Object.is(x, y) || (isLoose && Math.abs(Number(x) - Number(y)) <= bound)) continue;
      return `Output ${name} differs at element ${i}: ${show(x)} before, ${show(y)} after.`;
    }
  }
  const extra = [...after.keys()].find((name) => !before.has(name));
  return extra === undefined ? undefined : `Output ${extra} is new.`;
}

function elementsOf(value: Tensor): ArrayLike<number | bigint | string> {
  return value.dtype === 'string' ? value.toStrings() : valuesOf(value);
}

function show(value: number | bigint | string): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

const jumping = new Set(
  'Cast CastLike Round Floor Ceil Sign Equal Greater Less GreaterOrEqual LessOrEqual ArgMax ArgMin TopK Hardmax Where Mod Not And Or Xor DynamicQuantizeLinear ThresholdedRelu Shrink'.split(
    ' ',
  ),
);

/** Whether a small step of some value may be a large one of another. */
function hasJumps(model: Model): boolean {
  const view = viewOf(model);
  const jumps = (node: Node): boolean =>
    jumping.has(node.opType) ||
    /^Q(Linear|Gemm)/.test(node.opType) ||
    (node.opType === 'QuantizeLinear' && constantOf(view, node.inputs[0] ?? '') === undefined) ||
    node.attributes.some(({ type, value }) => type === 'GRAPH' && (value as Graph).nodes.some(jumps));
  return model.graph.nodes.some(jumps);
}

function isTolerable(
  before: Model,
  after: Model,
  inputs: ReadonlyMap<string, Tensor>,
  effects: readonly Effect[],
): boolean {
  try {
    const options = { inputs: [inputs], allow: effects, limits };
    // What a quantum is may only show on one side: an integer operator hides the quantizer it stands for.
    return verify(before, after, options).equivalent || verify(after, before, options).equivalent;
  } catch (error) {
    if (error instanceof ModelError) return true;
    throw error;
  }
}

function compareInterfaces({ model, samples }: Case, after: Model, effects: readonly Effect[]): Comparison {
  let told = 0;
  for (const [sample, inputs] of samples.entries()) {
    const old = run(model, inputs);
    if (old === undefined || !old.isFinite) continue;
    const report = verify(model, after, { inputs: [inputs], allow: effects, limits });
    // Codes that no quantizer tells the meaning of cannot be compared with numbers.
    if (
      report.outputs.some(
        ({ within, elements, note }) => !within && elements === undefined && note !== undefined,
      )
    )
      continue;
    told += 1;
    if (report.equivalent) continue;
    const finding = report.findings.find(({ allowed }) => !allowed)?.message;
    const message = finding ?? `Output ${report.outputs.find(({ within }) => !within)?.name} differs.`;
    return { told, difference: { sample, message, before: old.outputs } };
  }
  return { told };
}
