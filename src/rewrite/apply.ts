import { type GraphSession, type Node, renameReads, renameWrites, type Tensor } from '../ir/index.ts';
import { isPure } from '../ops/index.ts';
import type { Captures, Match, Scope } from '../pattern/index.ts';
import { Value } from '../pattern/index.ts';
import { ModelError, RuleError } from '../support/errors.ts';
import { type Built, createBuilder } from './builder.ts';
import type { RewriteRecord } from './record.ts';
import type { Replacement, Rule } from './rule.ts';
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

/** Old value name → the value that takes its place. */
type Pairs = readonly (readonly [string, Value])[];

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

class Surgery {
  readonly removed: Node[] = [];
  readonly removedConstants: string[] = [];
  added: Node[] = [];
  readonly #session: GraphSession;
  readonly #types: Types;
  readonly #rule: Rule;
  readonly #match: Match;
  readonly #built: Built;
  readonly #pairs: Pairs;

  constructor(session: GraphSession, types: Types, rule: Rule, match: Match, built: Built, pairs: Pairs) {
    this.#session = session;
    this.#types = types;
    this.#rule = rule;
    this.#match = match;
    this.#built = built;
    this.#pairs = pairs;
  }

  perform(): void {
    this.#checkOutputs();
    const { names, redirects } = this.#newNames();
    const kept = this.#keepRootsThatAreRead();
    this.added = this.#built.nodes.map((node) =>
      renameWrites(renameReads(node, new Map([...kept, ...names])), names),
    );
    for (const tensor of this.#built.tensors) this.#session.addInitializer(tensor);
    this.#types.check(
      this.#rule,
      this.added,
      this.#pairs.map(([old, value]) => [old, names.get(value.name) ?? value.name]),
    );
    const place = this.#match.roots.find((root) => this.#session.has(root))!;
    for (const node of this.added) this.#session.insertBefore(node, place);
    for (const root of this.#match.roots) this.#take(root);
    for (const [old, value] of redirects) {
      for (const reader of this.#session.rewire(old, value)) this.#noteReplaced(reader);
    }
    this.#collectInner(new Set(redirects.map(([, value]) => value)));
    for (const [old, value] of redirects) if (this.#session.isOutput(old)) this.#makeOutput(old, value);
    this.#collectConstants();
  }

  /** Values around the change. */
  touched(): readonly string[] {
    return [
      ...this.added.flatMap((node) => [...node.outputs, ...node.inputs]),
      ...this.removed.flatMap((node) => node.inputs),
    ];
  }

  /** Every output of a root that somebody reads has to get a replacement. */
  #checkOutputs(): void {
    const replaced = new Set(this.#pairs.map(([old]) => old));
    for (const root of this.#match.roots) {
      for (const output of root.outputs) {
        if (output === '' || replaced.has(output)) continue;
        const outside = [...this.#session.readers(output)].some(
          (reader) => !this.#match.nodes.includes(reader),
        );
        if (outside || this.#session.isOutput(output)) {
          throw new RuleError(
            'bad-replacement',
            `Rule ${this.#rule.name} gave nothing for ${output}, which is still read.`,
            { at: output },
          );
        }
      }
    }
  }

  /** New values that take over an old name, and old names that have to point at a value that exists already. */
  #newNames(): { names: Map<string, string>; redirects: (readonly [string, string])[] } {
    const made = new Set(this.#built.nodes.flatMap((node) => node.outputs));
    const names = new Map<string, string>();
    const redirects: (readonly [string, string])[] = [];
    for (const [old, value] of this.#pairs) {
      if (made.has(value.name) && !names.has(value.name)) names.set(value.name, old);
      else redirects.push([old, names.get(value.name) ?? value.name]);
    }
    return { names, redirects };
  }

  /** A root whose output the new nodes read stays, and its output gets another name. */
  #keepRootsThatAreRead(): Map<string, string> {
    const renamed = new Map<string, string>();
    const read = new Set(this.#built.nodes.flatMap((node) => node.inputs));
    for (const root of this.#match.roots) {
      const outputs = root.outputs.filter((output) => output !== '' && read.has(output));
      if (outputs.length === 0) continue;
      for (const output of outputs) renamed.set(output, this.#session.names.fresh(`${output}_before`));
      const again = renameWrites(root, renamed);
      this.#built.nodes.unshift(again);
    }
    return renamed;
  }

  #take(node: Node): void {
    this.#session.remove(node);
    this.removed.push(node);
    for (const output of node.outputs) this.#types.forget(output);
  }

  /** A graph output keeps its name: whoever makes the value takes it over, or an Identity passes it on. */
  #makeOutput(old: string, value: string): void {
    const session = this.#session;
    const producer = session.producer(value);
    if (producer !== undefined && !session.isOutput(value)) {
      session.rename(value, old);
      this.#types.forget(value);
      return;
    }
    const identity: Node = Object.freeze({
      opType: 'Identity',
      name: session.names.fresh(`${old}_Identity`),
      inputs: Object.freeze([value]),
      outputs: Object.freeze([old]),
      attributes: Object.freeze([]),
      metadata: Object.freeze([]),
      deviceConfigurations: Object.freeze([]),
    });
    session.append(identity);
    this.added.push(identity);
  }

  /** A node of the replacement may itself have been rewired. */
  #noteReplaced(node: Node): void {
    const place = this.added.findIndex((added) => added.outputs === node.outputs && added !== node);
    if (place >= 0) this.added[place] = node;
  }

  /** Takes away what only the match needed, save what makes the values kept. */
  #collectInner(kept: ReadonlySet<string>): void {
    const inner = this.#match.nodes.filter((node) => !this.#match.roots.includes(node));
    for (let changed = true; changed; ) {
      changed = false;
      for (const node of inner) {
        if (
          !this.#session.has(node) ||
          !this.#isDead(node) ||
          node.outputs.some((output) => kept.has(output))
        )
          continue;
        this.#take(node);
        changed = true;
      }
    }
  }

  /** Takes away constants that lost their last reader. */
  #collectConstants(): void {
    const names = new Set([
      ...this.removed.flatMap((node) => node.inputs),
      ...this.#built.tensors.map((tensor) => tensor.name!),
    ]);
    for (const name of names) this.#collectConstant(name);
  }

  #collectConstant(name: string): void {
    const session = this.#session;
    if (name === '' || session.readerCount(name) > 0 || session.isOutput(name)) return;
    if (session.initializer(name) !== undefined && session.input(name) === undefined) {
      session.removeInitializer(name);
      if (!this.#built.tensors.some((tensor: Tensor) => tensor.name === name))
        this.removedConstants.push(name);
      return;
    }
    const producer = session.producer(name);
    if (producer === undefined || !['Constant', 'Identity', 'Cast'].includes(producer.opType)) return;
    if (!this.#isDead(producer) || !isPure(producer, session.opset(producer.domain))) return;
    this.#take(producer);
    for (const input of producer.inputs) this.#collectConstant(input);
  }

  #isDead(node: Node): boolean {
    return node.outputs.every(
      (output) =>
        output === '' || (this.#session.readerCount(output) === 0 && !this.#session.isOutput(output)),
    );
  }
}
