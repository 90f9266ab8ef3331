import type { DataType } from '../ir/index.ts';
import type { Difference } from './measure.ts';
import type { SampleKind } from './samples.ts';
import type { AllowedEffect, Tolerance } from './tolerance.ts';

/** What `verify` found out about two models. */
export interface VerifyReport {
  /** Every output keeps within what is allowed, and every finding is allowed. */
  readonly equivalent: boolean;
  /** Every bit of every output is equal, and there is no finding. */
  readonly identical: boolean;
  /** Effect classes that were allowed; `exact` when nothing else was. */
  readonly allowed: readonly AllowedEffect[];
  /** An output passes when it is identical or when one of these holds. Empty: it has to be identical. */
  readonly tolerances: readonly Tolerance[];
  /** What each sample was, in order. */
  readonly samples: readonly (SampleKind | 'given')[];
  /** Seed of the generated samples; absent when inputs were given. */
  readonly seed?: number;
  readonly outputs: readonly OutputReport[];
  /** The first value where the models part, when an output differs and the models share value names. */
  readonly firstDifference?: FirstDifference;
  readonly findings: readonly VerifyFinding[];
  /** What this report does not vouch for, in sentences. */
  readonly notChecked: readonly string[];
}

/** One output of the model before, compared with its counterpart. Measures are absent when nothing could be compared. */
export interface OutputReport extends Partial<Difference> {
  /** Name in the model before. */
  readonly name: string;
  /** Name in the model after, where it is another. */
  readonly nameAfter?: string;
  readonly identical: boolean;
  /** Identical, or within what is allowed. */
  readonly within: boolean;
  readonly dtype: { readonly before?: DataType; readonly after?: DataType };
  /** Size of one quantum, when the output lies on a quantizer's grid. */
  readonly quantum?: number;
  /** How the two were made comparable, such as `after dequantized with scale 0.05, zero point 0`. */
  readonly note?: string;
}

/** Where two runs part: the first value in execution order, of those both models have by name. */
export interface FirstDifference {
  readonly value: string;
  /** Number of the sample, from 0. */
  readonly sample: number;
  /** The nodes that make it: `Conv "conv1"`. */
  readonly madeBy: { readonly before: string; readonly after: string };
  readonly dtype: { readonly before: DataType; readonly after: DataType };
  readonly dims: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Absent when element types or shapes differ. */
  readonly difference?: Difference;
  /** The first element that differs. */
  readonly element?: {
    readonly index: readonly number[];
    readonly before: number | bigint | string;
    readonly after: number | bigint | string;
  };
}

/** Something about the interface, or about a run, that is not as it was. */
export interface VerifyFinding {
  /**
   * `input-renamed`, `input-missing`, `input-added`, `input-type-changed`, `output-renamed`, `output-missing`,
   * `output-added`, `output-moved`, `output-type-changed`, `output-shape-changed`, `output-scale-changed`, `run-failed`,
   * `cannot-run`.
   */
  readonly code: string;
  /** The input or output. */
  readonly at: string;
  readonly message: string;
  /** Whether the allowed effects cover it. */
  readonly allowed: boolean;
}
