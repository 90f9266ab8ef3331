import { type Model, recordChange } from '../ir/index.ts';
import { RuleError } from '../support/errors.ts';
import { applyRules, type DriverOptions } from './driver.ts';
import { type Pipeline, type StageSource, stagesOf } from './pipeline.ts';
import { complete, type Finding, type StopReason } from './record.ts';
import { RuleSet } from './rule-set.ts';
import { Trace, type TraceStep } from './trace.ts';

export interface RewriteOptions extends DriverOptions {
  /** Most rounds through a pipeline before giving up on it settling; 20 unless said. */
  readonly maxRounds?: number;
  /** Told when a stage of the pipeline is done. */
  readonly onStage?: (stage: string, rewrites: number) => void;
}

/** A rewritten model with the story of how it came about. */
export interface Rewritten {
  /** The very object given when nothing matched. */
  readonly model: Model;
  readonly trace: Trace;
}

/**
 * Applies rules, rule sets, passes or a pipeline of them until nothing changes any more. The model given stays as it is.
 *
 * The result does not depend on the order of nodes in the file nor on any name. It ends in every case: `trace.stop` says
 * whether because nothing matches any more (`complete`) or because a limit or a looping rule ended it.
 *
 * @throws RuleError when a rule's own code fails or breaks a promise; the model is untouched then
 */
export function rewrite(model: Model, what: StageSource | Pipeline, options: RewriteOptions = {}): Rewritten {
  const stages = stagesOf(what);
  const steps: TraceStep[] = [];
  const findings = new Map<string, Finding>();
  let now = model;
  let stop: StopReason = complete;
  const maxRounds = stages.length > 1 ? (options.maxRounds ?? 20) : 1;
  for (let round = 0; ; round++) {
    if (round === maxRounds && stages.length > 1) {
      stop = { kind: 'rounds', message: `the pipeline had not settled after ${maxRounds} rounds` };
      break;
    }
    const before = now;
    findings.clear();
    for (const stage of stages) {
      const result = stage instanceof RuleSet ? applyRules(now, stage, options) : runPass(now, stage);
      now = result.model;
      for (const finding of result.findings)
        findings.set(`${finding.rule} ${finding.at} ${finding.message}`, finding);
      if (result.step.rewrites.length > 0) steps.push(result.step);
      options.onStage?.(stage.name, result.step.rewrites.length);
      if (result.stop.kind !== 'complete') stop = result.stop;
    }
    if (now === before || stop.kind !== 'complete' || stages.length === 1) break;
  }
  return { model: now, trace: new Trace(model, now, steps, [...findings.values()], stop) };
}

function runPass(model: Model, stage: Exclude<ReturnType<typeof stagesOf>[number], RuleSet>) {
  const result = stage.run(model);
  if (result.model !== model && result.rewrites.length === 0) {
    throw new RuleError('silent-change', `Pass ${stage.name} changed the model and recorded no rewrite.`);
  }
  const change =
    result.model === model ? { model, patches: [], inversePatches: [] } : recordChange(model, result.model);
  const step: TraceStep = Object.freeze({
    stage: stage.name,
    rewrites: result.rewrites,
    patches: change.patches,
    inversePatches: change.inversePatches,
  });
  return { model: change.model, step, findings: result.findings ?? [], stop: complete };
}
