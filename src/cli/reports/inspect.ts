import { formatBytes, formatNumber, plural, printTable } from '../../support/text-table.ts';
import type { ModelFacts, PairFacts, PortFacts } from '../facts.ts';

/** The facts about a model as a person reads them. `all` lists every quantizer, else the first few of each kind. */
export function printFacts(
  facts: ModelFacts & { readonly file: string; readonly bytes: number },
  all: boolean,
): string {
  const opsets = [...facts.opsets].map(([domain, version]) => `${domain || 'ai.onnx'} ${version ?? '?'}`);
  const head = [
    ['file', `${facts.file} (${formatBytes(facts.bytes)})`],
    ['producer', facts.producer || 'unknown'],
    ['opset', `${opsets.join(', ')}; IR version ${facts.irVersion ?? '?'}`],
    ['nodes', String(facts.nodes)],
    ['constants', `${facts.initializers.count} initializers, ${formatBytes(facts.initializers.bytes)}`],
    ...facts.inputs.map((port) => ['input', describePort(port)]),
    ...facts.outputs.map((port) => ['output', describePort(port)]),
  ];
  const operators = [...facts.operators].map(([name, count]) => [name, String(count)]);
  return [
    printTable(undefined, head),
    printTable(['operator', 'nodes'], operators, { align: ['left', 'right'] }),
    facts.pairs.length === 0 ? 'No quantizers.' : printPairs(facts.pairs, all),
  ].join('\n\n');
}

const shown = 12;

function printPairs(pairs: readonly PairFacts[], all: boolean): string {
  const kinds = new Map<string, number>();
  for (const { kind } of pairs) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const summary = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
  const listed = all ? pairs : pairs.slice(0, shown);
  const rows = listed.map((pair) => [
    pair.tensor,
    pair.kind,
    pair.dtype ?? '?',
    describeScale(pair),
    pair.readers.join(', '),
  ]);
  const rest = pairs.length - listed.length;
  const more = rest > 0 ? `\n… and ${plural(rest, 'more', 'more')}: --all lists them` : '';
  return `${plural(pairs.length, 'quantizer')}: ${summary}\n\n${printTable(['tensor', 'kind', 'dtype', 'scale, zero point', 'read by'], rows)}${more}`;
}

function describeScale({ scale, zeroPoint, axis }: PairFacts): string {
  if (scale === null) return 'computed in the graph';
  if (typeof scale === 'number') {
    const zero = Array.isArray(zeroPoint) ? zeroPoint[0] : zeroPoint;
    return `${formatNumber(scale, 6)}, ${zero ?? '?'}`;
  }
  const low = scale.reduce((a, b) => Math.min(a, b), Infinity);
  const high = scale.reduce((a, b) => Math.max(a, b), -Infinity);
  return `${scale.length} on axis ${axis ?? '?'}: ${formatNumber(low)} … ${formatNumber(high)}`;
}

function describePort({ name, type, optional }: PortFacts): string {
  return `${name}: ${type ?? 'of undeclared type'}${optional ? ', with an initializer' : ''}`;
}
