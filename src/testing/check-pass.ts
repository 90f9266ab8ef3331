import type { Pass, Pipeline, Rule } from '../rewrite/index.ts';
import { type CheckOptions, checkOn, drawRetrying } from './check-rule.ts';
import { examine } from './claims.ts';
import { givenCases } from './given.ts';
import { type Case, drawMatching, drawModel, hintsOf } from './matching.ts';
import { proveMatches } from './proving.ts';
import type { Verdict } from './verdict.ts';

export interface CheckPassOptions extends CheckOptions {
  /** Rules whose patterns the pass is about: two models in three are drawn around one of them. */
  readonly around?: readonly Rule[];
}

/**
 * Puts a pass or a pipeline through everything it claims, as `checkRule` does a rule: on random typed models, on models
 * around the patterns of given rules, and on given models.
 */
export function checkPass(pass: Pass | Pipeline, options: CheckPassOptions = {}): Verdict {
  const { around = [] } = options;
  const hints = around.map((rule) => ({ rule, hints: hintsOf(rule) }));
  const given = options.models === undefined ? undefined : givenCases(options.models, options);
  let turn = 0;
  const draw = (seed: number): Case | undefined => {
    turn += 1;
    if (given !== undefined && turn % 2 === 0) return given();
    return drawRetrying((random) => {
      if (hints.length === 0 || random.below(3) === 0) return drawModel(random);
      const { rule, hints: own } = random.pick(hints);
      return drawMatching(rule, own, random);
    }, seed);
  };
  return checkOn(
    pass.name,
    draw,
    (one, seed) => examine(pass, one, { ...options, seed }),
    options,
    undefined,
    (matched) => proveMatches(pass, matched, options.proofs),
  );
}
