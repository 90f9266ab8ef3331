import { floatRegionsInFp16, int8Input } from '../passes/index.ts';
import type { Effect, Pass, Rule } from '../rewrite/index.ts';
import { catalogue as rules } from '../rules/index.ts';
import { engineNames, targets } from './targets.ts';

/** A rule or pass as `rules --json` gives it. */
export interface CatalogueEntry {
  readonly name: string;
  /** A `report` is a rule that changes nothing and only says what it sees. */
  readonly kind: 'rule' | 'pass' | 'report';
  readonly effect: Effect;
  readonly summary: string;
  readonly reason: string;
  readonly condition: string;
  readonly sources: readonly string[];
  /** Targets whose pipeline applies it when nothing else is said. */
  readonly targets: readonly string[];
}

/** Every rule and pass there is: those of the targets in the order they are applied, then those used on request only. */
export function catalogueEntries(): readonly CatalogueEntry[] {
  const pipelines = engineNames.map((name) => ({ name, members: targets[name]({}).members }));
  const byName = new Map<string, Rule | Pass>();
  for (const member of [
    ...pipelines.flatMap(({ members }) => members),
    ...rules,
    floatRegionsInFp16,
    int8Input,
  ])
    if (!byName.has(member.name)) byName.set(member.name, member);
  return [...byName.values()].map((member) => ({
    name: member.name,
    kind: member.kind === 'rule' && member.report !== undefined ? 'report' : member.kind,
    effect: member.effect,
    summary: member.summary ?? '',
    reason: member.reason ?? '',
    condition: member.condition ?? '',
    sources: member.sources,
    targets: pipelines
      .filter(({ members }) => members.some(({ name }) => name === member.name))
      .map(({ name }) => name),
  }));
}
