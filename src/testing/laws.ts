import fc from 'fast-check';
import { canonicalHash, equalModels, validate } from '../analysis/index.ts';
import type { Model } from '../ir/index.ts';
import { type Effect, type Rewritten, rewrite, type StageSource } from '../rewrite/index.ts';
import { encodeModel, parseModel, printModel } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { printVerify, type VerifyOptions, type VerifyReport, verify } from '../verify/index.ts';
import { renamed, shuffled } from './disguise.ts';

/**
 * Throws unless two models compute the same: bit for bit, or within what `options.allow` or `options.tolerance` allow.
 * The message is the report of `verify`.
 *
 * @throws ModelError `not-equivalent`
 */
export function expectSameOutputs(before: Model, after: Model, options: VerifyOptions = {}): VerifyReport {
  const report = verify(before, after, options);
  if (report.equivalent) return report;
  throw new ModelError('not-equivalent', `The models do not compute the same.\n${printVerify(report)}`);
}

export interface LawOptions {
  /** Number of models; 100 unless given. */
  readonly runs?: number;
  /** Seed of fast-check, to repeat a failure. */
  readonly seed?: number;
  /** How outputs are compared; the effects that the rules applied declare are allowed anyhow. */
  readonly verify?: VerifyOptions;
  /** Least part of the models that has to be rewritten at all, from 0 to 1; more than none unless given. */
  readonly coverage?: number;
}

/**
 * Puts a rule, rule set, pass or pipeline through the laws that all of them have to keep, on many models: outputs stay
 * as equal as the effects declared promise, applying twice changes nothing more, the model given stays untouched, the
 * result is valid, prints and parses back to itself, and neither names nor node order matter.
 *
 * @throws ModelError `law-broken` with the smallest model found that breaks one; `never-applied` when the models gave
 *   nothing to do
 */
export function checkLaws(what: StageSource, models: fc.Arbitrary<Model>, options: LawOptions = {}): void {
  const { runs = 100, seed, coverage = Number.MIN_VALUE } = options;
  let tried = 0;
  let applied = 0;
  const property = fc.property(models, fc.nat(), (model, number) => {
    tried += 1;
    const bytes = encodeModel(model);
    const rewritten = rewrite(model, what);
    if (rewritten.model !== model) applied += 1;
    law('leave the given model untouched', sameBytes(encodeModel(model), bytes));
    checkResult(model, rewritten, what, options.verify ?? {});
    const disguised = rewrite(renamed(shuffled(model, number)), what).model;
    const same = canonicalHash(disguised) === canonicalHash(rewritten.model);
    law('do the same whatever the names and the order of nodes', same);
  });
  const result = fc.check(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  if (result.failed) throw brokenLaw(result);
  if (applied / tried >= coverage) return;
  throw new ModelError('never-applied', `Of ${tried} models only ${applied} were rewritten at all.`, {
    fix: 'Give models that the rule matches.',
  });
}

function brokenLaw({ counterexample, errorInstance, seed }: fc.RunDetails<[Model, number]>): ModelError {
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const model =
    counterexample === null ? '' : `\n\nThe smallest model found:\n${printModel(counterexample[0])}`;
  return new ModelError('law-broken', `${reason}${model}`, {
    fix: `Repeat it with { seed: ${seed} }.`,
    cause: errorInstance,
  });
}

function checkResult(
  before: Model,
  { model: after, trace }: Rewritten,
  what: StageSource,
  options: VerifyOptions,
): void {
  law('come to an end', trace.stop.kind === 'complete', trace.stop.message);
  law('leave nothing to do for a second time', rewrite(after, what).model === after);
  law('print and parse back', equalModels(parseModel(printModel(after)), after));
  const problem = validate(after, { strict: true }).find(({ severity }) => severity === 'error');
  law('leave a valid model', problem === undefined, problem?.message);
  law(
    'be replayed and undone',
    equalModels(trace.replay(before), after) && equalModels(trace.undo(after), before),
  );
  const allow = [...new Set<Effect>(trace.rewrites.map(({ effect }) => effect))];
  expectSameOutputs(before, after, { ...options, allow: [...allow, ...effectsOf(options)] });
}

function effectsOf({ allow = [] }: VerifyOptions): readonly Effect[] {
  return typeof allow === 'string' ? [allow] : allow;
}

function law(name: string, kept: boolean, detail = ''): void {
  if (!kept)
    throw new ModelError('law-broken', `A rewrite has to ${name}${detail === '' ? '.' : `: ${detail}`}`);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
