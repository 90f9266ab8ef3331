import type { Effect, Rewritten } from '../../rewrite/index.ts';
import { encodeModelChunks } from '../../serde/index.ts';
import { formatBytes, formatTime, plural, printTable } from '../../support/text-table.ts';
import type { Plan } from '../../targets/index.ts';
import { consentOf } from '../../targets/tensorrt.ts';
import { printVerify, type VerifyReport } from '../../verify/index.ts';
import type { Counts } from '../facts.ts';
import { printTotals } from './plan.ts';

/** What `fix` did, to be told to people or programs. */
export interface FixFacts {
  readonly target: string;
  readonly file: string;
  /** Where the result was written; absent for a trial run. */
  readonly output: string | undefined;
  readonly rewritten: Rewritten;
  readonly before: Counts & { readonly bytes: number };
  readonly after: Counts & { readonly bytes: number | undefined };
  /** What the engine makes of it. */
  readonly plan: { readonly before: Plan; readonly after: Plan } | undefined;
  readonly report: VerifyReport | undefined;
  /** The exact rules alone. */
  readonly exact: VerifyReport | undefined;
  readonly milliseconds: {
    readonly reading: number;
    readonly rewriting: number;
    readonly verifying: number | undefined;
    readonly writing: number | undefined;
  };
}

/** The same as plain data: nodes by their names, no tensors. */
export function fixJson({ rewritten, report, exact, ...facts }: FixFacts): unknown {
  const { trace } = rewritten;
  return {
    ...facts,
    rewrites: trace.rewrites.map(({ rule, effect, graph, at, before, after, added, removed, note }) => ({
      rule,
      effect,
      graph,
      at,
      before: before.map(({ opType, outputs }) => ({ opType, outputs })),
      after: after.map(({ opType, outputs }) => ({ opType, outputs })),
      added: added.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
      removed,
      note,
    })),
    rules: tally(rewritten),
    findings: trace.findings,
    stop: trace.stop,
    verify: report ?? null,
    verifyExact: exact ?? null,
  };
}

type Paint = (style: 'bold' | 'red' | 'green' | 'yellow', text: string) => string;

/** What was done, as a person reads it. */
export function printFix(facts: FixFacts, paint: Paint): string {
  const { rewritten, report, exact, milliseconds } = facts;
  const { trace } = rewritten;
  const blocks = [
    paint('bold', `${facts.file} for ${facts.target}`),
    printRules(rewritten),
    printCounts(facts),
    printPlans(facts),
    printOffers(facts),
    list(
      'Left alone',
      trace.findings.map(({ rule, at, message }) => `${rule} at ${at}: ${message}`),
    ),
    list('Changes numbers or interface on purpose', consents(rewritten)),
    trace.stop.kind === 'complete' ? '' : paint('red', `Stopped early: ${trace.stop.message}`),
    exact === undefined ? '' : printExact(exact, paint),
    report === undefined ? '' : paintVerdict('Verified', report, paint),
    `${facts.output === undefined ? 'Nothing was written: no -o.' : `Written to ${facts.output}.`} ${times(milliseconds)}`,
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

interface RuleCount {
  readonly rule: string;
  readonly effect: Effect;
  readonly count: number;
}

function tally({ trace }: Rewritten): readonly RuleCount[] {
  const effectOf = new Map(trace.rewrites.map(({ rule, effect }) => [rule, effect]));
  return [...trace.counts()].map(([rule, count]) => ({ rule, effect: effectOf.get(rule)!, count }));
}

function printRules(rewritten: Rewritten): string {
  const counts = tally(rewritten);
  if (counts.length === 0) return 'Nothing to do: no rule or pass found anything.';
  const rows = counts.map(({ rule, effect, count }) => [rule, effect, String(count)]);
  return printTable(['rule or pass', 'effect', 'rewrites'], rows, { align: ['left', 'left', 'right'] });
}

function printCounts({ before, after, rewritten }: FixFacts): string {
  const bytes = after.bytes ?? encodedLength(rewritten);
  const row = (name: string, from: number, to: number, show: (count: number) => string = String) => [
    name,
    show(from),
    '→',
    show(to),
  ];
  const rows = [
    row('nodes', before.nodes, after.nodes),
    row('QuantizeLinear', before.quantize, after.quantize),
    row('DequantizeLinear', before.dequantize, after.dequantize),
    row('file', before.bytes, bytes, formatBytes),
  ];
  return printTable(['', 'before', '', 'after'], rows, { align: ['left', 'right', 'left', 'right'] });
}

function printPlans({ plan }: FixFacts): string {
  if (plan === undefined) return '';
  return `What ${plan.after.target} makes of it, as far as the model tells:\n\n${printTotals(plan.before, plan.after)}`;
}

/** What else could go, if the person who asks allowed it. */
function printOffers({ plan }: FixFacts): string {
  if (plan === undefined || !plan.after.target.startsWith('tensorrt')) return '';
  const counts = new Map<string, number>();
  for (const { rule } of plan.after.qdq) {
    if (rule !== null && consentOf.has(rule)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  const offers = [...counts].map(
    ([rule, count]) => `${plural(count, 'node')} by ${rule}: --allow ${consentOf.get(rule)}`,
  );
  return list('More could go, if that is allowed', offers);
}

function encodedLength({ model }: Rewritten): number {
  return encodeModelChunks(model).reduce((sum, chunk) => sum + chunk.length, 0);
}

const meaning: Readonly<Record<Effect, string | undefined>> = {
  exact: undefined,
  rounding: undefined,
  closer: 'removes a rounding: outputs move toward the float model',
  scale: 'changes calibration: scales are not what they were trained or measured to be',
  interface: 'changes the type of a graph input or output: callers have to know',
};

function consents(rewritten: Rewritten): readonly string[] {
  return tally(rewritten).flatMap(({ rule, effect, count }) =>
    meaning[effect] === undefined
      ? []
      : [`${rule} (${plural(count, 'rewrite')}) ${meaning[effect]}; --skip ${rule} leaves it out`],
  );
}

/** One line when the exact rules kept their promise, the whole report when they did not. */
function printExact(report: VerifyReport, paint: Paint): string {
  const text = paintVerdict('The exact rules alone', report, paint);
  return report.identical ? text.split('\n')[0]! : text;
}

function paintVerdict(title: string, report: VerifyReport, paint: Paint): string {
  const [verdict = '', ...rest] = printVerify(report).split('\n');
  return [paint(report.equivalent ? 'green' : 'red', `${title}: ${verdict}`), ...rest].join('\n');
}

function times({ reading, rewriting, verifying, writing }: FixFacts['milliseconds']): string {
  const parts = [
    `read in ${formatTime(reading)}`,
    `rewritten in ${formatTime(rewriting)}`,
    verifying !== undefined && `verified in ${formatTime(verifying)}`,
    writing !== undefined && `written in ${formatTime(writing)}`,
  ];
  return `(${parts.filter(Boolean).join(', ')})`;
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : [`${title}:`, ...items.map((item) => `  - ${item}`)].join('\n');
}
