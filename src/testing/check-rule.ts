import type fc from 'fast-check';
import type { Model } from '../ir/index.ts';
import { type Effect, type Rule, whyNot } from '../rewrite/index.ts';
import { createRandom, type Random } from '../support/random.ts';
import { type BrokenClaim, type Claim, examine } from './claims.ts';
import { givenCases } from './given.ts';
import { type Case, drawMatching, hintsOf } from './matching.ts';
import { type Proofs, proveMatches } from './proving.ts';
import { isValid, shrinkCase } from './smaller.ts';
import { type Counterexample, counterexampleOf, type Verdict } from './verdict.ts';
import { DeadEnd } from './workshop.ts';

export interface CheckOptions {
  /** Most models; 400 unless given. */
  readonly runs?: number;
  /** The same seed makes the same models everywhere; 1 unless given. */
  readonly seed?: number;
  /** Models of your own, drawn in turn with those made from the pattern. */
  readonly models?: fc.Arbitrary<Model>;
  /** Effects that are allowed besides the rule's own. */
  readonly allow?: readonly Effect[];
  /**
   * Claims that are left unexamined, `outputs` for what changes numbers on purpose and by no effect there is: bias
   * correction, pruning. The verdict repeats them.
   */
  readonly unchecked?: readonly Claim[];
  /** Matches below which the verdict is `inconclusive`; 1 unless given. */
  readonly matches?: number;
  /** Most models tried while a counterexample is made smaller; 4,000 unless given. */
  readonly shrinks?: number;
  /** Most matches of an exact rule that are proved for every input; 30 unless given, 0 for none. */
  readonly proofs?: number;
}

/**
 * Puts a rule through everything it claims, on models made from its own pattern, and answers with a verdict. A
 * counterexample is as small as it gets.
 *
 * ```ts
 * const verdict = checkRule(myRule);
 * if (verdict.kind === 'refuted') console.log(printVerdict(verdict));
 * ```
 */
export function checkRule(rule: Rule, options: CheckOptions = {}): Verdict {
  const hints = hintsOf(rule);
  const given = options.models && givenCases(options.models, options);
  let turn = 0;
  const draw = (seed: number) =>
    given !== undefined && turn++ % 2 === 1
      ? given()
      : drawRetrying((random) => drawMatching(rule, hints, random), seed);
  const why = (model: Model) => whyNot(rule, model);
  return checkOn(
    rule.name,
    draw,
    (one, seed) => examine(rule, one, { ...options, seed }),
    options,
    why,
    (matched) => proveMatches(rule, matched, options.proofs),
  );
}

/** A valid case of a seed; draws that lead nowhere are drawn again. */
export function drawRetrying(draw: (random: Random) => Case, seed: number): Case | undefined {
  for (let attempt = 0; attempt < 30; attempt++) {
    try {
      const one = draw(createRandom(seed + attempt * 2 ** 32));
      if (isValid(one)) return one;
    } catch (error) {
      if (!(error instanceof DeadEnd)) throw error;
    }
  }
  return undefined;
}

/** The loop of every check: draws cases, examines them, and makes the first that fails as small as it gets. */
export function checkOn(
  name: string,
  draw: (seed: number) => Case | undefined,
  look: (one: Case, seed: number) => ReturnType<typeof examine>,
  { runs = 400, seed = 1, matches: least = 1, shrinks = 4000, unchecked = [] }: CheckOptions,
  whyNotMatched?: (model: Model) => string | undefined,
  prove: (matched: readonly Case[]) => Proofs = () => ({ evidence: 'tested', proved: 0 }),
): Verdict {
  let [models, matches, rewrites, told] = [0, 0, 0, 0];
  const reasons = new Map<string, number>();
  const matched: Case[] = [];
  const refuses = whyNotMatched && ((one: Case) => whyNotMatched(one.model) !== undefined);
  const drawLikely = insisting(draw, refuses, runs);
  for (let run = 0; run < runs; run++) {
    const number = seed * 1_000_003 + run;
    const one = isRare(matches, models) ? fedAgain(matched, number) : drawLikely(number, matches, models);
    if (one === undefined) continue;
    models += 1;
    const examined = look(one, run);
    rewrites += examined.rewrites;
    told += examined.told;
    if (examined.rewrites > 0) {
      matches += 1;
      matched.push(one);
    } else count(reasons, whyNotMatched?.(one.model));
    if (examined.broken === undefined) continue;
    const counterexample = smallest(one, examined.broken, (other) => look(other, run).broken, shrinks);
    return { kind: 'refuted', name, seed, models, matches, counterexample };
  }
  const coverage = { models, matches, rewrites, told, reasons };
  if (matches >= least && told > 0)
    return { kind: 'holds', name, seed, unchecked, ...prove(matched), ...coverage };
  const reason =
    matches < least
      ? `the pattern matched ${matches} of ${models} models`
      : 'no model that it matched could be run';
  return { kind: 'inconclusive', name, seed, reason, ...coverage };
}

/**
 * Draws again what a guard refuses, where it refuses most: one case in four stays as it comes, a near miss. The draws are
 * limited, for a guard may refuse everything.
 */
function insisting(
  draw: (seed: number) => Case | undefined,
  refuses: ((one: Case) => boolean) | undefined,
  runs: number,
): (seed: number, matches: number, models: number) => Case | undefined {
  let left = 3 * runs;
  return (seed, matches, models) => {
    let one = draw(seed);
    if (refuses === undefined || models < 8 || matches > 0.6 * models || seed % 4 === 0) return one;
    for (let i = 1; i < 12 && left > 0 && (one === undefined || refuses(one)); i++) {
      left -= 1;
      one = draw(seed + i * 2 ** 40) ?? one;
    }
    return one;
  };
}

/** Where matches are hard to come by, half of the runs feed other numbers to those there are. */
function isRare(matches: number, models: number): boolean {
  return matches > 0 && matches < models / 8 && models % 2 === 1;
}

function fedAgain(matched: readonly Case[], seed: number): Case | undefined {
  const random = createRandom(seed);
  const one = random.pick(matched);
  return one.redraw === undefined ? one : { ...one, samples: one.redraw(random) };
}

function count(reasons: Map<string, number>, reason: string | undefined): void {
  if (reason === undefined) return;
  const plain = reason
    .split('\n')[0]!
    .replace(/[vxc]\d+(_\w+)?/g, '…')
    .replace(/-?\d+(\.\d+)?(e-?\d+)?/g, '#');
  reasons.set(plain, (reasons.get(plain) ?? 0) + 1);
}

/** A wrong type shows as one thing or the other, by where it comes out. */
function kindOf({ claim }: BrokenClaim): Claim {
  return claim === 'types' ? 'valid' : claim;
}

function smallest(
  one: Case,
  broken: BrokenClaim,
  look: (one: Case) => BrokenClaim | undefined,
  shrinks: number,
): Counterexample {
  let found = broken;
  const small = shrinkCase(
    one,
    (other) => {
      const now = look(other);
      if (now === undefined || kindOf(now) !== kindOf(broken)) return false;
      found = now;
      return true;
    },
    shrinks,
  );
  return counterexampleOf(small, found);
}
