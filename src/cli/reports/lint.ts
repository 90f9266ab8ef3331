import { plural } from '../../support/text-table.ts';
import { type LintFinding, lints } from '../../targets/index.ts';

export interface LintFacts {
  readonly file: string;
  readonly target: string;
  readonly findings: readonly LintFinding[];
}

type Paint = (style: 'red' | 'yellow' | 'green', text: string) => string;

const shown = 5;

/** Findings as a person reads them, by what was looked for; `all` lists every place. */
export function printFindings({ file, target, findings }: LintFacts, all: boolean, paint: Paint): string {
  if (findings.length === 0) return paint('green', `${file} on ${target}: nothing found.`);
  const groups = new Map<string, LintFinding[]>();
  for (const finding of findings) {
    const key = `${finding.id} ${finding.cost} ${finding.rule}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const head = `${file} on ${target}: ${plural(findings.length, 'finding')}, ${errors} of them ${errors === 1 ? 'an error' : 'errors'}`;
  return [head, ...[...groups.values()].map((group) => printGroup(group, all, paint))].join('\n\n');
}

function printGroup(group: readonly LintFinding[], all: boolean, paint: Paint): string {
  const { id, severity, cost, rule } = group[0]!;
  const listed = all ? group : group.slice(0, shown);
  const rest = group.length - listed.length;
  return [
    `${paint(severity === 'error' ? 'red' : 'yellow', `${id} ${titleOf(id)}`)} (${plural(group.length, 'place')})`,
    `  costs: ${cost}`,
    `  mended by: ${rule ?? 'no rule'}`,
    ...listed.map(({ graph, at, message }) => `  - ${isMain(graph) ? '' : `${graph}: `}${at}: ${message}`),
    ...(rest > 0 ? [`  … and ${rest} more: --all lists them`] : []),
  ].join('\n');
}

function titleOf(id: string): string {
  return lints.find((entry) => entry.id === id)?.title ?? '';
}

function isMain(graph: string): boolean {
  return !graph.includes('/') && !graph.startsWith('function ');
}
