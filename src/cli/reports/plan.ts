import type { Effect } from '../../rewrite/index.ts';
import { formatBytes, plural, printTable } from '../../support/text-table.ts';
import { explainPlan, type Plan, type PlanLayer, type PlanTotals } from '../../targets/index.ts';

export type PlanFacts = Plan & { readonly file: string };

/** Effect classes by rule: what removing a quantizer would do to the numbers. */
export type Effects = ReadonlyMap<string, Effect>;

const shown = 30;

/** A plan as a person reads it. `all` lists everything, else the first few of each kind. */
export function printPlan(facts: PlanFacts, effects: Effects, all: boolean): string {
  const blocks = [
    `${facts.file} on ${facts.target}`,
    printLayers(facts, all),
    printSurvivors(facts, effects, all),
    printTotals(facts),
    printExplanation(facts, effects),
    list('Possible, but not to be told from the model', facts.possible),
    list(
      'Left alone: the engine may not know',
      facts.opaque.map(({ name, operator }) => `${operator} ${name}`),
    ),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function printLayers({ layers }: Plan, all: boolean): string {
  const listed = all ? layers : layers.slice(0, shown);
  const rows = listed.map((layer) => [precisionInWords(layer), layer.kind, layer.fused, layer.name]);
  return `${plural(layers.length, 'layer')}\n\n${printTable(['in → out', 'kind', 'fused', 'name'], rows)}${more(layers.length - listed.length)}`;
}

/** `I8+F → F`. */
export function precisionInWords({ in: from, out, residual }: PlanLayer): string {
  return `${from}${residual === null ? '' : `+${residual}`} → ${out}`;
}

function printSurvivors({ qdq, bytes }: Plan, effects: Effects, all: boolean): string {
  if (qdq.length === 0) return 'No quantizer survives as a kernel of its own.';
  const listed = all ? qdq : qdq.slice(0, shown);
  const rows = listed.map(({ kind, tensor, bytes, law, why, rule }) => [
    kind,
    tensor,
    bytesInWords(bytes),
    law,
    ruleInWords(rule, effects),
    why,
  ]);
  const heading = ['', 'tensor', 'bytes', 'law', 'removed by (effect)', 'why'];
  const table = printTable(heading, rows, { align: ['left', 'left', 'right'] });
  const title = `${plural(qdq.length, 'quantizer survives', 'quantizers survive')} as kernels of their own and move ${bytesInWords(bytes)}`;
  return `${title}\n\n${table}${more(qdq.length - listed.length)}`;
}

/** Totals of one plan, or of two side by side. */
export function printTotals(...plans: readonly Pick<Plan, 'totals' | 'bytes'>[]): string {
  const rows = totalRows.map(([key, words]) => [words, ...plans.map(({ totals }) => String(totals[key]))]);
  const bytes = ['bytes they move', ...plans.map((plan) => bytesInWords(plan.bytes))];
  const heading = plans.length === 2 ? ['', 'before', 'after'] : undefined;
  return printTable(heading, [...rows, bytes], { align: ['left', 'right', 'right'] });
}

/** The lines of the totals, with the words people read. */
export const totalRows: readonly (readonly [keyof PlanTotals, string])[] = [
  ['i8i8', 'layers that multiply, I8 → I8'],
  ['i8f', 'I8 → F'],
  ['i8i8_residual', 'with Add, I8+I8 → I8'],
  ['i8f_residual', 'with Add, I8+F → F'],
  ['qdq', 'Q and DQ that survive'],
  ['scale', 'requantizations (Scale)'],
];

/** Why the int8 model may be slower than the float model, the most expensive cause first. */
function printExplanation(facts: Plan, effects: Effects): string {
  const { causes, floatOutputs, islands } = explainPlan(facts);
  const items = causes.map(({ law, words, count, bytes, share, rules }) => {
    const part = share === null ? bytesInWords(bytes) : `${Math.round(share * 100)} % of the bytes`;
    const by =
      rules.length === 0 ? '' : `; ${rules.map((rule) => ruleInWords(rule, effects)).join(', ')} can help`;
    return `${law}, ${plural(count, 'node')}, ${part}: ${words}${by}`;
  });
  return list('Where time goes that a float model does not spend', [
    ...items,
    ...few('layers that multiply in int8 and write floats', floatOutputs),
    ...few('float layers between int8 layers', islands),
  ]);
}

function few(what: string, names: readonly string[]): readonly string[] {
  const listed = names.slice(0, 4).join(', ');
  const rest = names.length > 4 ? ` and ${names.length - 4} more` : '';
  return names.length === 0 ? [] : [`${names.length} ${what}: ${listed}${rest}`];
}

/** A rule with its effect class; a dash where there is none. */
export function ruleInWords(rule: string | null, effects: Effects): string {
  if (rule === null) return '–';
  const effect = effects.get(rule);
  return effect === undefined ? rule : `${rule} (${effect})`;
}

export function bytesInWords(bytes: number | null): string {
  return bytes === null ? 'unknown' : formatBytes(bytes);
}

function more(count: number): string {
  return count > 0 ? `\n… and ${count} more: --all lists them` : '';
}

function list(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : [`${title}:`, ...items.map((item) => `  - ${item}`)].join('\n');
}
