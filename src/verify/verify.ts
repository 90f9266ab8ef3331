import type { Model, Tensor } from '../ir/index.ts';
import { compile, type ExecuteLimits, execute, type Session } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { cutAtRefused } from './cut.ts';
import { DifferenceFinder } from './first-difference.ts';
import { withoutActivationQuantizers } from './float-distance.ts';
import { type InputLink, linkInputs } from './inputs.ts';
import { linkOutputs, type OutputComparison } from './outputs.ts';
import type { FirstDifference, VerifyFinding, VerifyReport } from './report.ts';
import { generateSamples, type Sample, type SampleKind, sampleKinds } from './samples.ts';
import { type AllowedEffect, allowedEffects, alternativesOf, type Tolerance } from './tolerance.ts';

export interface VerifyOptions {
  /** Number of generated samples; 4 unless given. */
  readonly samples?: number;
  /** Seed of the generated samples, a whole number; 1 unless given. The same seed gives the same values everywhere. */
  readonly seed?: number;
  /** What the generated samples are after, in turn; `smooth`, `random`, `ties`, `extreme` unless given. */
  readonly kinds?: readonly SampleKind[];
  /** Lengths of symbolic input dimensions for generated samples; 1 for those not named. */
  readonly dims?: ReadonlyMap<string, number>;
  /** Inputs to run on instead of generated ones; names are those of the model before. */
  readonly inputs?: readonly ReadonlyMap<string, Tensor>[];
  /** What may happen to the numbers; nothing (`exact`) unless given. `tolerances` says what each class stands for. */
  readonly allow?: AllowedEffect | readonly AllowedEffect[];
  /** Limits of your own instead of those of the allowed classes. */
  readonly tolerance?: Tolerance;
  readonly limits?: ExecuteLimits;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Looked at between nodes; an `AbortSignal` fits. */
  readonly signal?: { readonly aborted: boolean };
}

export interface VerifyProgress {
  /** The sample that runs, from 0, of `samples`. */
  readonly sample: number;
  readonly samples: number;
  readonly model: 'before' | 'after';
  /** Nodes done, of `total`. */
  readonly done: number;
  readonly total: number;
}

/**
 * Runs two models on the same inputs and says how far their outputs are apart.
 *
 * Strict by default: `equivalent` means equal bit for bit on every sample, the interface unchanged. A change of element
 * type at an input or output is bridged with the scale of its quantizer, and reported. Where a node cannot be run (a
 * plugin, a custom operator), what it reads is compared, and the nodes from there on have to be the same in both models.
 *
 * @throws ModelError `cannot-generate-input`, `bad-option`, or the error of the model before when it cannot be run on any
 *   sample
 */
export function verify(wholeBefore: Model, wholeAfter: Model, options: VerifyOptions = {}): VerifyReport {
  const { before, after, ...cut } = cutAtRefused(wholeBefore, wholeAfter);
  const allowed = allowedEffects(options.allow);
  const alternatives = alternativesOf(allowed, options.tolerance);
  const { samples, assumptions, seed } = samplesFor(before, after, options);
  const link = linkInputs(before, after);
  const { outputs, changes } = linkOutputs(before, after);
  const runs = runSamples(before, after, samples, link, outputs, alternatives, options);
  const findings = [
    ...[...link.changes, ...changes, ...outputs.flatMap((output) => output.changes)].map((change) =>
      withVerdict(change, allowed),
    ),
    ...runs.failures,
    ...cut.findings,
  ];
  const reports = outputs.map((output) => output.report(alternatives));
  return {
    equivalent: reports.every(({ within }) => within) && findings.every((finding) => finding.allowed),
    identical: reports.every(({ identical }) => identical) && findings.length === 0,
    allowed,
    tolerances: alternatives,
    samples: samples.map(({ kind }) => kind),
    ...(seed === undefined ? {} : { seed }),
    outputs: reports,
    ...(runs.firstDifference === undefined ? {} : { firstDifference: runs.firstDifference }),
    findings,
    notChecked: [...cut.notChecked, ...limitsOfRun(samples, seed), ...assumptions, ...runs.notChecked],
  };
}

function samplesFor(before: Model, after: Model, options: VerifyOptions) {
  if (options.inputs !== undefined) {
    if (options.inputs.length === 0) throw badOption('inputs', 'holds no sample');
    const samples = options.inputs.map((inputs): Sample => ({ kind: 'given', inputs }));
    return { samples, assumptions: [], seed: undefined };
  }
  const { samples = 4, seed = 1, kinds = sampleKinds, dims = new Map<string, number>() } = options;
  if (!Number.isInteger(samples) || samples < 1 || samples > 1000)
    throw badOption('samples', `is ${samples}; it has to be a whole number from 1 to 1000`);
  if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw badOption('seed', `is ${seed}; it has to be a whole number from 0 to 2^32 - 1`);
  const unknown = kinds.find((kind) => !sampleKinds.includes(kind));
  if (kinds.length === 0 || unknown !== undefined)
    throw badOption('kinds', `names "${unknown ?? ''}"; it has to name some of ${sampleKinds.join(', ')}`);
  const badDim = [...dims].find(([, length]) => !Number.isSafeInteger(length) || length < 0);
  if (badDim !== undefined) throw badOption('dims', `gives "${badDim[0]}" the length ${badDim[1]}`);
  return { ...generateSamples(before, { samples, seed, kinds, dims, alsoFor: after }), seed };
}

