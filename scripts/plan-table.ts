/** `npm run docs:plan`: writes the table of forecasts in docs/plan.md, from the models in ../shared. */
import { readFileSync, writeFileSync } from 'node:fs';
import { bytesInWords } from '../src/cli/reports/plan.ts';
import { rewrite } from '../src/rewrite/index.ts';
import { decodeModel } from '../src/serde/index.ts';
import { type Consent, type Plan, plan, tensorrt } from '../src/targets/index.ts';

const target = 'tensorrt@10';
const models = [
  'yolov7_w025_qat',
  'yolov5n_qat',
  'padneck_qat',
  'resnet18_qat',
  'resnet18_slim_qat',
  'mobilenetv2_slim_qat',
];
const allow: readonly Consent[] = ['residuals', 'average-pools'];
const page = new URL('../docs/plan.md', import.meta.url);
const [begin, end] = ['<!-- table: npm run docs:plan -->', '<!-- end of table -->'];

/** The table, made from the models beside the repository. */
export function planTable(): string {
  const rows = models.map((name) => {
    const before = decodeModel(
      readFileSync(new URL(`../../shared/models/${name}/model.onnx`, import.meta.url)),
    );
    const fixed = plan(rewrite(before, tensorrt()).model, { target });
    const allowed = plan(rewrite(before, tensorrt({ allow })).model, { target });
    const cells = [plan(before, { target }), fixed, allowed].map(inWords);
    return `| ${[name, ...cells, leftInWords(allowed)].join(' | ')} |`;
  });
  return [
    '| model | as exported | fixed | fixed, residuals and average pools allowed | what stays then |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** The page with another table between the marks. */
export function withTable(text: string, table: string): string {
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined)
    throw new Error('docs/plan.md has lost the marks of its table.');
  return `${head}${begin}\n\n${table}\n\n${end}${tail}`;
}

function inWords({ totals, bytes }: Plan): string {
  const scale = totals.scale === 0 ? '' : ` + ${totals.scale} Scale`;
  return `${totals.qdq}${scale}, ${bytesInWords(bytes)}`;
}

/** What survives, by cause, with the first word of why. */
function leftInWords({ qdq }: Plan): string {
  return qdq.map(({ kind, law, why }) => `${kind} (${law}): ${why}`).join('; ');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), planTable()));
}
