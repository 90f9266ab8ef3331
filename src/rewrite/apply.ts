import type { GraphSession } from '../ir/index.ts';
import type { Captures, Match, Scope } from '../pattern/index.ts';
import { Value } from '../pattern/index.ts';
import { ModelError, RuleError } from '../support/errors.ts';
import { type Built, createBuilder } from './builder.ts';
import type { RewriteRecord } from './record.ts';
import type { Replacement, Rule } from './rule.ts';
import { type Pairs, Surgery } from './surgery.ts';
import { buildTemplate } from './template.ts';
import type { Types } from './types.ts';

/** What one rewrite did, for the trace and for the driver's work list. */
export interface Applied {
  readonly record: RewriteRecord;
  /** Values whose readers, producers or number of readers may be different now. */
  readonly touched: readonly string[];
}

/**
 * Puts a rule's replacement in the place of a match. The values the roots made keep their names, so that readers,
 * graph outputs, subgraphs and annotations go on meaning the same.
 *
 * @returns undefined when the rule declined
 * @throws RuleError `rule-failed` when the rule's own code throws, `type-changed` when a value would change its type
 */
export function applyMatch(
  session: GraphSession,
  types: Types,
  rule: Rule,
  match: Match,
  graph: string,
): Applied | undefined {
  const scope: Scope = { view: session, typeOf: types.typeOf };
  const at = match.roots[0]!.outputs.find((name) => name !== '') ?? '';
  const built: Built = { nodes: [], tensors: [] };
  const replacement = runRewrite(rule, match, scope, session, at, built);
  if (replacement === null || replacement === undefined) return undefined;
  const pairs = pairUp(rule, match, replacement);
  const note =
    rule.note && runUserCode(rule, 'note', at, () => rule.note!(guardedCaptures(rule, match.captures)));
  const surgery = new Surgery(session, types, rule, match, built, pairs);
  surgery.perform();
  const record: RewriteRecord = Object.freeze({
    rule: rule.name,
    effect: rule.effect,
    graph,
    at,
    before: Object.freeze(surgery.removed),
    after: Object.freeze(surgery.added),
    added: Object.freeze(built.tensors.filter((tensor) => session.initializer(tensor.name!) !== undefined)),
    removed: Object.freeze(surgery.removedConstants),
    ...(note === undefined ? {} : { note }),
  });
  return { record, touched: surgery.touched() };
}

/** Captures behind a guard against names the pattern never binds. */
export function guardedCaptures(rule: Rule, captures: Captures): never {
  return new Proxy(captures, {
    get(target, key) {
      if (typeof key === 'symbol' || key in target || key === 'toJSON' || key === 'then')
        return Reflect.get(target, key);
      throw new RuleError(
        'unbound-name',
        `Rule ${rule.name} uses "${key}", which its pattern does not bind.`,
        {
          fix: `The pattern binds: ${[...rule.facts.captureNames].join(', ')}.`,
        },
      );
    },
  }) as never;
}

/** Runs a rule's own code; whatever it throws is reported as the rule's failure, with the place. */
export function runUserCode<Result>(rule: Rule, part: string, at: string, code: () => Result): Result {
  try {
    return code();
  } catch (cause) {
    if (cause instanceof RuleError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new RuleError('rule-failed', `The ${part} of rule ${rule.name} failed at ${at}: ${message}`, {
      at,
      cause,
      fix: cause instanceof ModelError ? cause.fix : 'This is an error in the rule, not in the model.',
    });
  }
}

function runRewrite(
  rule: Rule,
  match: Match,
  scope: Scope,
  session: GraphSession,
  at: string,
  built: Built,
): Replacement | undefined {
  const build = createBuilder(scope, session.names, match.roots[0]!, built);
  if (rule.becomes !== undefined) return buildTemplate(rule.becomes, match.captures, build) ?? null;
  return runUserCode(rule, 'rewrite', at, () => rule.rewrite!(guardedCaptures(rule, match.captures), build));
}

function pairUp(rule: Rule, match: Match, replacement: Exclude<Replacement, null>): Pairs {
  const olds = match.roots.flatMap((root) => root.outputs);
  const news = replacement instanceof Value ? [replacement] : (replacement as readonly (Value | undefined)[]);
  if (news.length > olds.length) {
    throw new RuleError(
      'bad-replacement',
      `Rule ${rule.name} gave ${news.length} values for ${olds.length} outputs.`,
    );
  }
  return olds.flatMap((old, i) => {
    const value = news[i];
    if (old === '' || value === undefined) return [];
    if (!(value instanceof Value)) {
      throw new RuleError(
        'bad-replacement',
        `Rule ${rule.name} gave something that is no value for ${old}.`,
        {
          fix: 'Return what the builder gave, a captured value, or null to leave the match alone.',
        },
      );
    }
    if (value.name === old)
      throw new RuleError('bad-replacement', `Rule ${rule.name} replaces ${old} by itself.`, {
        fix: 'Return null instead.',
      });
    return [[old, value] as const];
  });
}
