import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueEntry, catalogueEntries } from '../src/cli/catalogue.ts';
import { commands } from '../src/cli/commands/index.ts';
import { main, overview } from '../src/cli/main.ts';
import { lints, lintTargets } from '../src/targets/index.ts';
import { describeTolerance, tolerances } from '../src/verify/index.ts';

/** The pages of `docs/` that are made from the program: by file name. Run from the root of the repository. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['command.md', await commandPage()],
    ['lint.md', lintPage()],
    ['rules.md', rulesPage()],
  ]);
}

const model = 'test/models/yolov7_slim_qat.onnx';

/** What is run for each command, and how many lines of its output are shown. */
const examples: Readonly<
  Record<string, readonly { readonly argv: readonly string[]; readonly lines?: number }[]>
> = {
  inspect: [{ argv: [model], lines: 42 }],
  lint: [{ argv: [model, '--target', 'onnxruntime'], lines: 24 }],
  plan: [{ argv: [model, '--target', 'tensorrt@10'], lines: 24 }],
  fix: [{ argv: [model, '--target', 'tensorrt', '--verify'] }],
  scales: [
    { argv: [model], lines: 12 },
    { argv: [model, '--policy', 'yolo-deepstream', '--json'], lines: 17 },
  ],
  verify: [{ argv: [model, model, '--samples', '2', '--seed', '7'] }],
  prove: [{ argv: [model, model] }],
  certify: [{ argv: [model], lines: 12 }],
  run: [],
  diff: [{ argv: [model, model] }],
  rules: [{ argv: [] }, { argv: ['quantize-before-pad'] }],
};

async function commandPage(): Promise<string> {
  const sections: string[] = [];
  for (const { name, summary, help } of commands) {
    const shown: string[] = [];
    for (const { argv, lines } of examples[name]!)
      shown.push(fenced(await transcript([name, ...argv], lines)));
    sections.push([`## ${name}`, `${sentence(summary)}`, fenced(help), ...shown].join('\n\n'));
  }
  return `${[
    '# The command',
    generated,
    `Results go to standard output, messages and progress to standard error; with \`--json\`, standard output is one JSON value. JSON has no word for infinities and NaN: they are the strings \`"Infinity"\`, \`"-Infinity"\` and \`"NaN"\`. When a command fails, it prints a sentence, where, and what to do; with \`--json\` also \`{"error": {"code", "message", "at", "fix"}}\`.`,
    'As a library the same is `rewrite`, `verify`, `diff` and `scaleGroups`; the command adds nothing but files and words.',
    fenced(overview()),
    ...sections,
    '## What verification allows',
    `An output passes when every bit is equal, or when one alternative of an effect class that is allowed holds. \`fix --verify\` allows the classes of the rules it applied, and holds the exact rules by themselves to every bit. “The network without rounding” is the model before with its activation quantizers taken out: where scales change on purpose, the question is whether the model is still as close to that.`,
    [
      '| class | alternatives |',
      '|---|---|',
      ...Object.entries(tolerances).map(
        ([effect, list]) => `| ${effect} | ${list.map(describeTolerance).join('; or ') || 'equal bits'} |`,
      ),
    ].join('\n'),
  ].join('\n\n')}\n`;
}

function lintPage(): string {
  const rows = lints.map(({ id, title, severity, cost, rule, targets }) => {
    const mended = rule === null ? '–' : `[${rule}](rules.md#${rule})`;
    return `| ${id} | ${title} | ${severity} | ${cost} | ${mended} | ${targetsInWords(targets)} |`;
  });
  return `${[
    '# Lints',
    generated,
    '`qdq-surgeon lint model.onnx --target tensorrt@10` looks for what an engine refuses, reads otherwise than ONNX means it, or runs slowly; as a library, `lint(model, { target })` from `qdq-surgeon/rules`. The model is looked at as engines see it: what is computed from constants is folded first.',
    '**error** – the engine refuses the model, or computes something else; **cost** – it is slower or less accurate. `E…` are counted as in the rule book of TensorRT’s importer, `O…` are slips in models for ONNX Runtime, `S…` concern scales and pairs whatever the engine. E14 and E23 are about versions before 8.6.',
    [`| id | what | | what it costs | mended by | targets |`, '|---|---|---|---|---|---|', ...rows].join(
      '\n',
    ),
    'Some findings of a lint name another rule, or none, where the place calls for it: a zero point of 128 is re-encoded exactly, any other needs new scales.',
  ].join('\n\n')}\n`;
}

function targetsInWords(targets: readonly string[]): string {
  if (targets.length === lintTargets.length) return 'all';
  const engine = targets.filter((target) => target.startsWith('tensorrt'));
  return engine.length === lintTargets.length - 1 ? 'tensorrt' : targets.join(', ');
}

