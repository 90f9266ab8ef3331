import type { DataType } from '../../ir/index.ts';
import { formatNumber, formatTime, printTable } from '../../support/text-table.ts';

/** An output as `run --json` gives it. */
export interface OutputFacts {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Absent for strings and empty outputs. */
  readonly min?: number;
  readonly max?: number;
  readonly mean?: number;
  /** Where it was written. */
  readonly file?: string;
  /** Against the recorded output beside the inputs, where there is one. */
  readonly sqnr?: number;
  readonly maxDifference?: number;
  readonly note?: string;
}

export function printOutputs(outputs: readonly OutputFacts[], milliseconds: number): string {
  const heading = ['output', 'type', 'min', 'max', 'mean', 'SQNR dB against the recorded', 'max difference'];
  const compared = outputs.some(({ sqnr, note }) => sqnr !== undefined || note !== undefined);
  const rows = outputs.map(({ name, dtype, dims, min, max, mean, sqnr, maxDifference, note }) => [
    name,
    `${dtype}[${dims}]`,
    formatNumber(min),
    formatNumber(max),
    formatNumber(mean),
    ...(compared ? [note ?? formatNumber(sqnr), formatNumber(maxDifference)] : []),
  ]);
  const columns = compared ? heading : heading.slice(0, 5);
  const align = ['left', 'left', ...Array<'right'>(5).fill('right')] as const;
  return `${printTable(columns, rows, { align })}\n\nran in ${formatTime(milliseconds)}`;
}
