import type { ModulePair, ScaleGroup, ScaleMember } from '../../passes/index.ts';
import { formatNumber, plural, printTable } from '../../support/text-table.ts';

export interface ScaleFacts {
  readonly file: string;
  readonly policy: string;
  /** Whether constants were folded first, because scales were computed in the graph. */
  readonly folded: boolean;
  readonly pairs: readonly ModulePair[];
  readonly groups: readonly ScaleGroup[];
}

/** The groups as a person reads them: those that would change, those that cannot, those that are fine. */
export function printScales({ policy, folded, pairs, groups }: ScaleFacts, all: boolean): string {
  const refused = groups.filter((group) => group.refused !== undefined);
  const fine = groups.filter((group) => group.refused === undefined && group.before.length < 2);
  const changing = groups.filter((group) => !refused.includes(group) && !fine.includes(group));
  const summary =
    groups.length === 0
      ? 'No quantizers have to share a scale.'
      : `${plural(groups.length, 'group')} of quantizers that have to share a scale: ${changing.length} to unify (policy ${policy}), ` +
        `${fine.length} that share one already, ${refused.length} left alone`;
  const blocks = [
    folded ? `${summary}\n(scales are computed in the graph; told after folding constants)` : summary,
    ...changing.map((group) => printGroup(group, all)),
    ...refused.map((group) => `${printGroup(group, all)}\n  left alone: ${group.refused}`),
    ...(all ? fine.map((group) => printGroup(group, all)) : []),
    pairs.length > 0 ? printPairs(pairs) : '',
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

const shown = 8;

function printGroup({ reason, members, after }: ScaleGroup, all: boolean): string {
  const listed = all ? members : members.slice(0, shown);
  const rows = listed.map((member) => [
    member.tensor,
    formatNumber(member.scale, 6),
    after === undefined ? '' : `→ ${formatNumber(member.after, 6)}`,
    after === undefined ? '' : describeLoss(member),
  ]);
  const rest = members.length - listed.length;
  const more = rest > 0 ? `\n  … and ${rest} more: --all lists them` : '';
  return `${reason}\n${printTable(undefined, rows, { indent: '  ' })}${more}`;
}

function describeLoss({ bitsLost }: ScaleMember): string {
  if (bitsLost === 0) return 'stays';
  const bits = Math.abs(bitsLost).toFixed(2);
  return bitsLost > 0 ? `${bits} bits coarser` : `${bits} bits of range saturate`;
}

function printPairs(pairs: readonly ModulePair[]): string {
  const rows = pairs.map(({ sub, major }) => [sub, '→', major]);
  return `${plural(pairs.length, 'pair')}, as the recipe lists them:\n${printTable(undefined, rows, { indent: '  ' })}`;
}
