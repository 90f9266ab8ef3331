import type { Model, Tensor } from '../ir/index.ts';
import { encodeModel, printModel, printTensor } from '../serde/index.ts';
import type { BrokenClaim, Claim } from './claims.ts';
import type { Case } from './matching.ts';

/** How much has been tried. */
export interface Coverage {
  /** Models made. */
  readonly models: number;
  /** Of these, how many were rewritten. */
  readonly matches: number;
  readonly rewrites: number;
  /** Runs of matched models whose outputs were compared. */
  readonly told: number;
  /** Why the others were not: the nearest miss of each, without names and numbers, and how often. */
  readonly reasons: ReadonlyMap<string, number>;
}

interface Named {
  readonly name: string;
  readonly seed: number;
}

/**
 * Nothing was found that breaks a claim. `tested`: outputs were compared on samples. `proved`: beyond that, the outputs of
 * matches were shown to be equal for every input, with certificates that were checked again; models are still drawn.
 */
export interface Holds extends Named, Coverage {
  readonly kind: 'holds';
  readonly evidence: 'tested' | 'proved';
  /** Matches whose outputs were proved to be equal for every input. */
  readonly proved: number;
  /** Claims that were not looked at, as the options asked. */
  readonly unchecked: readonly Claim[];
}

export interface Refuted extends Named {
  readonly kind: 'refuted';
  /** Models made until the first that broke a claim, that one included. */
  readonly models: number;
  readonly matches: number;
  readonly counterexample: Counterexample;
}

export interface Inconclusive extends Named, Coverage {
  readonly kind: 'inconclusive';
  readonly reason: string;
}

/** What a check has come to. */
export type Verdict = Holds | Refuted | Inconclusive;

/** A model on which a claim does not hold; without any of its nodes, inputs or elements it would. */
export interface Counterexample {
  readonly claim: Claim;
  readonly message: string;
  readonly model: Model;
  /** What was made of it. */
  readonly after?: Model;
  /** What it is fed. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Its outputs, where they differ. */
  readonly outputs?: {
    readonly before: ReadonlyMap<string, Tensor>;
    readonly after?: ReadonlyMap<string, Tensor>;
  };
  /** The model as ONNX text. */
  readonly text: string;
  /** The model as an .onnx file. */
  readonly bytes: Uint8Array;
  readonly cause?: unknown;
}

export function counterexampleOf({ model, samples }: Case, broken: BrokenClaim): Counterexample {
  const { claim, message, after, outputs, cause } = broken;
  return {
    claim,
    message,
    model,
    ...(after === undefined ? {} : { after }),
    inputs: samples[outputs?.sample ?? 0] ?? new Map(),
    ...(outputs === undefined
      ? {}
      : {
          outputs: {
            before: outputs.before,
            ...(outputs.after === undefined ? {} : { after: outputs.after }),
          },
        }),
    text: printModel(model),
    bytes: encodeModel(model),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** A verdict for people: what was tried, and the counterexample with its outputs side by side. */
export function printVerdict(verdict: Verdict): string {
  const { name, kind, models, matches, seed } = verdict;
  if (kind === 'holds') {
    const proofs = verdict.proved > 0 ? ` ${verdict.proved} matches are proved equal for every input.` : '';
    const left = verdict.unchecked.map((claim) => ` Not examined: that ${claims[claim]}.`).join('');
    const compared = verdict.unchecked.includes('outputs') ? '' : `, ${verdict.told} runs compared`;
    return `${name} holds: ${models} models of seed ${seed}, ${matches} of them rewritten${compared}.${proofs}${left}`;
  }
  if (kind === 'inconclusive') {
    const most = [...verdict.reasons].sort((a, b) => b[1] - a[1]).slice(0, 5);
    const reasons = most.map(([reason, times]) => `  ${times} × ${reason}`).join('\n');
    return `${name}: no verdict, for ${verdict.reason}.${reasons === '' ? '' : `\nWhy it did not match:\n${reasons}`}`;
  }
  return `${name} is refuted by model ${models} of seed ${seed}, the ${matches}. it matched.\n${printCounterexample(verdict.counterexample)}`;
}

export function printCounterexample({
  claim,
  message,
  text,
  after,
  inputs,
  outputs,
}: Counterexample): string {
  const fed = [...inputs].map(([name, value]) => `  ${name} = ${printTensor(value)}`);
  const names = [...(outputs?.before.keys() ?? [])];
  const sides = names.map((name) => {
    const [old, now] = [outputs!.before.get(name), outputs!.after?.get(name)];
    return `  ${name}\n    before ${old === undefined ? 'nothing' : printTensor(old)}\n    after  ${now === undefined ? 'nothing' : printTensor(now)}`;
  });
  return [
    `Broken claim: ${claims[claim]}`,
    message,
    '',
    text.trimEnd(),
    ...(after === undefined ? [] : ['', 'becomes', '', printModel(after).trimEnd()]),
    ...(fed.length === 0 ? [] : ['', 'Fed with', ...fed]),
    ...(sides.length === 0 ? [] : ['', 'Outputs', ...sides]),
  ].join('\n');
}

const claims: { readonly [C in Claim]: string } = {
  runs: 'the rule’s own code does not fail',
  ends: 'it comes to an end',
  valid: 'the result is a valid model',
  types: 'no value has another type than before',
  outputs: 'the model computes the same, as far as the effect promises',
  settles: 'applied again it changes nothing more',
  untouched: 'the model given stays as it is',
  others: 'nodes that are not rewritten stay as they are',
  names: 'names and the order of nodes make no difference',
  trace: 'what was done can be replayed and undone',
  order: 'the order of the rules makes no difference',
};