interface Runs {
  readonly failures: VerifyFinding[];
  readonly notChecked: string[];
  firstDifference: FirstDifference | undefined;
}

function runSamples(
  before: Model,
  after: Model,
  samples: readonly Sample[],
  link: InputLink,
  outputs: readonly OutputComparison[],
  alternatives: readonly Tolerance[],
  options: VerifyOptions,
): Runs {
  const runs: Runs = { failures: [], notChecked: [], firstDifference: undefined };
  if (link.changes.some(({ fatal }) => fatal)) {
    runs.notChecked.push('nothing was run: the inputs of the two models do not fit together');
    return runs;
  }
  const errors: ModelError[] = [];
  const needsReference = alternatives.some(({ floatLoss }) => floatLoss !== undefined);
  let found: { readonly model: Model | undefined } | undefined;
  const reference = () => (found ??= { model: withoutActivationQuantizers(before) }).model;
  const sessions = new Map<'before' | 'after', Session>();
  const sessionOf = (model: 'before' | 'after') => {
    const session =
      sessions.get(model) ?? compile(model === 'before' ? before : after, { limits: options.limits });
    sessions.set(model, session);
    return session;
  };
  samples.forEach(({ kind, inputs }, sample) => {
    const finder =
      runs.firstDifference === undefined ? new DifferenceFinder(before, after, sample) : undefined;
    const run = (model: 'before' | 'after') =>
      attempt(() =>
        sessionOf(model).run(model === 'before' ? inputs : link.feed(inputs), {
          signal: options.signal,
          onProgress:
            options.onProgress &&
            (({ done, total }) =>
              options.onProgress?.({ sample, samples: samples.length, model, done, total })),
          onValue:
            finder &&
            ((name, value) =>
              model === 'before' ? finder.seeBefore(name, value) : finder.seeAfter(name, value)),
        }),
      );
    const old = run('before');
    const now = run('after');
    const title = `sample ${sample} (${kind})`;
    if (old instanceof ModelError) errors.push(old);
    if (old instanceof ModelError && now instanceof ModelError) {
      runs.notChecked.push(`${title}: neither model runs on it: ${old.message}`);
    } else if (old instanceof ModelError || now instanceof ModelError) {
      const [which, error] = old instanceof ModelError ? ['before', old] : ['after', now as ModelError];
      const message = `The model ${which} does not run on ${title}: ${error.message}`;
      runs.failures.push({ code: 'run-failed', at: error.at ?? which, message, allowed: false });
    } else if (compareOutputs(outputs, old, now, sample)) {
      for (const output of outputs) output.addReference();
    } else {
      if (needsReference) addReferences(outputs, reference(), inputs, old, now, runs, options);
      runs.firstDifference = runs.firstDifference ?? finder?.result();
      if (finder?.passedOver)
        runs.notChecked.push('the first difference was sought among the first 512 MB of values');
    }
  });
  if (errors.length === samples.length) throw errors[0]!;
  return runs;
}

function compareOutputs(
  outputs: readonly OutputComparison[],
  before: ReadonlyMap<string, Tensor>,
  after: ReadonlyMap<string, Tensor>,
  sample: number,
): boolean {
  const same = outputs.map((output) => {
    const [old, now] = [before.get(output.name), after.get(output.nameAfter ?? '')];
    return old !== undefined && now !== undefined && output.add(old, now, sample);
  });
  return same.every(Boolean);
}

/** Runs the network without rounding on a sample, to tell how far both models are from it. */
function addReferences(
  outputs: readonly OutputComparison[],
  reference: Model | undefined,
  inputs: ReadonlyMap<string, Tensor>,
  before: ReadonlyMap<string, Tensor>,
  after: ReadonlyMap<string, Tensor>,
  runs: Runs,
  { limits, signal }: VerifyOptions,
): void {
  if (reference === undefined) return;
  const values = attempt(() => execute(reference, inputs, { limits, signal }));
  if (values instanceof ModelError) {
    runs.notChecked.push(`the network without rounding does not run: ${values.message}`);
    return;
  }
  for (const output of outputs) {
    output.addReference(values.get(output.name), before.get(output.name), after.get(output.nameAfter ?? ''));
  }
}

/** The result, or the ModelError it failed with. A run that was stopped from outside stays stopped. */
function attempt<T>(work: () => T): T | ModelError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ModelError && error.code !== 'aborted') return error;
    throw error;
  }
}

const allowedChanges: ReadonlyMap<string, readonly AllowedEffect[]> = new Map([
  ['input-type-changed', ['interface']],
  ['output-type-changed', ['interface']],
  ['output-scale-changed', ['interface', 'scale']],
]);

function withVerdict(
  { code, at, message }: Omit<VerifyFinding, 'allowed'>,
  allowed: readonly AllowedEffect[],
): VerifyFinding {
  const covered = allowedChanges.get(code) ?? [];
  return { code, at, message, allowed: covered.some((effect) => allowed.includes(effect)) };
}

function limitsOfRun(samples: readonly Sample[], seed: number | undefined): readonly string[] {
  const which = seed === undefined ? 'given' : `of seed ${seed}`;
  return [
    samples.length === 1
      ? `only one sample (${which}) was run; others may differ`
      : `only ${samples.length} samples (${which}) were run; others may differ`,
    'float execution of the literal graph only; integer execution, as an engine runs it, was not',
  ];
}

function badOption(name: string, what: string): ModelError {
  return new ModelError('bad-option', `Option "${name}" ${what}.`);
}
