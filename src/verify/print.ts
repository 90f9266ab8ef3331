import { formatNumber, plural, printTable } from '../support/text-table.ts';
import type { FloatDistance } from './float-distance.ts';
import type { FirstDifference, OutputReport, VerifyReport } from './report.ts';
import { describeTolerance } from './tolerance.ts';

/** A report as a person reads it: the verdict, a table of the outputs, where the models part, and what was not checked. */
export function printVerify(report: VerifyReport): string {
  const blocks = [
    verdictOf(report),
    report.outputs.length > 0 ? outputTable(report.outputs) : 'The model before has no outputs.',
    report.firstDifference && printFirstDifference(report.firstDifference),
    list(
      'Findings',
      report.findings.map(({ message, allowed }) => `${message}${allowed ? ' (allowed)' : ''}`),
    ),
    list('Not checked', report.notChecked),
  ];
  return blocks.filter((block) => block !== undefined && block !== '').join('\n\n');
}

function verdictOf(report: VerifyReport): string {
  const runs = `on ${plural(report.samples.length, 'sample')}${report.seed === undefined ? '' : `, seed ${report.seed}`}`;
  const allowed = report.allowed.join(', ');
  if (report.identical) return `identical: every output bit is equal ${runs}`;
  const limits = report.tolerances.map(describeTolerance).join(', or ') || 'equal bits';
  const verdict = report.equivalent ? 'equivalent' : 'NOT equivalent';
  return `${verdict} ${runs}; allowed: ${allowed} (${limits})`;
}

function outputTable(outputs: readonly OutputReport[]): string {
  const heading = [
    'output',
    'verdict',
    'differ',
    'max difference',
    'quanta',
    'SQNR dB',
    'cosine',
    'mean before',
    'after',
  ];
  const rows = outputs.map((output) => [
    output.nameAfter === undefined ? output.name : `${output.name} → ${output.nameAfter}`,
    output.identical
      ? 'identical'
      : output.elements === undefined
        ? 'not compared'
        : output.within
          ? 'within'
          : 'DIFFERS',
    output.elements === undefined ? '–' : `${output.different}/${output.elements}`,
    formatNumber(output.maxDifference),
    formatNumber(output.quanta),
    formatNumber(output.sqnr),
    formatNumber(output.cosine, 6),
    formatNumber(output.mean?.before),
    formatNumber(output.mean?.after),
  ]);
  const align = ['left', 'left', ...Array<'right'>(7).fill('right')] as const;
  const notes = outputs.flatMap(({ name, note, toFloat }) => [
    ...(note === undefined ? [] : [`  ${name}: ${note}`]),
    ...(toFloat === undefined ? [] : [`  ${name}: ${describeDistance(toFloat)}`]),
  ]);
  return [printTable(heading, rows, { align }), ...notes].join('\n');
}

function describeDistance({ before, after, loss }: FloatDistance): string {
  const change = `${formatNumber(Math.abs(loss), 3)} dB ${loss > 0 ? 'farther' : 'closer'}`;
  return `SQNR against the network without rounding ${formatNumber(before)} dB before, ${formatNumber(after)} dB after: on average ${change}`;
}

function printFirstDifference({
  value,
  sample,
  madeBy,
  dtype,
  dims,
  difference,
  element,
}: FirstDifference): string {
  const maker =
    madeBy.before === madeBy.after ? madeBy.before : `${madeBy.before} before, ${madeBy.after} after`;
  const lines = [`First difference: ${value}, made by ${maker}, in sample ${sample}`];
  if (difference === undefined || element === undefined) {
    lines.push(`  ${dtype.before}[${dims.before}] before, ${dtype.after}[${dims.after}] after`);
  } else {
    lines.push(
      `  at [${element.index}]: ${show(element.before)} before, ${show(element.after)} after; ` +
        `${difference.different} of ${difference.elements} elements differ, by up to ${formatNumber(difference.maxDifference)}`,
    );
  }
  return lines.join('\n');
}

function show(value: number | bigint | string): string {
  return Object.is(value, -0) ? '-0' : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function list(title: string, items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : [`${title}:`, ...items.map((item) => `  - ${item}`)].join('\n');
}
