import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What each folder of `src/` may import, besides itself and `support/`. Arrows point down. */
const allowed: Record<string, readonly string[]> = {
  support: [],
  ir: [],
  ops: ['ir'],
  serde: ['ir'],
  pattern: ['ops', 'ir'],
  analysis: ['ops', 'ir'],
  runtime: ['ops', 'ir'],
  node: ['serde', 'ir'],
  rewrite: ['pattern', 'analysis', 'ops', 'ir'],
  verify: ['analysis', 'runtime', 'ops', 'ir'],
  proof: ['analysis', 'runtime', 'ops', 'ir'],
  rules: ['rewrite', 'pattern', 'ir'],
  passes: ['rewrite', 'analysis', 'runtime', 'ops', 'ir'],
  calibration: ['analysis', 'runtime', 'ops', 'ir'],
  targets: [
    'rules',
    'passes',
    'calibration',
    'verify',
    'rewrite',
    'pattern',
    'analysis',
    'runtime',
    'ops',
    'ir',
  ],
  testing: [
    'targets',
    'proof',
    'rules',
    'passes',
    'calibration',
    'verify',
    'rewrite',
    'pattern',
    'analysis',
    'runtime',
    'serde',
    'ops',
    'ir',
  ],
  cli: [
    'node',
    'targets',
    'proof',
    'rules',
    'passes',
    'calibration',
    'verify',
    'rewrite',
    'pattern',
    'analysis',
    'runtime',
    'serde',
    'ops',
    'ir',
  ],
};

/** Packages and Node built-ins, and the only folders that may meet them. */
const packages: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^immer$/, ['ir']],
  [/^protobufjs/, ['serde']],
  [/^fast-check$/, ['testing']],
  [/^@dagrejs\/dagre$/, ['cli']],
  [/^node:/, ['node', 'cli']],
];

const root = new URL('../src', import.meta.url).pathname;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): readonly string[] {
  // Examples in comments import what their readers have.
  const source = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...source.matchAll(/(?:from|import)\s+'([^']+)'|import\('([^']+)'\)/g)].map(
    (found) => (found[1] ?? found[2])!,
  );
}

describe('the layers of src', () => {
  it('has a row for every folder', () => {
    const folders = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
    expect(folders.filter((folder) => !(folder in allowed))).toEqual([]);
  });

  it.each(files.filter((file) => file.includes('/')))('%s imports only what its layer may', (file) => {
    const folder = file.split('/')[0]!;
    const wrong = importsOf(file).filter((path) => {
      if (!path.startsWith('.'))
        return !packages.some(([name, folders]) => name.test(path) && folders.includes(folder));
      const target = join(file, '..', path).split('/')[0]!;
      return target !== folder && target !== 'support' && !allowed[folder]!.includes(target);
    });
    expect(wrong).toEqual([]);
  });
});
