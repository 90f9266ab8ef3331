import type { Node } from '../ir/index.ts';
import type { Match } from '../pattern/index.ts';
import type { StopReason } from './record.ts';
import type { Rule } from './rule.ts';

/** Keeps rules from feeding on their own output for ever. */
export class Lineage {
  readonly #born = new WeakMap<
    Node,
    { readonly rule: Rule; readonly generation: number; readonly measure: number | undefined }
  >();
  readonly #limit: number;

  constructor(nodes: number) {
    this.#limit = Math.max(200, 4 * nodes);
  }

  refuse(rule: Rule, match: Match, now: number | undefined): StopReason | undefined {
    const parents = match.nodes.flatMap((node) => this.#born.get(node) ?? []);
    const stuck = parents.find(
      (parent) =>
        parent.rule === rule && parent.measure !== undefined && now !== undefined && now >= parent.measure,
    );
    if (stuck !== undefined) {
      return {
        kind: 'measure',
        message: `the measure of ${rule.name} went from ${stuck.measure} to ${now} on its own output`,
      };
    }
    const oldest = parents.find((parent) => parent.generation >= this.#limit);
    if (oldest === undefined) return undefined;
    const who =
      oldest.rule === rule
        ? `${rule.name} keeps rewriting what it has`
        : `${rule.name} and ${oldest.rule.name} keep rewriting what they have`;
    return { kind: 'loop', message: `${who} written before` };
  }

  record(rule: Rule, match: Match, measure: number | undefined, after: readonly Node[]): void {
    const oldest = Math.max(0, ...match.nodes.map((node) => this.#born.get(node)?.generation ?? 0));
    const shrinks = after.length < match.nodes.length;
    const entry = { rule, generation: oldest + (shrinks ? 0 : 1), measure };
    for (const node of after) this.#born.set(node, entry);
  }
}