function rulesPage(): string {
  const entries = catalogueEntries();
  const table = [
    '| name | kind | effect | target | checked |',
    '|---|---|---|---|---|',
    ...entries.map(
      ({ name, kind, effect, targets }) =>
        `| [${name}](#${name}) | ${kind} | ${effect} | ${targets.join(', ') || 'on request'} | ${checkedInWords(name)} |`,
    ),
  ].join('\n');
  return `${[
    '# Rules and passes',
    generated,
    'In the order the pipelines `tensorrt` and `onnxruntime` apply them, then those that are used on request only. Every name is an export of `qdq-surgeon/rules` in camelCase, and a word for `--only` and `--skip` of `qdq-surgeon fix`.',
    'Effects: **exact** – every output bit stays equal, for finite inputs; **rounding** – outputs move by float rounding, or by at most one quantum; **closer** – a rounding is removed, outputs move toward the float model; **scale** – calibration changes; **interface** – a graph input or output changes its type.',
    'Checked: what `npm run check:rules` last came to – the verdict, how it was reached, and how many of the models made for the rule it matched.',
    table,
    ...entries.map(entrySection),
  ].join('\n\n')}\n`;
}

interface Checked {
  readonly kind: string;
  readonly evidence?: string;
  readonly unchecked?: readonly string[];
  readonly models: number;
  readonly matches: number;
}

const { rules: checked } = JSON.parse(
  readFileSync(new URL('../docs/checked-rules.json', import.meta.url), 'utf8'),
) as { readonly rules: Readonly<Record<string, Checked>> };

/** `holds (tested): 205 of 400 models`. */
function checkedInWords(name: string): string {
  const found = checked[name];
  if (found === undefined) return '–';
  const { kind, evidence, unchecked = [], models, matches } = found;
  const how = [evidence ?? [], unchecked.map((claim) => `${claim} not examined`)].flat().join(', ');
  return `${kind}${how === '' ? '' : ` (${how})`}: ${matches} of ${models} models`;
}

function entrySection(entry: CatalogueEntry): string {
  const { name, kind, effect, summary, reason, condition, sources, targets } = entry;
  const facts = [
    `- ${kind}, effect **${effect}**, ${targets.length > 0 ? `target ${targets.join(', ')}` : 'on request'}`,
    condition && `- When: ${condition}`,
    reason && `- Why: ${reason}`,
    sources.length > 0 &&
      `- Sources: ${sources.map((source) => (source.startsWith('http') ? `<${source}>` : source)).join(' · ')}`,
  ].filter(Boolean);
  return [`## ${name}`, docComment(name) ?? summary, facts.join('\n')].join('\n\n');
}

const sources = ['src/rules', 'src/passes', 'src/targets'].flatMap((folder) =>
  readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(`../${join(folder, file)}`, import.meta.url), 'utf8')),
);

/** The doc comment of a rule or pass, formulas and picture included, from its source. */
function docComment(name: string): string | undefined {
  for (const source of sources) {
    const at = nameIn(source, name);
    const declared = source.indexOf(`const name = '${name}'`);
    if (at < 0 && declared < 0) continue;
    const comments = [...source.matchAll(/\/\*\*\n((?: \*.*\n)+?) \*\/\nexport (?:const|function) /g)];
    const found =
      at >= 0 ? comments.findLast(({ index }) => index < at) : comments.find(({ index }) => index > declared);
    if (found !== undefined) return markdown(found[1]!);
  }
  return undefined;
}

/** Where a rule's name is written, also as a template: `quantize-before-split-${outputs}`. */
function nameIn(source: string, name: string): number {
  for (const found of source.matchAll(/name: (?:'([^']*)'|`([^`]*)`)/g)) {
    const pattern = (found[1] ?? found[2]!).replace(/\$\{\w+\}/g, '\\w+');
    if (new RegExp(`^${pattern}$`).test(name)) return found.index;
  }
  return -1;
}

/** A doc comment as Markdown: what is indented is code, the picture in front of the text as well. */
function markdown(comment: string): string {
  const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const text = lines
    .filter((line) => !line.startsWith('@'))
    .join('\n')
    .trim();
  const [first = '', ...rest] = text.split('\n\n');
  const picture = /⇒|→/.test(first) && !/[.:]$/.test(first) ? fenced(first) : first;
  return [picture, ...rest].join('\n\n');
}

/** A command line with what it prints, times taken out: they are another each time. */
async function transcript(argv: readonly string[], lines = Infinity): Promise<string> {
  let text = '';
  const stdout = { write: (part: string) => (text += part) };
  await main(argv, { stdout, stderr: stdout, env: {}, now: () => 0 });
  const all = text
    .trimEnd()
    .replace(/\b\d+(\.\d+)? m?s\b/g, '… ms')
    .split('\n');
  const shown = all.length > lines ? [...all.slice(0, lines), '…'] : all;
  return [`$ qdq-surgeon ${argv.join(' ')}`, ...shown].join('\n');
}

const generated = '<!-- Made by `npm run docs`. Change the program, not this page. -->';

function fenced(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
