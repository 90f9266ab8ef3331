import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';

/** The code in the docs, run as it stands: package names become source files, file names files that exist. */
const root = new URL('..', import.meta.url).pathname;
const folder = join(root, '.tmp', `docs-${process.pid}`);
const pages = [
  'README.md',
  'docs/plan.md',
  'docs/rewriting.md',
  'docs/proofs.md',
  'docs/write-a-rule-and-break-it.md',
  'docs/integer-execution.md',
  'docs/onnxruntime.md',
  'docs/running.md',
];

const entries: Record<string, string> = {
  'qdq-surgeon': 'src/index.ts',
  'qdq-surgeon/rules': 'src/rules.ts',
  'qdq-surgeon/runtime': 'src/runtime.ts',
  'qdq-surgeon/node': 'src/node.ts',
  'qdq-surgeon/testing': 'src/testing/index.ts',
};

function blocksOf(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((found) => found[1]!);
}

function runnable(code: string): string {
  return code
    .replace(
      /from '(qdq-surgeon[^']*)'/g,
      (_, name: string) => `from ${JSON.stringify(join(root, entries[name]!))}`,
    )
    .replace(/'yolov7_qat\.onnx'/g, JSON.stringify(join(root, 'test/models/yolov7_slim_qat.onnx')))
    .replace(/'fixed\.onnx'/g, JSON.stringify(join(tmpdir(), `qdq-surgeon-docs-${process.pid}.onnx`)));
}

describe.each(pages)('the code in %s', (page) => {
  const blocks = blocksOf(page);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is there', () => expect(blocks.length).toBeGreaterThan(0));

  it.each(blocks.map((code, i) => [i + 1, code] as const))(
    'block %i runs, and prints what it says it prints',
    async (i, code) => {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `${page.replaceAll('/', '-')}-${i}.ts`);
      writeFileSync(file, runnable(code));
      const log = vi.spyOn(console, 'log').mockImplementation(() => {});
      try {
        await import(file);
        const printed = log.mock.calls.map(([first]) => String(first));
        for (const [, claim] of code.matchAll(/console\.log\(.*\); \/\/ ([^:;\n]+)/g)) {
          if (/^(true|false|undefined|\d+|complete|there is no .*)$/.test(claim!.trim()))
            expect(printed).toContain(claim!.trim());
        }
      } finally {
        log.mockRestore();
      }
    },
  );
});
