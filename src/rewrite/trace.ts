import { equalModels } from '../analysis/index.ts';
import { applyPatches, type Model, type Node, type Patch } from '../ir/index.ts';
import { RuleError } from '../support/errors.ts';
import type { Finding, RewriteRecord, StopReason } from './record.ts';

/** The changes of one application of a rule set or pass. */
export interface TraceStep {
  /** Name of the rule set or pass. */
  readonly stage: string;
  readonly rewrites: readonly RewriteRecord[];
  readonly patches: readonly Patch[];
  readonly inversePatches: readonly Patch[];
}

/** What happened to a model: every rewrite with its match and result, and the way there and back. */
export class Trace {
  readonly steps: readonly TraceStep[];
  /** Every rewrite, in the order it was made. */
  readonly rewrites: readonly RewriteRecord[];
  /** What was seen and left alone. */
  readonly findings: readonly Finding[];
  readonly stop: StopReason;
  readonly #before: Model;
  readonly #after: Model;

  constructor(
    before: Model,
    after: Model,
    steps: readonly TraceStep[],
    findings: readonly Finding[],
    stop: StopReason,
  ) {
    this.#before = before;
    this.#after = after;
    this.steps = Object.freeze([...steps]);
    this.rewrites = Object.freeze(steps.flatMap((step) => step.rewrites));
    this.findings = Object.freeze([...findings]);
    this.stop = stop;
    Object.freeze(this);
  }

  /** Does the same to a model equal to the one before. Throws `trace-mismatch` for any other. */
  replay(model: Model): Model {
    checkSame(model, this.#before, 'before');
    return this.steps.reduce<Model>((now, step) => applyPatches(now, [...step.patches]), model);
  }

  /** Takes everything back from a model equal to the one after. Throws `trace-mismatch` for any other. */
  undo(model: Model): Model {
    checkSame(model, this.#after, 'after');
    return this.steps.reduceRight<Model>((now, step) => applyPatches(now, [...step.inversePatches]), model);
  }

  /** How often each rule or pass was applied, in order of first use. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { rule } of this.rewrites) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    return counts;
  }

  /** The story in lines: which rule, where, which nodes became which. */
  toString(): string {
    const lines = this.rewrites.flatMap((rewrite, i) => [
      `${i + 1}. ${rewrite.rule} [${rewrite.effect}] at ${rewrite.graph === 'main' ? '' : `${rewrite.graph}: `}${rewrite.at}`,
      ...rewrite.before.map((node) => `   - ${line(node)}`),
      ...rewrite.after.map((node) => `   + ${line(node)}`),
      ...(rewrite.note === undefined ? [] : [`   ${rewrite.note}`]),
    ]);
    const left = this.findings.map(
      (finding) => `left alone: ${finding.rule} at ${finding.at}: ${finding.message}`,
    );
    const end = this.stop.kind === 'complete' ? [] : [`stopped: ${this.stop.message}`];
    return [...lines, ...left, ...end].join('\n');
  }
}

function checkSame(model: Model, wanted: Model, which: string): void {
  if (model === wanted || equalModels(model, wanted)) return;
  throw new RuleError('trace-mismatch', `This is not the model the trace knows from ${which} the rewriting.`);
}

function line(node: Node): string {
  const domain = node.domain ? `${node.domain}.` : '';
  return `${node.outputs.join(', ')} = ${domain}${node.opType} (${node.inputs.join(', ')})`;
}
