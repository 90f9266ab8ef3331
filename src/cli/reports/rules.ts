import { printTable } from '../../support/text-table.ts';
import type { CatalogueEntry } from '../catalogue.ts';

export function printCatalogue(entries: readonly CatalogueEntry[]): string {
  const rows = entries.map(({ name, kind, effect, targets, summary }) => [
    name,
    kind,
    effect,
    targets.join(', ') || 'on request',
    summary,
  ]);
  return printTable(['name', 'kind', 'effect', 'target', 'what it does'], rows);
}

export function printEntry({
  name,
  kind,
  effect,
  summary,
  reason,
  condition,
  sources,
  targets,
}: CatalogueEntry): string {
  const facts = [
    ['effect', effect],
    ['target', targets.join(', ') || 'on request'],
    ['when', condition],
    ['why', reason],
    ...sources.map((source) => ['source', source]),
  ].filter(([, text]) => text !== '');
  return [
    `${name} (${kind})`,
    `  ${summary}`,
    printTable(undefined, facts as string[][], { indent: '  ' }),
  ].join('\n');
}
