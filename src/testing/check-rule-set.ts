import { canonicalHash } from '../analysis/index.ts';
import { type Rule, RuleSet, type RuleSource, rewrite, ruleSet } from '../rewrite/index.ts';
import { printModel } from '../serde/index.ts';
import { createRandom, type Random } from '../support/random.ts';
import { type CheckOptions, checkOn, drawRetrying } from './check-rule.ts';
import { type Examined, examine } from './claims.ts';
import { type Case, drawMatching, hintsOf } from './matching.ts';
import { permutation } from './recipe.ts';
import type { Verdict } from './verdict.ts';

export interface CheckRuleSetOptions extends CheckOptions {
  /** Whether the set claims that the order of its rules makes no difference. */
  readonly anyOrder?: boolean;
}

/** Two rules that do not get along: which of them comes first makes a difference. */
export interface Interference {
  readonly first: string;
  readonly second: string;
  /** A model on which it does, as ONNX text. */
  readonly text: string;
}

/** What a rule set has come to, and which of its rules get into each other's way. */
export interface RuleSetVerdict {
  readonly verdict: Verdict;
  readonly interference: readonly Interference[];
}

/**
 * Puts a rule set through everything it claims together, on models around the patterns of its rules. Where the set
 * claims that order makes no difference, rules in random orders have to come to the same model.
 */
export function checkRuleSet(rules: RuleSource, options: CheckRuleSetOptions = {}): RuleSetVerdict {
  const set = rules instanceof RuleSet ? rules : ruleSet(rules);
  const members = set.rules.map((rule) => ({ rule, hints: hintsOf(rule) }));
  const interference = new Map<string, Interference>();
  const drawAny = (random: Random): Case => {
    const { rule, hints } = random.pick(members);
    return drawMatching(rule, hints, random);
  };
  const look = (one: Case, seed: number): Examined => {
    const examined = examine(set, one, { ...options, seed });
    if (examined.broken !== undefined || examined.rewrites === 0) return examined;
    noteInterference(one, set.rules, interference);
    return options.anyOrder === true ? inAnyOrder(one, set.rules, examined, seed) : examined;
  };
  const verdict = checkOn(set.name, (seed) => drawRetrying(drawAny, seed), look, options);
  return { verdict, interference: [...interference.values()] };
}

/** The same set in another order has to come to the same model. */
function inAnyOrder(one: Case, rules: readonly Rule[], examined: Examined, seed: number): Examined {
  const order = permutation(createRandom(seed), rules.length);
  const after = rewrite(one.model, ruleSet(...rules)).model;
  const other = rewrite(one.model, ruleSet(...order.map((i) => rules[i]!))).model;
  if (canonicalHash(after) === canonicalHash(other)) return examined;
  const names = order.map((i) => rules[i]!.name).join(', ');
  const message = `In the order ${names} it makes something else:\n${printModel(other)}`;
  return { ...examined, broken: { claim: 'order', message, after } };
}

/** Notes pairs of rules that both apply and come to different models in either order. */
function noteInterference({ model }: Case, rules: readonly Rule[], found: Map<string, Interference>): void {
  const able = rules.filter((rule) => rewrite(model, rule).model !== model);
  for (const [i, first] of able.entries()) {
    for (const second of able.slice(i + 1)) {
      const key = `${first.name} ${second.name}`;
      if (found.has(key)) continue;
      const [one, other] = [ruleSet(first, second), ruleSet(second, first)].map(
        (pair) => rewrite(model, pair).model,
      );
      if (canonicalHash(one!) !== canonicalHash(other!))
        found.set(key, { first: first.name, second: second.name, text: printModel(model) });
    }
  }
}
