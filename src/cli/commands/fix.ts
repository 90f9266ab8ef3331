import { statSync } from 'node:fs';
import type { Model } from '../../ir/index.ts';
import { saveModel } from '../../node/index.ts';
import { writeFileWhole } from '../../node/write-file.ts';
import { foldConstants, removeIdentity, scaleGroups } from '../../passes/index.ts';
import { effects, type Pipeline, type Rewritten, rewrite } from '../../rewrite/index.ts';
import { ModelError } from '../../support/errors.ts';
import {
  type CalibrationOptions,
  type Consent,
  consentNames,
  consents,
  type Plan,
  plan,
  planTargets,
} from '../../targets/index.ts';
import { type VerifyReport, verify } from '../../verify/index.ts';
import { type Arguments, usage } from '../arguments.ts';
import { calibrateOptionsConfig, calibrateOptionsHelp, readCalibrateOptions } from '../calibrate-options.ts';
import { catalogueEntries } from '../catalogue.ts';
import { type Command, exitCode } from '../command.ts';
import { countsOf } from '../facts.ts';
import type { Io } from '../io.ts';
import { toJson } from '../json.ts';
import { inFile, isSameFile, load } from '../model-files.ts';
import { type FixFacts, fixJson, printFix } from '../reports/fix.ts';
import { printPage } from '../reports/html/page.ts';
import { suggest } from '../suggest.ts';
import { targetNames, targets } from '../targets.ts';
import { readUnifyOptions, unifyOptionsConfig, unifyOptionsHelp } from '../unify-options.ts';
import { readVerifyOptions, verifyOptionsConfig, verifyOptionsHelp } from '../verify-options.ts';

const consentHelp = Object.entries(consents)
  .map(([name, words]) => `                   ${name}: ${words}`)
  .join('\n');

/** `fix`: rewrites a model for a target, tells what was done, and proves that the numbers survived. */
export const fix: Command = {
  name: 'fix',
  summary: 'put the quantizers where an engine wants them, and verify the result',
  help: `qdq-surgeon fix model.onnx --target tensorrt -o fixed.onnx [options]

Rewrites a model for an engine and says what each rule did. Without -o nothing is written.

  --target T     the engine: tensorrt@8.6, tensorrt@10, tensorrt@11, onnxruntime (tensorrt,
                 which is tensorrt@10)
  -o, --output FILE   where to write the fixed model
  --in-place     write it over the model that was read
  --only LIST    only these rules and passes, by name
  --skip LIST    all but these
  --unify P      whose scale quantizers share: max, consumer, none (max)
${unifyOptionsHelp}
  --allow LIST   what is left alone unless allowed (tensorrt), by name or all of it:
${consentHelp}
  --int8-output  outputs behind a quantizer become int8, without DequantizeLinear (tensorrt)
${calibrateOptionsHelp}
  --verify       run the model before and after, and compare; a difference is fine as far as
                 the effect classes of the rules applied allow it
${verifyOptionsHelp}
  --report FILE  write a page to look at: plans before and after, a map of the network by
                 precision, every rewrite with its picture
  --json         one JSON value: .rewrites[{rule, effect, graph, at, before, after, note}],
                 .before and .after{nodes, quantize, dequantize, bytes}, .plan{before, after} as
                 the plan command gives them, .findings, .verify, .verifyExact (the exact
                 rules alone)
  --help         this text

Exit code: 0 done, 1 the result is not equivalent or rewriting did not come to its end (the
file is written all the same), 2 failed.`,
  options: {
    target: { type: 'string' },
    output: { type: 'string', short: 'o' },
    'in-place': { type: 'boolean' },
    only: { type: 'string', multiple: true },
    skip: { type: 'string', multiple: true },
    unify: { type: 'string' },
    ...unifyOptionsConfig,
    allow: { type: 'string', multiple: true },
    'int8-output': { type: 'boolean' },
    ...calibrateOptionsConfig,
    verify: { type: 'boolean' },
    ...verifyOptionsConfig,
    report: { type: 'string' },
    json: { type: 'boolean' },
  },
  files: [1, 1],
  async run(args, io) {
    readPipeline(args);
    const file = args.files[0]!;
    const target = readTarget(args, file);
    const { model, bytes, milliseconds: reading } = await load(file, io);
    const pipeline = readPipeline(args, await readCalibrateOptions(args, model, io));
    const started = io.now();
    const rewritten = rewrite(model, pipeline, {
      onStage: (stage, rewrites) => io.progress(() => `rewriting: ${stage}, ${rewrites} rewrites`),
    });
    const rewriting = io.now() - started;
    warnOfGeneratedInputs(args, rewritten, io);
    const verified = args.flag('verify')
      ? await verifyResult(args, model, rewritten, pipeline, io)
      : undefined;
    const writing = target === undefined ? undefined : await write(rewritten.model, target, io);
    const facts: FixFacts = {
      target: pipeline.name,
      file,
      output: target,
      rewritten,
      before: { ...countsOf(model), bytes },
      after: { ...countsOf(rewritten.model), bytes: writing?.bytes },
      plan: plansOf(model, rewritten.model, pipeline.name),
      report: verified?.report,
      exact: verified?.exact,
      milliseconds: { reading, rewriting, verifying: verified?.milliseconds, writing: writing?.milliseconds },
    };
    await writeReport(args, model, facts, io);
    io.print(
      args.flag('json') ? toJson(fixJson(facts)) : printFix(facts, (style, text) => io.paint(style, text)),
    );
    const proved = verified?.report.equivalent !== false && verified?.exact?.identical !== false;
    const fine = rewritten.trace.stop.kind === 'complete' && proved;
    return fine ? exitCode.fine : exitCode.findings;
  },
};

