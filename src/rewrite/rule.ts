import {
  type AllCaptures,
  type AnyPattern,
  type CapturesOf,
  factsOf,
  type InputPattern,
  type NodePattern,
  type Objection,
  type PatternFacts,
  type Value,
} from '../pattern/index.ts';
import { RuleError } from '../support/errors.ts';
import type { Builder } from './builder.ts';
import { type Effect, effects } from './effect.ts';
import { couldMatchItself, templateNames, templateSize } from './template.ts';

/**
 * What takes the place of the roots' outputs: one value for the first output, a list for several (in the order of the
 * roots and their outputs; undefined for an output nobody reads), or null to leave the match alone after all.
 */
export type Replacement = Value | readonly (Value | undefined)[] | null;

type RootCaptures<P> =
  P extends NodePattern<string, infer C> ? C : P extends readonly InputPattern[] ? AllCaptures<P> : never;

interface RuleCommon<P extends NodePattern | readonly NodePattern[]> {
  /** Kebab-case; the name in files, tests, commands and docs. */
  readonly name: string;
  /** The pattern, from its last node upwards; a list when several nodes are replaced together. */
  readonly match: P;
  /** Answers with a reason where the rule must not be applied though the pattern fits. */
  readonly unless?: (captures: RootCaptures<P>) => Objection;
  /** What the rewrite may do to the numbers; `exact`, the strictest promise, unless said. */
  readonly effect?: Effect;
  /**
   * A number ≥ 0 that falls with every rewrite this rule makes on its own output. Needed by rules that can match what
   * they wrote without making the graph smaller.
   */
  readonly measure?: (captures: RootCaptures<P>) => number;
  /** What else a person should know of one rewrite, such as a scale's old and new value; asked before it is made. */
  readonly note?: (captures: RootCaptures<P>) => string | undefined;
  /** One line: the pattern and what becomes of it. */
  readonly summary?: string;
  /** Why anyone wants this, in a sentence or two. */
  readonly reason?: string;
  /** When the effect class holds. */
  readonly condition?: string;
  /** Where the knowledge comes from: threads, guides, operator pages. */
  readonly sources?: readonly string[];
}

/**
 * What `rule()` is given: a pattern, guards, and either a function that builds or a template that says it. A rule that
 * only reports has neither: it changes nothing and says in a sentence what is the matter where the pattern fits.
 */
export type RuleSpec<P extends NodePattern | readonly NodePattern[]> = RuleCommon<P> &
  (
    | {
        readonly rewrite: (captures: RootCaptures<P>, build: Builder) => Replacement;
        readonly becomes?: undefined;
        readonly report?: undefined;
      }
    | {
        readonly becomes: NodePattern | AnyPattern<unknown>;
        readonly rewrite?: undefined;
        readonly report?: undefined;
      }
    | {
        readonly report: (captures: RootCaptures<P>) => string;
        readonly rewrite?: undefined;
        readonly becomes?: undefined;
      }
  );

/** A rewrite rule, checked and frozen. */
export interface Rule {
  readonly kind: 'rule';
  readonly name: string;
  readonly effect: Effect;
  readonly roots: readonly NodePattern[];
  readonly facts: PatternFacts;
  readonly unless: ((captures: never) => Objection) | undefined;
  readonly rewrite: ((captures: never, build: Builder) => Replacement) | undefined;
  readonly becomes: InputPattern | undefined;
  readonly report: ((captures: never) => string) | undefined;
  readonly note: ((captures: never) => string | undefined) | undefined;
  readonly measure: ((captures: never) => number) | undefined;
  readonly summary: string | undefined;
  readonly reason: string | undefined;
  readonly condition: string | undefined;
  readonly sources: readonly string[];
}

/**
 * Makes a rule.
 *
 * @throws RuleError `bad-rule` for a name, effect or pattern that cannot be; `unbound-name` when the replacement uses a
 * name the pattern does not bind; `may-loop` when a template matches its own result, does not shrink the graph, and
 * the rule has no `measure`
 */
