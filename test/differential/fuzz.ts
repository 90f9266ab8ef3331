import { type Tensor, tensor } from '../../src/ir/index.ts';
import { printModel } from '../../src/serde/index.ts';
import { engineTypes, runInEngine } from '../support/engine.ts';
import { difference, largestOf, valuesOf } from './compare.ts';
import { compute, prepare, type RandomGraph, type Step } from './graph.ts';
import { type KnownDifference, knownDifferences } from './known-differences.ts';
import { magnitudes } from './magnitudes.ts';

/**
 * What came of one graph. `equal`: as the tolerance says. `known`: every difference is one of `knownDifferences`.
 * `refused`: both refuse. `not-implemented`: ONNX Runtime has no kernel for these types.
 */
export interface Verdict {
  readonly kind: 'equal' | 'known' | 'refused' | 'not-implemented' | 'mismatch';
  readonly known?: readonly KnownDifference[];
  readonly mismatch?: Mismatch;
  readonly reason?: string;
}

export interface Mismatch {
  readonly step: Step;
  readonly what: string;
  readonly ours: Tensor | string;
  readonly theirs: Tensor | string;
}

/** Runs a graph here and in the engine and compares every value its nodes make. */
export async function judge(graph: RandomGraph): Promise<Verdict> {
  const { model, feeds, places } = prepare(graph);
  const failed = graph.steps.find(({ outputs }) => outputs instanceof Error);
  let theirs: Map<string, Tensor>;
  try {
    theirs = await runInEngine(model, feeds);
  } catch (error) {
    return refusal(graph, failed, (error as Error).message);
  }
  if (failed !== undefined) {
    const message = (failed.outputs as Error).message;
    const known = explain(failed, graph.opset, { refusal: message });
    if (known !== undefined) return { kind: 'known', known: [known] };
    return mismatch(failed, 'refused here only', message, [...theirs.values()].at(-1)!);
  }
  for (const [name, { step, output }] of places) {
    const at = graph.steps[step]!;
    const verdict = compareOutput(at, output, theirs.get(name)!, graph.opset);
    // What comes after a difference, known or not, need not be equal.
    if (verdict !== undefined) return verdict;
  }
  return { kind: 'equal' };
}

function compareOutput(step: Step, output: number, theirs: Tensor, opset: number): Verdict | undefined {
  const ours = (step.outputs as readonly Tensor[])[output]!;
  const largest =
    step.within.kind === 'largest'
      ? Math.max(step.within.largest ?? 0, largestOf(ours), magnitudes(step, output, opset))
      : 0;
  const found = difference(ours, theirs, step.within, largest);
  if (found === undefined) return undefined;
  const explanations = found.elements?.map((index) =>
    explain(step, opset, { index, dtype: ours.dtype, ours: at(ours, index), theirs: at(theirs, index) }),
  ) ?? [explain(step, opset, { dtype: ours.dtype })];
  if (explanations.every((known) => known !== undefined))
    return { kind: 'known', known: [...new Set(explanations)] as KnownDifference[] };
  return mismatch(step, `output ${output}: ${found.what}`, ours, theirs);
}

function at(x: Tensor, index: number): number | bigint | string {
  return valuesOf(x)[index]!;
}

function refusal(graph: RandomGraph, failed: Step | undefined, message: string): Verdict {
  // Strings change their case by locales that a machine has, or has not.
  if (/NOT_IMPLEMENTED|Could not find an implementation|Failed to construct locale/.test(message))
    return { kind: 'not-implemented', reason: message };
  if (failed !== undefined) return { kind: 'refused', reason: message };
  const known = graph.steps.map((step) => explain(step, graph.opset, { refusal: message })).find(Boolean);
  if (known !== undefined) return { kind: 'known', known: [known] };
  const step = graph.steps.at(-1)!;
  return mismatch(step, 'refused by the engine only', (step.outputs as readonly Tensor[])[0]!, message);
}

function mismatch(step: Step, what: string, ours: Tensor | string, theirs: Tensor | string): Verdict {
  return { kind: 'mismatch', mismatch: { step, what, ours, theirs } };
}

function explain(
  { node, inputs }: Step,
  opset: number,
  rest: Partial<Parameters<KnownDifference['explains']>[0]>,
): KnownDifference | undefined {
  const place = {
    node,
    opset,
    inputs,
    ours: undefined,
    theirs: undefined,
    index: undefined,
    dtype: 'undefined',
  };
  return knownDifferences.find(
    ({ operators, explains }) => operators.includes(node.opType) && explains({ ...place, ...rest } as never),
  );
}

/** The graph cut down while it still fails: the one node that differs, then zeros instead of elements. */
export async function shrink(graph: RandomGraph, { step }: Mismatch): Promise<RandomGraph> {
  const names = new Set(
    step.node.inputs.filter((name, i) => name !== '' && engineTypes.has(step.inputs[i]!.dtype)),
  );
  const fed = new Set([...names].filter((name, i) => step.fed.has(name) || i === 0));
  const alone: RandomGraph = { ...graph, steps: [{ ...step, fed }] };
  const verdict = await judge(alone);
  if (verdict.kind !== 'mismatch') return graph;
  if (typeof verdict.mismatch!.theirs === 'string' || typeof verdict.mismatch!.ours === 'string')
    return alone;
  let best = alone;
  for (const [position, input] of step.inputs.entries()) {
    // Single numbers are scales and zero points: without them a difference is another one.
    if (input === undefined || input.size < 2 || !/^float(32|64|16)$|^u?int(8|16|32)$/.test(input.dtype))
      continue;
    for (
      let chunk = Math.ceil(input.size / 2), tries = 0;
      chunk >= 1 && tries < 40;
      chunk = Math.floor(chunk / 2)
    ) {
      for (let start = 0; start < input.size && tries < 40; start += chunk, tries++) {
        const smaller = await withZeros(best, position, start, start + chunk);
        if (smaller !== undefined && (await differs(smaller))) best = smaller;
      }
    }
  }
  return best;
}

/** Whether both sides compute something, and not the same. */
async function differs(graph: RandomGraph): Promise<boolean> {
  const { mismatch } = await judge(graph);
  return mismatch !== undefined && typeof mismatch.ours !== 'string' && typeof mismatch.theirs !== 'string';
}

async function withZeros(
  graph: RandomGraph,
  position: number,
  start: number,
  end: number,
): Promise<RandomGraph | undefined> {
  const step = graph.steps[0]!;
  const input = step.inputs[position]!;
  const values = input.toTypedArray() as Float32Array;
  if (values.subarray(start, end).every((value) => value === 0)) return undefined;
  values.fill(0, start, end);
  const inputs = step.inputs.with(position, tensor(input.dtype, input.dims, values));
  return { ...graph, steps: [{ ...step, inputs, outputs: compute(step.node, inputs, graph.opset) }] };
}

/** A mismatch for people: the model as ONNX text, its inputs, and both results. */
export function report({ what, ours, theirs }: Mismatch, graph: RandomGraph): string {
  const { model, feeds } = prepare(graph);
  const show = (x: Tensor | string) =>
    typeof x === 'string' ? x : `${x.dtype}[${x.dims}] {${[...valuesOf(x)].map(plain).join(', ')}}`;
  return [
    `seed ${graph.seed}, graph ${graph.index}: ${graph.steps.at(-1)!.node.opType}, opset ${graph.opset}: ${what}`,
    printModel(model),
    ...[...feeds].map(([name, x]) => `${name} = ${show(x)}`),
    `here:   ${show(ours)}`,
    `engine: ${show(theirs)}`,
  ].join('\n');
}

function plain(value: number | bigint | string): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
