import type { ModelDiff } from './diff.ts';
import { nodeText, short, tensorText, typeText } from './text.ts';

export interface PrintDiffOptions {
  /** Most lines per section; the rest is counted. */
  readonly limit?: number;
}

/** A diff as text: a section for each kind of difference, `-` gone, `+` new, `~` changed. Ends without a line break. */
export function printDiff(diff: ModelDiff, { limit = 40 }: PrintDiffOptions = {}): string {
  if (diff.identical) return 'The models are identical.';
  const { nodes, initializers, inputs, outputs, functions } = diff;
  const info = ({ name, type }: { name: string; type?: Parameters<typeof typeText>[0] }) =>
    `${name}: ${typeText(type)}`;
  const sections = [
    section(
      'model',
      [...diff.opsets.map((it) => ({ ...it, key: `opset ${it.key}` })), ...diff.metadata].map(setting),
      limit,
    ),
    ...[inputs, outputs].map((changes, i) =>
      section(
        i === 0 ? 'inputs' : 'outputs',
        [
          ...changes.removed.map((it) => `- ${info(it)}`),
          ...changes.added.map((it) => `+ ${info(it)}`),
          ...changes.changed.map(
            ({ name, before, after }) => `~ ${name}: ${arrow(typeText(before.type), typeText(after.type))}`,
          ),
        ],
        limit,
      ),
    ),
    section(
      'nodes',
      [
        ...nodes.removed.map((node) => `- ${nodeText(node)}`),
        ...nodes.added.map((node) => `+ ${nodeText(node)}`),
        ...nodes.changed.map(({ after, what }) => `~ ${nodeText(after)}; ${what.join('; ')}`),
      ],
      limit,
    ),
    section(
      'initializers',
      [
        ...initializers.removed.map((tensor) => `- ${tensor.name ?? ''}: ${tensorText(tensor)}`),
        ...initializers.added.map((tensor) => `+ ${tensor.name ?? ''}: ${tensorText(tensor)}`),
        ...initializers.changed.map(({ name, before, after, largestDifference }) => {
          const types = arrow(tensorText(before), tensorText(after));
          return `~ ${name}: ${types}${largestDifference === undefined ? '' : `, largest difference ${short(largestDifference)}`}`;
        }),
      ],
      limit,
    ),
    section(
      'functions',
      [
        ...functions.removed.map(({ name }) => `- ${name}`),
        ...functions.added.map(({ name }) => `+ ${name}`),
        ...functions.changed.map((name) => `~ ${name}`),
      ],
      limit,
    ),
    section(
      'renamed',
      [...diff.renamed].map(([before, after]) => `  ${before} → ${after}`),
      limit,
    ),
  ].filter((text) => text !== '');
  if (diff.reordered) sections.push('The nodes that stayed come in another order.');
  if (sections.length === 0)
    return 'Only names of nodes, doc strings, or declared types of inner values differ.';
  return sections.join('\n');
}

function section(title: string, lines: readonly string[], limit: number): string {
  if (lines.length === 0) return '';
  const shown = lines.slice(0, limit).map((line) => `  ${line}`);
  if (lines.length > limit) shown.push(`  … and ${lines.length - limit} more`);
  return [`${title}:`, ...shown].join('\n');
}

function setting({ key, before, after }: { key: string; before: unknown; after: unknown }): string {
  if (before === undefined) return `+ ${key}: ${after}`;
  if (after === undefined) return `- ${key}: ${before}`;
  return `~ ${key}: ${before} → ${after}`;
}

function arrow(before: string, after: string): string {
  return before === after ? before : `${before} → ${after}`;
}