/** What the engine makes of the model before and after; absent for targets there is no forecast for. */
function plansOf(before: Model, after: Model, target: string): FixFacts['plan'] {
  const name = target === 'tensorrt' ? 'tensorrt@10' : target;
  if (!planTargets.includes(name)) return undefined;
  const of = (model: Model): Plan => plan(model, { target: name });
  return { before: of(before), after: of(after) };
}

/** Ranges measured on made-up inputs fit made-up inputs. */
function warnOfGeneratedInputs(args: Arguments, { trace }: Rewritten, io: Io): void {
  if (args.has('calibrate') || !trace.rewrites.some(({ note }) => note?.includes('generated inputs'))) return;
  io.say(
    'WARNING: ranges were measured on generated inputs. Give recorded ones with --calibrate DIR: they decide how accurate the model is.',
  );
}

/** The pipeline the arguments ask for; wrong arguments are found out before a model is read. */
function readPipeline(args: Arguments, calibration: CalibrationOptions = {}): Pipeline {
  const target = args.choice('target', targetNames, 'tensorrt');
  const unify = args.choice('unify', ['max', 'consumer', 'none'], 'max');
  const int8Output = args.flag('int8-output');
  const allow = readConsents(args);
  const all = targets[target]({ ...readUnifyOptions(args), ...calibration, unify, int8Output, allow });
  if (args.has('calibrate') && target !== 'onnxruntime' && allow.length === 0)
    throw usage(
      `--calibrate is of no use for ${target} without --allow: nothing is measured for it.`,
      undefined,
      'fix',
    );
  const [only, skip] = [args.list('only'), args.list('skip')];
  checkNames('--only', only, all.names, `rule or pass of ${target}`);
  checkNames(
    '--skip',
    skip,
    [...new Set([...all.names, ...catalogueEntries().map(({ name }) => name)])],
    'rule or pass',
  );
  const chosen = only.length === 0 ? all : all.only(...only);
  return chosen.without(...skip.filter((name) => chosen.names.includes(name)));
}

function readConsents(args: Arguments): readonly Consent[] {
  const words = args.list('allow');
  checkNames('--allow', words, [...consentNames, 'all'], 'consent');
  return words.includes('all') ? consentNames : consentNames.filter((name) => words.includes(name));
}

function checkNames(option: string, names: readonly string[], known: readonly string[], what: string): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const message = `${option} names "${unknown}", which is no ${what}; there are ${known.join(', ')}.`;
  throw usage(message, suggest(unknown, known), 'fix');
}

/** Where to write, if anywhere. The model that was read is overwritten only when that was asked for. */
function readTarget(args: Arguments, file: string): string | undefined {
  const output = args.text('output');
  if (args.flag('in-place')) {
    if (output !== undefined) throw usage('--in-place and -o exclude each other.', undefined, 'fix');
    return file;
  }
  const report = args.text('report');
  if (report !== undefined && (isSameFile(report, file) || report === output))
    throw usage(`--report would overwrite the model "${report}".`, undefined, 'fix');
  if (output !== undefined && isSameFile(output, file)) {
    throw new ModelError('would-overwrite', `"${output}" is the model that is read.`, {
      fix: 'Give another name, or say --in-place.',
    });
  }
  if (args.has('samples') || args.has('seed') || args.has('inputs') || args.has('dim')) {
    const measures = args.text('target') === 'onnxruntime' || args.has('allow');
    const calibrates = measures && !args.has('inputs');
    if (!args.flag('verify') && !calibrates)
      throw usage('--samples, --seed, --inputs and --dim need --verify.', undefined, 'fix');
  }
  return output;
}

interface Verified {
  readonly report: VerifyReport;
  /** The exact rules alone, held to every bit; absent when no others were applied, or no exact ones. */
  readonly exact: VerifyReport | undefined;
  readonly milliseconds: number;
}

/** Verifies the result against what its rules claim, and the exact rules by themselves against their claim. */
async function verifyResult(
  args: Arguments,
  model: Model,
  { model: after, trace }: Rewritten,
  pipeline: Pipeline,
  io: Io,
): Promise<Verified> {
  const options = await readVerifyOptions(args, model, io);
  const applied = new Set(trace.rewrites.map(({ effect }) => effect));
  const started = io.now();
  const report = verify(model, after, { ...options, allow: effects.filter((effect) => applied.has(effect)) });
  const mixed = applied.has('exact') && applied.size > 1;
  const others = pipeline.members.filter(({ effect }) => effect !== 'exact').map(({ name }) => name);
  const exact = mixed ? verify(model, rewrite(model, pipeline.without(...others)).model, options) : undefined;
  return { report, exact, milliseconds: io.now() - started };
}

/** Writes the page of `--report`, where one is wanted. */
async function writeReport(args: Arguments, model: Model, facts: FixFacts, io: Io): Promise<void> {
  const file = args.text('report');
  if (file === undefined) return;
  io.progress(() => `writing ${file}`);
  const folded = rewrite(model, [removeIdentity, foldConstants()]).model;
  const groups = scaleGroups(folded, readUnifyOptions(args));
  const effects = new Map(catalogueEntries().map(({ name, effect }) => [name, effect]));
  const page = printPage({ ...facts, groups, effects });
  await inFile(file, () => writeFileWhole(file, page));
}

async function write(
  model: Model,
  file: string,
  io: Io,
): Promise<{ readonly bytes: number; readonly milliseconds: number }> {
  io.progress(() => `writing ${file}`);
  const started = io.now();
  await saveModel(model, file);
  return { bytes: statSync(file).size, milliseconds: io.now() - started };
}
