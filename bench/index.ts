/**
 * All benchmarks, one table each.
 *
 * `npm run bench` prints them, `npm run bench -- float networks` those two; with `--write` they are also put into
 * docs/benchmarks.md, where the others stay. Contenders run in turn, and the median of the rounds counts: the ratios mean
 * something on a shared machine, the times less.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { run as codec } from './codec.ts';
import { run as float } from './float.ts';
import { run as kernels } from './kernels.ts';
import { run as networks } from './networks.ts';
import { run as rewriting } from './rewrite.ts';
import { run as testing } from './testing.ts';
import { run as threads } from './threads.ts';

interface Section {
  readonly title: string;
  readonly what: string;
  readonly run: () => Promise<string>;
}

const sections = new Map<string, Section>([
  [
    'codec',
    {
      title: 'Decode and encode',
      what: '300 Conv and 3,000 small nodes, weights as `raw_data`.',
      run: codec,
    },
  ],
  [
    'rewriting',
    {
      title: 'Rewriting',
      what: 'Chains of a hundred elementwise nodes; one node in ten, or every node, is rewritten.',
      run: rewriting,
    },
  ],
  [
    'kernels',
    {
      title: 'Integer kernels',
      what: 'Layers of ResNet-18 and MobileNet, sums in int32, one thread each. Ours run in a worker thread of their own: a JavaScript engine in which any ArrayBuffer has been detached, as loading onnxruntime-node does, runs them 1.5 times slower.',
      run: kernels,
    },
  ],
  [
    'threads',
    {
      title: 'Two threads',
      what: 'Integer layers of five milliseconds or more, on two threads of a machine with two cores.',
      run: threads,
    },
  ],
  [
    'float',
    {
      title: 'Float32 convolutions',
      what: 'The same layers in float32, one thread each, ours in threads of their own.',
      run: float,
    },
  ],
  [
    'networks',
    {
      title: 'Whole networks',
      what: 'Two networks with quantizers as PyTorch exports them, from input to output, one thread each, ours in threads of their own.',
      run: networks,
    },
  ],
  [
    'testing',
    {
      title: 'Checking rules',
      what: 'Rules put through all they claim on models made from their patterns, in one thread; and wrong rules refuted.',
      run: testing,
    },
  ],
]);

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = words.find((word) => !sections.has(word));
if (unknown !== undefined)
  throw new Error(`There is no benchmark "${unknown}"; there are ${[...sections.keys()].join(', ')}.`);

const page = new URL('../docs/benchmarks.md', import.meta.url);
const texts = new Map(
  readFileSync(page, 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), `## ${text.trim()}\n`]),
);
for (const [word, { title, what, run }] of sections) {
  if (words.length > 0 && !words.includes(word)) continue;
  const text = `## ${title}\n\n${what}\n\n${await run()}\n`;
  console.log(text);
  texts.set(title, text);
}
if (process.argv.includes('--write')) {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  const all = [...sections.values()].flatMap(({ title }) => texts.get(title) ?? []);
  writeFileSync(
    page,
    `# Benchmarks\n\nMeasured by \`npm run bench -- --write\` with version ${version} on ${machine}. Peers run in the same process or in turn with it; compare ratios rather than times.\n\n${all.join('\n')}`,
  );
}
