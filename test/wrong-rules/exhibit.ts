import type { Rule } from '../../src/rewrite/index.ts';
import type { Claim } from '../../src/testing/index.ts';

/** A rule that somebody might well write, what is wrong with it, and how it goes right. */
export interface Exhibit {
  readonly wrong: Rule;
  readonly right: Rule;
  /** What it forgets. */
  readonly forgets: string;
  /** The claims it may break, where not the outputs. */
  readonly breaks?: readonly Claim[];
}
