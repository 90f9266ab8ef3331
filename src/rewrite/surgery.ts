import { type GraphSession, type Node, renameReads, renameWrites, type Tensor } from '../ir/index.ts';
import { isPure } from '../ops/index.ts';
import type { Match, Value } from '../pattern/index.ts';
import { RuleError } from '../support/errors.ts';
import type { Built } from './builder.ts';
import type { Rule } from './rule.ts';
import type { Types } from './types.ts';

/** Old value name → the value that takes its place. */
export type Pairs = readonly (readonly [string, Value])[];

/** Takes the matched nodes out of a session and puts the replacement in. */
export class Surgery {
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
      this.#match.nodes,
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
    this.#renameTwins();
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

  /** The copy of a matched node that stays gets a name of its own. */
  #renameTwins(): void {
    const session = this.#session;
    const kept = new Set(this.#match.nodes.flatMap((node) => (session.has(node) ? (node.name ?? []) : [])));
    for (const node of [...this.added]) {
      if (!node.name || !kept.has(node.name) || !session.has(node) || this.#match.nodes.includes(node))
        continue;
      const renamed = Object.freeze({ ...node, name: session.names.freshNode(node.name) });
      session.replace(node, renamed);
      this.#noteReplaced(renamed);
    }
  }

  #isDead(node: Node): boolean {
    return node.outputs.every(
      (output) =>
        output === '' || (this.#session.readerCount(output) === 0 && !this.#session.isOutput(output)),
    );
  }
}
