import { RuleError } from '../support/errors.ts';
import type { Rule } from './rule.ts';

/** Rules in order of priority: where two match the same node, the earlier one is applied. Immutable. */
export class RuleSet implements Iterable<Rule> {
  readonly kind = 'rule-set';
  readonly name: string;
  readonly rules: readonly Rule[];

  constructor(name: string, rules: readonly Rule[]) {
    this.name = name;
    this.rules = Object.freeze([...new Set(rules)]);
    const names = this.rules.map((rule) => rule.name);
    const double = names.find((rule, i) => names.indexOf(rule) !== i);
    if (double !== undefined) {
      throw new RuleError(
        'duplicate-rule',
        `Two different rules of the set "${name}" are called ${double}.`,
        {
          fix: 'Leave one out with without(), or rename it.',
        },
      );
    }
    Object.freeze(this);
  }

  /** Names in order. */
  get names(): readonly string[] {
    return this.rules.map((rule) => rule.name);
  }

  /** These rules first, then the others. */
  concat(...others: readonly RuleSource[]): RuleSet {
    return new RuleSet(this.name, [...this.rules, ...others.flatMap(rulesOf)]);
  }

  /** All but the named rules. Throws `unknown-rule` for a name the set does not have. */
  without(...names: readonly string[]): RuleSet {
    checkNames(this.name, this.names, names);
    return new RuleSet(
      this.name,
      this.rules.filter((rule) => !names.includes(rule.name)),
    );
  }

  /** Only the named rules, in the set's order. */
  only(...names: readonly string[]): RuleSet {
    checkNames(this.name, this.names, names);
    return new RuleSet(
      this.name,
      this.rules.filter((rule) => names.includes(rule.name)),
    );
  }

  [Symbol.iterator](): Iterator<Rule> {
    return this.rules[Symbol.iterator]();
  }
}

export type RuleSource = Rule | RuleSet | readonly RuleSource[];

/** Makes a rule set of rules, sets and lists of them; a name may come first. */
export function ruleSet(...items: readonly (string | RuleSource)[]): RuleSet {
  const [first, ...rest] = items;
  const named = typeof first === 'string';
  const sources = (named ? rest : items) as readonly RuleSource[];
  return new RuleSet(named ? first : 'rules', sources.flatMap(rulesOf));
}

export function rulesOf(source: RuleSource): readonly Rule[] {
  if (Array.isArray(source)) return (source as readonly RuleSource[]).flatMap(rulesOf);
  return source instanceof RuleSet ? source.rules : [source as Rule];
}

/** Throws `unknown-rule` for a name that is not among those a set has. */
export function checkNames(set: string, known: readonly string[], wanted: readonly string[]): void {
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new RuleError('unknown-rule', `"${set}" has no rule or pass "${unknown}".`, {
    fix: `It has: ${known.join(', ')}.`,
  });
}
