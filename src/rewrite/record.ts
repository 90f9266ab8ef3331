import type { Node, Tensor } from '../ir/index.ts';
import type { Effect } from './effect.ts';

/** One rewrite, as the trace keeps it. */
export interface RewriteRecord {
  /** Name of the rule or pass. */
  readonly rule: string;
  readonly effect: Effect;
  /** Path of the graph: `main`, `main/if_1/then_branch`, `function local.F`. */
  readonly graph: string;
  /** The value the rewrite was about: the first output of the matched root. */
  readonly at: string;
  readonly before: readonly Node[];
  readonly after: readonly Node[];
  /** Initializers that came with it. */
  readonly added: readonly Tensor[];
  /** Names of initializers nobody needs any more. */
  readonly removed: readonly string[];
  /** What else a person should know, such as a scale's old and new value. */
  readonly note?: string | undefined;
}

/** Something a rule or pass saw and left alone, and why. */
export interface Finding {
  readonly rule: string;
  readonly at: string;
  readonly message: string;
}

/** Why rewriting ended. */
export interface StopReason {
  /**
   * `complete`: nothing matches any more · `limit`: the rewrite limit was reached · `loop`: rules kept rewriting what
   * they had written · `measure`: a rule's measure did not fall · `rounds`: a pipeline did not settle.
   */
  readonly kind: 'complete' | 'limit' | 'loop' | 'measure' | 'rounds';
  readonly rule?: string;
  readonly at?: string;
  readonly message: string;
}

export const complete: StopReason = Object.freeze({ kind: 'complete', message: 'nothing matches any more' });
