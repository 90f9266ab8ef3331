/**
 * All benchmarks, one table each.
 *
 * `npm run bench` prints them; `npm run bench -- --write` also puts them into docs/benchmarks.md. Contenders run in turn in
 * one process, and the median of the rounds counts: the ratios mean something on a shared machine, the times less.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { run as codec } from './codec.ts';
import { run as kernels } from './kernels.ts';
import { run as rewriting } from './rewrite.ts';

const sections: readonly (readonly [string, string, () => Promise<string>])[] = [
  ['Decode and encode', '300 Conv and 3,000 small nodes, weights as `raw_data`.', codec],
  [
    'Rewriting',
    'Chains of a hundred elementwise nodes; one node in ten, or every node, is rewritten.',
    rewriting,
  ],
  [
    'Integer kernels',
    'Layers of ResNet-18 and MobileNet, sums in int32, one thread each. Ours run in a worker thread of their own: a JavaScript engine in which any ArrayBuffer has been detached, as loading onnxruntime-node does, runs them 1.5 times slower.',
    kernels,
  ],
];

const texts: string[] = [];
for (const [title, what, run] of sections) {
  const text = `## ${title}\n\n${what}\n\n${await run()}\n`;
  console.log(text);
  texts.push(text);
}
if (process.argv.includes('--write')) {
  const page = new URL('../docs/benchmarks.md', import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  writeFileSync(
    page,
    `# Benchmarks\n\nMeasured by \`npm run bench -- --write\` with version ${version} on ${machine}. Peers run in the same process or in turn with it; compare ratios rather than times.\n\n${texts.join('\n')}`,
  );
}
