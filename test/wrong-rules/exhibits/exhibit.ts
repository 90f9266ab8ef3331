import type { Pass, Rule } from '../../../src/rewrite/index.ts';

/** A rule that somebody could write in good faith, what is wrong with it, and how it is done right. */
export interface Exhibit {
  /** What is wrong, in a sentence. */
  readonly because: string;
  readonly wrong: Rule | Pass;
  /** The same idea done right. */
  readonly right: Rule | Pass;
}
