import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const model = join(root, 'test/models/yolov7_slim_qat.onnx');

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What each entry exports to the world; a name that comes or goes is a change users have to be told about. */
const exportsFile = new URL('./exports.json', import.meta.url);
const entries = [
  'qdq-surgeon',
  'qdq-surgeon/rules',
  'qdq-surgeon/runtime',
  'qdq-surgeon/testing',
  'qdq-surgeon/node',
];

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qdq-surgeon-'));
  const tarball = join(folder, 'package.tgz');

  beforeAll(() => {
    run(bin('tsup'), ['--silent'], root);
    const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], root)) as {
      filename: string;
    }[];
    run('mv', [join(folder, packed!.filename), tarball], folder);
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
    );
    run(
      'npm',
      ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, 'fast-check@4.10.2'],
      folder,
    );
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has every entry, with exactly the exports written down', () => {
    const script = `
      const found = {};
      for (const name of ${JSON.stringify(entries)}) found[name] = Object.keys(await import(name)).sort();
      console.log(JSON.stringify(found));`;
    const found = JSON.parse(run('node', ['--input-type=module', '-e', script], folder)) as unknown;
    if (process.env['UPDATE_EXPORTS']) writeFileSync(exportsFile, `${JSON.stringify(found, null, 2)}\n`);
    expect(found).toEqual(JSON.parse(readFileSync(exportsFile, 'utf8')));
  });

  it('type-checks for a consumer', () => {
    writeFileSync(
      join(folder, 'consumer.ts'),
      `import { decodeModel, encodeModel, decodeTensor, encodeTensor, parseModel, printModel, model, tensor, rewrite, rule, ruleSet, whyNot, verify, diff, validate, any, op, type Model, type Tensor } from 'qdq-surgeon';
       import { loadModel, saveModel } from 'qdq-surgeon/node';
       import { execute } from 'qdq-surgeon/runtime';
       import { tensorrt } from 'qdq-surgeon/rules';
       import * as testing from 'qdq-surgeon/testing';

       export async function fix(path: string): Promise<Float32Array> {
         const before: Model = await loadModel(path);
         const { model: after, trace } = rewrite(before, tensorrt());
         const report = verify(before, after, { samples: 4, seed: 1 });
         await saveModel(after, 'fixed.onnx');
         const outputs: ReadonlyMap<string, Tensor> = execute(after, new Map([['images', tensor('float32', [1, 3, 128, 128], new Float32Array(3 * 128 * 128))]]));
         const mine = rule({ name: 'mine', match: op.Neg(op.Neg(any('x'))), rewrite: ({ x }) => x });
         // @ts-expect-error the pattern does not bind y
         rule({ name: 'mine', match: op.Neg(op.Neg(any('x'))), rewrite: ({ y }) => y });
         const why: string | undefined = whyNot(mine, before);
         console.log(trace.rewrites.length, report.equivalent, why, ruleSet(mine).names, diff(before, after), validate(after), Object.keys(testing));
         console.log(printModel(parseModel('main (float x) => (float y) { y = Neg (x) }')), model\`main (float x) => (float y) { y = Neg (x) }\`.graph.inputs[0]?.name);
         console.log(decodeModel(encodeModel(before)).graph.outputs[0]?.name, decodeTensor(encodeTensor(tensor('int8', [1], [1]))).dims);
         return outputs.get('outputs')!.toTypedArray() as Float32Array;
       }`,
    );
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          target: 'ES2022',
          module: 'NodeNext',
          moduleResolution: 'NodeNext',
          noEmit: true,
          types: [],
        },
        files: ['consumer.ts'],
      }).replace('"types":[]', '"types":[],"lib":["ES2022","DOM"]'),
    );
    run(bin('tsc'), ['-p', folder], folder);
  });

  it('brings the command', () => {
    const command = join(folder, 'node_modules/.bin/qdq-surgeon');
    expect(run(command, ['--version'], folder).trim()).toBe(
      (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    );
    const inspected = JSON.parse(run(command, ['inspect', model, '--json'], folder)) as {
      nodes: number;
      pairs: unknown[];
    };
    expect(inspected.nodes).toBe(1054);
    expect(inspected.pairs).toHaveLength(165);
  });

  it('brings the file that threads run', () => {
    const script = `
      import { parseModel, tensor } from 'qdq-surgeon';
      import { compile } from 'qdq-surgeon/runtime';
      const model = parseModel(\`<ir_version: 10, opset_import: ["" : 21]>
        main (uint8[1,64,60,60] x) => (int32[1,64,60,60] y) <int8[64,64,3,3] w = {\${Array(12288).fill('1, -3, 7')}}> {
          y = ConvInteger <pads = [1, 1, 1, 1]> (x, w)
        }\`);
      const codes = Uint8Array.from({ length: 64 * 3600 }, (_, i) => (i * 7919) >> 3);
      const inputs = [['x', tensor('uint8', [1, 64, 60, 60], codes)]];
      const [one, two] = [1, 2].map((threads) => compile(model, { threads }));
      await two.ready;
      const sums = [one, two].map((session) => session.run(inputs).get('y').toTypedArray());
      console.log(sums[0].length, sums[0].every((sum, i) => sum === sums[1][i]));`;
    expect(run('node', ['--input-type=module', '-e', script], folder)).toBe('230400 true\n');
  });

  it('has a root entry that bundles for a browser, without a Node built-in', async () => {
    for (const entry of ['qdq-surgeon', 'qdq-surgeon/rules', 'qdq-surgeon/runtime']) {
      writeFileSync(join(folder, 'page.js'), `import * as all from '${entry}'; globalThis.all = all;`);
      const result = await build({
        entryPoints: [join(folder, 'page.js')],
        bundle: true,
        write: false,
        minify: true,
        platform: 'browser',
        format: 'esm',
        logLevel: 'silent',
        metafile: true,
      });
      expect(Object.keys(result.metafile.inputs).filter((input) => input.startsWith('node:'))).toEqual([]);
      const code = result.outputFiles[0]!.text;
      expect(/\beval\(|new Function\(|Function\("/.exec(code)?.[0]).toBeUndefined();
    }
  });

  it('passes publint and are-the-types-wrong', () => {
    run(bin('publint'), ['run', '--strict', tarball], folder);
    run(bin('attw'), ['--profile', 'esm-only', tarball], folder);
  });

  it('stays small', () => {
    // 520 KiB: the codec, the engine, the rules, a kernel for each operator, fast loops beside the plain ones, the groups
    // of two engines, and the generator of models behind the property tests.
    expect(statSync(tarball).size).toBeLessThan(600 * 1024);
  });
});