export function rule<const P extends NodePattern | readonly NodePattern[]>(spec: RuleSpec<P>): Rule {
  const roots = (Array.isArray(spec.match) ? [...spec.match] : [spec.match]) as NodePattern[];
  checkShape(spec as never, roots);
  const facts = factsOf(roots);
  checkNames(spec.name, spec as never, facts.captureNames);
  if (spec.becomes !== undefined && spec.measure === undefined)
    checkTermination(spec.name, roots, spec.becomes);
  return Object.freeze({
    kind: 'rule' as const,
    name: spec.name,
    effect: spec.effect ?? 'exact',
    roots: Object.freeze(roots),
    facts,
    unless: spec.unless as Rule['unless'],
    rewrite: spec.rewrite as Rule['rewrite'],
    becomes: spec.becomes,
    report: spec.report as Rule['report'],
    note: spec.note as Rule['note'],
    measure: spec.measure as Rule['measure'],
    summary: spec.summary,
    reason: spec.reason,
    condition: spec.condition,
    sources: Object.freeze([...(spec.sources ?? [])]),
  });
}

export type { CapturesOf };

function checkShape(spec: RuleSpec<NodePattern>, roots: readonly NodePattern[]): void {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(spec.name ?? '')) {
    throw new RuleError('bad-rule', `"${spec.name}" is no rule name.`, {
      fix: 'Use kebab-case: fold-batch-norm-into-conv.',
    });
  }
  if (roots.length === 0 || roots.some((root) => root?.kind !== 'node')) {
    throw new RuleError(
      'bad-rule',
      `Rule ${spec.name}: the match has to be a node pattern, or a list of them.`,
      {
        fix: 'Start with op.Something(…).',
      },
    );
  }
  if (spec.effect !== undefined && !effects.includes(spec.effect)) {
    throw new RuleError('bad-rule', `Rule ${spec.name}: "${spec.effect}" is no effect.`, {
      fix: `One of: ${effects.join(', ')}.`,
    });
  }
  const results = [spec.rewrite, spec.becomes, spec.report].filter((result) => result !== undefined);
  if (results.length !== 1) {
    throw new RuleError(
      'bad-rule',
      `Rule ${spec.name} needs one of \`rewrite\`, \`becomes\` and \`report\`.`,
    );
  }
}

function checkNames(name: string, spec: RuleSpec<NodePattern>, bound: ReadonlySet<string>): void {
  const used =
    spec.becomes === undefined
      ? destructuredNames(spec.rewrite ?? spec.report!)
      : [...templateNames(spec.becomes)];
  const guard = spec.unless === undefined ? [] : destructuredNames(spec.unless);
  const unbound = [...used, ...guard].find((use) => !bound.has(use));
  if (unbound === undefined) return;
  throw new RuleError('unbound-name', `Rule ${name} uses "${unbound}", which its pattern does not bind.`, {
    fix: `The pattern binds: ${[...bound].join(', ') || 'nothing'}.`,
  });
}

/**
 * Names that a function takes out of its first parameter, `({ x, w: weights }, build) => …`, read from its source.
 * Where the parameter is written another way nothing is known, and the check waits until the rule runs.
 */
function destructuredNames(callback: (...args: never[]) => unknown): readonly string[] {
  const source = Function.prototype.toString.call(callback);
  const start = /^(?:async\s+)?(?:function\b\s*)?[\w$]*\s*\(\s*\{/.exec(source);
  if (start === null) return [];
  const end = source.indexOf('}', start[0].length);
  const inside = source.slice(start[0].length, end);
  if (/[{(=[]/.test(inside)) return [];
  return inside
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !part.startsWith('...'))
    .map((part) => part.split(':')[0]!.trim())
    .filter((part) => /^[\w$]+$/.test(part));
}

function checkTermination(name: string, roots: readonly NodePattern[], becomes: InputPattern): void {
  const shrinks = templateSize(becomes) < roots.reduce((size, root) => size + templateSize(root), 0);
  if (shrinks || !couldMatchItself(roots, becomes)) return;
  throw new RuleError(
    'may-loop',
    `Rule ${name} can match what it has written and does not make the graph smaller: it might never end.`,
    {
      fix: 'Give it a `measure` that falls with every rewrite, or narrow the pattern.',
    },
  );
}
