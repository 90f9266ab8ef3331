import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { decodeModel, decodeTensor, encodeTensor } from '../../src/serde/index.ts';
import { modelFile, qdq, scratch, yolo } from './command.ts';

/** Two branches of a Concat on different scales, an Identity, and a pair in front of the output. */
const concat = modelFile(
  'concat.onnx',
  `<ir_version: 8, opset_import: ["" : 17]>
   main (float[1, 1, 2, 2] x) => (float[1, 2, 2, 2] y)
   <float s = {0.5}, float t = {0.375}, int8 z = {0}> {
     i = Identity (x)
     q = QuantizeLinear (i, s, z)  d = DequantizeLinear (q, s, z)
     p = QuantizeLinear (x, t, z)  e = DequantizeLinear (p, t, z)
     c = Concat <axis = 1> (d, e)
     f = QuantizeLinear (c, s, z)  g = DequantizeLinear (f, s, z)
     r = Relu (g)
     h = QuantizeLinear (r, s, z)
     y = DequantizeLinear (h, s, z)
   }`,
);
const neg = modelFile('neg.onnx', 'main (float[2] x) => (float[2] y) { y = Neg (x) }');
const abs = modelFile('abs.onnx', 'main (float[2] x) => (float[2] y) { y = Abs (x) }');

/** A folder of inputs. */
function inputs(name: string, ...values: readonly (readonly number[])[]): string {
  const folder = scratch(name);
  mkdirSync(folder, { recursive: true });
  values.forEach((list, i) => {
    writeFileSync(
      join(folder, `input_${i}.pb`),
      encodeTensor(tensor('float32', [list.length], list, 'whatever')),
    );
  });
  return folder;
}

describe('inspect', () => {
  it('tells what is in a real model, as JSON', async () => {
    const { code, stderr, json } = await qdq(['inspect', yolo, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const facts = json();
    // Counts as onnx.load finds them; see info.json of the shared model.
    expect(facts).toMatchObject({
      opset: 13,
      irVersion: 7,
      nodes: 1054,
      producer: 'pytorch 2.11.0',
      bytes: 888485,
    });
    expect(facts.operators).toMatchObject({ Constant: 369, QuantizeLinear: 165, Conv: 92, MaxPool: 8 });
    expect(facts.inputs).toEqual([
      { name: 'images', type: 'float[1,3,128,128]', dtype: 'float32', shape: [1, 3, 128, 128] },
    ]);
    expect(facts.outputs[0]).toMatchObject({ name: 'outputs', shape: [1, 1008, 85] });
    expect(facts.pairs).toHaveLength(165);
    expect(facts.pairs[0]).toEqual({
      tensor: 'images',
      scale: 0.006274731829762459,
      zeroPoint: 0,
      dtype: 'int8',
      axis: null,
      kind: 'activation',
      readers: ['/model.0/conv/Conv'],
      graph: expect.any(String),
    });
    expect(facts.pairs[1]).toMatchObject({ tensor: 'model.0.conv.weight', kind: 'weight', axis: 0 });
    expect(facts.pairs[1].scale).toHaveLength(8);
  });

  it('prints a page, and every quantizer with --all', async () => {
    const short = (await qdq(['inspect', yolo])).stdout;
    expect(short).toContain('165 quantizers: 76 activation, 89 weight');
    expect(short).toContain('… and 153 more: --all lists them');
    expect((await qdq(['inspect', yolo, '--all'])).stdout.split('\n').length).toBeGreaterThan(180);
  });

  it('knows computed scales, overridable inputs, symbols, other domains and hostile names', async () => {
    const file = modelFile(
      'odd.onnx',
      `<ir_version: 8, opset_import: ["" : 17, "com.custom" : 1]>
       main (float[N, ?] x, float[1] w) => (y) <float[1] w = {1}, float a = {2}> {
         s = Abs (a)
         h = com.custom.__proto__ (x, w)
         q = QuantizeLinear (h, s)
         y = DequantizeLinear (q, s)
       }`,
    );
    const facts = (await qdq(['inspect', file, '--json'])).json();
    expect(Object.entries(facts.operators)).toContainEqual(['com.custom::__proto__', 1]);
    expect(facts.inputs.map((port: { shape: unknown }) => port.shape)).toEqual([['N', null], [1]]);
    expect(facts.inputs[1].optional).toBe(true);
    expect(facts.outputs[0]).toMatchObject({ name: 'y', type: null, shape: null });
    expect(facts.pairs[0]).toMatchObject({ scale: null, dtype: 'uint8' });
    const { stdout } = await qdq(['inspect', file]);
    expect(stdout).toContain('computed in the graph');
    expect(stdout).toContain('w: float[1], with an initializer');
  });
});

describe('fix', () => {
  it('writes a fixed model and tells each rewrite', async () => {
    const output = scratch('fixed.onnx');
    const { code, json } = await qdq([
      'fix',
      concat,
      '--target',
      'tensorrt',
      '-o',
      output,
      '--verify',
      '--json',
    ]);
    const facts = json();
    expect(code).toBe(0);
    expect(facts.before).toEqual({ nodes: 11, quantize: 4, dequantize: 4, bytes: statSync(concat).size });
    expect(facts.after).toMatchObject({ quantize: 2, dequantize: 2, bytes: statSync(output).size });
    expect(facts.rules.map(({ rule, effect }: { rule: string; effect: string }) => [rule, effect])).toEqual(
      expect.arrayContaining([
        ['remove-identity', 'exact'],
        ['unify-scales', 'scale'],
        ['remove-dangling-dequantize', 'closer'],
      ]),
    );
    for (const rewrite of facts.rewrites)
      expect(Object.keys(rewrite)).toEqual(expect.arrayContaining(['rule', 'effect', 'at']));
    expect(facts.verify).toMatchObject({ equivalent: true, allowed: ['exact', 'closer', 'scale'] });
    expect(facts.verifyExact).toMatchObject({ identical: true });
    expect(facts.stop.kind).toBe('complete');
    const operators = decodeModel(readFileSync(output)).graph.nodes.map(({ opType }) => opType);
    expect(operators).not.toContain('Identity');
  });

  it('has nothing to do the second time', async () => {
    const [once, twice] = [scratch('once.onnx'), scratch('twice.onnx')];
    await qdq(['fix', yolo, '-o', once]);
    const { stdout, code } = await qdq(['fix', once, '-o', twice]);
    expect(code).toBe(0);
    expect(stdout).toContain('Nothing to do');
    expect(readFileSync(twice).equals(readFileSync(once))).toBe(true);
  });

  it('prints a table a person can read', async () => {
    const { stdout, stderr } = await qdq([
      'fix',
      concat,
      '--verify',
      '--samples',
      '2',
      '-o',
      scratch('table.onnx'),
    ]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/rule or pass +effect +rewrites\n/);
    expect(stdout).toMatch(/QuantizeLinear +4 +→ +2\n/);
    expect(stdout).toMatch(/file +\d+ B +→ +\d+ B\n/);
    expect(stdout).toContain(
      'The exact rules alone: identical: every output bit is equal on 2 samples, seed 1',
    );
    expect(stdout).toContain('Verified: equivalent');
    expect(stdout).toContain('--skip unify-scales leaves it out');
    expect(stdout).toMatch(/Written to .*table\.onnx\. \(read in 60 ms/);
  });

  it('writes nothing without -o', async () => {
    const { stdout, json } = await qdq(['fix', concat]);
    expect(stdout).toContain('Nothing was written: no -o.');
    expect(() => json()).toThrow();
  });

  it('applies only what it is told', async () => {
    const rulesOf = async (...argv: string[]) => {
      const { rules } = (await qdq(['fix', concat, '--json', ...argv])).json();
      return rules.map(({ rule }: { rule: string }) => rule);
    };
    expect(await rulesOf('--only', 'remove-identity')).toEqual(['remove-identity']);
    expect(await rulesOf('--only', 'remove-identity,unify-scales')).toEqual([
      'remove-identity',
      'unify-scales',
    ]);
    expect(
      await rulesOf('--only', 'remove-identity', '--only=unify-scales', '--skip', 'unify-scales'),
    ).toEqual(['remove-identity']);
    expect(await rulesOf('--skip', 'unify-scales,remove-dangling-dequantize')).not.toContain('unify-scales');
    expect(await rulesOf('--unify', 'none')).not.toContain('unify-scales');
  });

  it('is exact where only exact rules are left', async () => {
    const argv = ['fix', concat, '--verify', '--json', '--skip', 'unify-scales,remove-dangling-dequantize'];
    const { verify, verifyExact } = (await qdq(argv)).json();
    expect(verify).toMatchObject({ identical: true, allowed: ['exact'] });
    expect(verifyExact).toBeNull();
  });

  it('chooses the scale by policy', async () => {
    const scalesAfter = async (policy: string) => {
      const output = scratch(`unify-${policy}.onnx`);
      await qdq(['fix', concat, '--unify', policy, '-o', output]);
      const { pairs } = (await qdq(['inspect', output, '--json'])).json();
      return new Set(pairs.map(({ scale }: { scale: number }) => scale));
    };
    expect(await scalesAfter('max')).toEqual(new Set([0.5]));
    expect(await scalesAfter('none')).toEqual(new Set([0.5, 0.375]));
  });

  it('makes outputs int8 when asked, and verifies across the change of type', async () => {
    const output = scratch('int8.onnx');
    const { code, json } = await qdq(['fix', concat, '--int8-output', '--verify', '-o', output, '--json']);
    const { verify, rewrites } = json();
    expect(code).toBe(0);
    expect(rewrites.some(({ effect }: { effect: string }) => effect === 'interface')).toBe(true);
    expect(verify.outputs[0].dtype).toEqual({ before: 'float32', after: 'int8' });
    expect((await qdq(['inspect', output, '--json'])).json().outputs[0].dtype).toBe('int8');
  });

  it('reports groups it leaves alone, and joins them with a larger ratio', async () => {
    expect((await qdq(['fix', concat, '--max-ratio', '1.2'])).stdout).toMatch(
      /Left alone:\n {2}- unify-scales at/,
    );
    expect((await qdq(['fix', concat, '--max-ratio', '2'])).stdout).not.toContain('Left alone');
  });

  it('does not write over the model it reads, unless told to', async () => {
    const copy = modelFile('copy.onnx', 'main (float[2] x) => (float[2] y) { i = Identity (x) y = Neg (i) }');
    const link = scratch('link.onnx');
    symlinkSync(copy, link);
    for (const target of [copy, link]) {
      const { code, stderr } = await qdq(['fix', copy, '-o', target]);
      expect(code).toBe(2);
      expect(stderr).toContain('--in-place');
    }
    expect(decodeModel(readFileSync(copy)).graph.nodes).toHaveLength(2);
    expect((await qdq(['fix', copy, '--in-place'])).code).toBe(0);
    expect(decodeModel(readFileSync(copy)).graph.nodes).toHaveLength(1);
  });

  it('fails when the output cannot be written, and leaves nothing behind', async () => {
    const output = join(scratch('no-such-folder'), 'fixed.onnx');
    const { code, stderr } = await qdq(['fix', concat, '-o', output]);
    expect(code).toBe(2);
    expect(stderr).toContain(output);
    expect(existsSync(output)).toBe(false);
  });

  it.each([
    [['--target', 'tensorflow'], '--target has to be one of tensorrt'],
    [['--target'], '--target needs a value'],
    [['--target='], '--target needs a value'],
    [['--unify', 'min'], '--unify has to be one of max, consumer, none'],
    [['--only', 'remove-identiy'], 'Did you mean "remove-identity"'],
    [['--only', ','], '--only needs at least one name'],
    [
      ['--skip', 'nothing-like-it'],
      '--skip names "nothing-like-it", which is no rule or pass; there are remove-identity, ',
    ],
    [['--max-ratio', '0.5'], '--max-ratio has to be a number from 1'],
    [['--max-ratio', 'x'], '--max-ratio has to be a number from 1'],
    [['--in-place', '-o', 'other.onnx'], 'exclude each other'],
    [['--samples', '3'], 'need --verify'],
    [['--verify', '--samples', '0'], '--samples has to be a whole number from 1 to 1000'],
    [['--verify', '--samples', '1e2'], '--samples has to be a whole number'],
    [['--verify', '--seed=-1'], '--seed has to be a whole number from 0'],
    [['--verify', '--dim', 'N'], '--dim has to be NAME=LENGTH'],
    [['--verify', '--inputs', 'nowhere', '--seed', '1'], '--seed is for generated samples'],
    [['--verify', '--inputs', 'nowhere'], 'The folder "nowhere" cannot be read'],
    [['-o'], '-o needs a value'],
    [['-o', '--json'], '-o needs a value'],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr } = await qdq(['fix', concat, ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('scales', () => {
  it('gives the pairs of the recipe', async () => {
    const { pairs, groups } = (await qdq(['scales', yolo, '--policy', 'yolo-deepstream', '--json'])).json();
    expect(pairs).toHaveLength(31);
    expect(pairs).toContainEqual({ sub: 'model.6.conv', major: 'model.11.conv' });
    expect(pairs).toContainEqual({ sub: 'model.99.conv', major: 'model.101.conv' });
    expect(groups.length).toBeGreaterThan(0);
    expect((await qdq(['scales', yolo, '--policy', 'yolo-deepstream'])).stdout).toContain(
      '31 pairs, as the recipe lists them',
    );
  });

  it('lists groups with old and new scale', async () => {
    const { groups, pairs } = (await qdq(['scales', concat, '--json'])).json();
    expect(pairs).toEqual([]);
    expect(groups).toHaveLength(1);
    expect(groups[0]).toMatchObject({
      before: [0.375, 0.5],
      after: 0.5,
      reason: expect.stringContaining('Concat'),
    });
    expect(groups[0].members).toContainEqual({
      tensor: 'x',
      quantizer: 'p',
      scale: 0.375,
      after: 0.5,
      bitsLost: Math.log2(4 / 3),
    });
    const { stdout } = await qdq(['scales', concat]);
    expect(stdout).toContain('1 to unify (policy max)');
    expect(stdout).toMatch(/x +0\.375 +→ 0\.5 +0\.42 bits coarser/);
  });

  it('says which groups it leaves alone and why', async () => {
    const { stdout } = await qdq(['scales', concat, '--max-ratio', '1.2']);
    expect(stdout).toMatch(/left alone: the range of .* is 1\.3 times that of "x"; the limit is 1\.2/);
  });

  it('folds scales that are computed in the graph first', async () => {
    const computed = modelFile(
      'computed.onnx',
      `<ir_version: 8, opset_import: ["" : 17]>
       main (float[1, 1] x) => (float[1, 2] y) <float s = {0.5}, float t = {-0.25}, int8 z = {0}> {
         u = Abs (t)
         q = QuantizeLinear (x, s, z)  d = DequantizeLinear (q, s, z)
         p = QuantizeLinear (x, u, z)  e = DequantizeLinear (p, u, z)
         c = Concat <axis = 1> (d, e)
         f = QuantizeLinear (c, s, z)  y = DequantizeLinear (f, s, z)
       }`,
    );
    const facts = (await qdq(['scales', computed, '--json'])).json();
    expect(facts).toMatchObject({ folded: true, groups: [{ before: [0.25, 0.5] }] });
    expect((await qdq(['scales', computed])).stdout).toContain('told after folding constants');
  });

  it('has little to say about a float model', async () => {
    expect((await qdq(['scales', neg])).stdout).toBe('No quantizers have to share a scale.\n');
  });

  it('refuses an unknown policy', async () => {
    expect((await qdq(['scales', neg, '--policy', 'yolo-deepsteam'])).stderr).toContain(
      'Did you mean "yolo-deepstream"?',
    );
  });
});

describe('verify', () => {
  it('answers with its exit code', async () => {
    expect((await qdq(['verify', neg, neg])).code).toBe(0);
    expect((await qdq(['verify', neg, abs])).code).toBe(1);
  });

  it('gives the report as JSON, infinities as strings', async () => {
    const { json, code } = await qdq(['verify', neg, neg, '--json', '--samples', '2', '--seed', '9']);
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      equivalent: true,
      identical: true,
      samples: ['smooth', 'random'],
      seed: 9,
      outputs: [{ name: 'y', identical: true, sqnr: 'Infinity', maxDifference: 0 }],
    });
  });

  it('runs on the inputs of a folder, or of the folders in it', async () => {
    const positive = inputs('positive', [-1, -2]);
    expect((await qdq(['verify', neg, abs, '--inputs', positive])).code).toBe(0);
    const many = scratch('many');
    inputs('many/a', [-1, -2]);
    inputs('many/b', [1, -2]);
    const { code, json } = await qdq(['verify', neg, abs, '--inputs', many, '--json']);
    expect(code).toBe(1);
    expect(json()).toMatchObject({ samples: ['given', 'given'], firstDifference: { sample: 1 } });
  });

  it('allows effects, and a least SQNR', async () => {
    expect((await qdq(['verify', neg, abs, '--allow', 'exact,rounding', '--json'])).json().allowed).toEqual([
      'exact',
      'rounding',
    ]);
    const one = modelFile(
      'one.onnx',
      'main (float[2] x) => (float[2] y) <float[1] c = {1.01}> { y = Mul (x, c) }',
    );
    const same = modelFile(
      'same.onnx',
      'main (float[2] x) => (float[2] y) <float[1] c = {1}> { y = Mul (x, c) }',
    );
    // A gain of 1.01 is noise 40 dB below the signal.
    expect((await qdq(['verify', same, one, '--min-sqnr', '39'])).code).toBe(0);
    expect((await qdq(['verify', same, one, '--min-sqnr', '41'])).code).toBe(1);
  });

  it('takes lengths for symbolic dimensions', async () => {
    const open = modelFile('open.onnx', 'main (float[N] x) => (float[N] y) { y = Neg (x) }');
    const { outputs } = (
      await qdq(['verify', open, open, '--dim', 'N=7', '--samples', '1', '--json'])
    ).json();
    expect(outputs[0].elements).toBe(7);
  });

  it.each([
    [['--allow', 'roundin'], 'Did you mean "rounding"?'],
    [['--min-sqnr', 'high'], '--min-sqnr has to be a whole number'],
    [['--inputs', inputs('empty')], 'holds no input_0.pb'],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr } = await qdq(['verify', neg, neg, ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('fails with a sentence when the model cannot be run', async () => {
    const custom = modelFile('custom.onnx', 'main (float[2] x) => (float[2] y) { y = my.Thing (x) }');
    const { code, stderr } = await qdq(['verify', custom, custom]);
    expect(code).toBe(2);
    expect(stderr).toContain('[unsupported-operator]');
  });
});

describe('run', () => {
  const sub = modelFile(
    'sub.onnx',
    'main (float[2] w, float[2] a, float[2] b) => (float[2] y, float[2] z) <float[2] w = {10, 10}> { y = Sub (a, b) z = Add (a, w) }',
  );

  it('feeds inputs by position, those with an initializer left out, and writes outputs by position', async () => {
    const folder = inputs('run', [5, 7], [1, 2]);
    const output = scratch('results/deep');
    const { code, json, stderr } = await qdq(['run', sub, '--inputs', folder, '-o', output, '--json']);
    expect(code).toBe(0);
    const read = (i: number) => decodeTensor(readFileSync(join(output, `output_${i}.pb`)));
    expect([...read(0).toTypedArray()]).toEqual([4, 5]);
    expect([...read(1).toTypedArray()]).toEqual([15, 17]);
    expect([read(0).name, read(1).name]).toEqual(['y', 'z']);
    expect(json().outputs[0]).toEqual({
      name: 'y',
      dtype: 'float32',
      dims: [2],
      min: 4,
      max: 5,
      mean: 4.5,
      file: join(output, 'output_0.pb'),
    });
    expect(stderr).toContain('wrote');
  });

  it('compares with outputs recorded beside the inputs', async () => {
    const folder = inputs('recorded', [5, 7], [1, 2]);
    writeFileSync(join(folder, 'output_0.pb'), encodeTensor(tensor('float32', [2], [4, 6])));
    writeFileSync(join(folder, 'output_1.pb'), encodeTensor(tensor('float32', [1, 2], [15, 17])));
    const { outputs } = (await qdq(['run', sub, '--inputs', folder, '--json'])).json();
    expect(outputs[0].maxDifference).toBe(1);
    expect(outputs[0].sqnr).toBeCloseTo(10 * Math.log10(52), 10);
    expect(outputs[1].note).toBe('the recorded output is float32[1,2]');
    expect((await qdq(['run', sub, '--inputs', folder])).stdout).toContain('SQNR dB against the recorded');
  });

  it('needs every input', async () => {
    const { code, stderr } = await qdq(['run', sub, '--inputs', inputs('half', [5, 7])]);
    expect(code).toBe(2);
    expect(stderr).toContain('input_1.pb');
    expect((await qdq(['run', sub])).stderr).toContain('[missing-input]');
  });

  it('runs a model without inputs', async () => {
    const constant = modelFile('constant.onnx', 'main () => (float[1] y) <float[1] c = {2}> { y = Neg (c) }');
    expect((await qdq(['run', constant, '--json'])).json().outputs[0]).toMatchObject({ min: -2 });
  });

  it('names the file of a damaged tensor', async () => {
    const folder = scratch('damaged');
    mkdirSync(folder);
    writeFileSync(join(folder, 'input_0.pb'), Uint8Array.of(8, 1, 0xff));
    expect((await qdq(['run', neg, '--inputs', folder])).stderr).toContain(`${folder}/input_0.pb`);
  });

  it('gives empty and string outputs', async () => {
    const odd = modelFile(
      'strings.onnx',
      'main () => (string[1] y, float[0] z) <string[1] c = {"a"}, float[0] e = {}> { y = Identity (c) z = Neg (e) }',
    );
    const { outputs } = (await qdq(['run', odd, '--json'])).json();
    expect(outputs).toEqual([
      { name: 'y', dtype: 'string', dims: [1] },
      { name: 'z', dtype: 'float32', dims: [0] },
    ]);
  });
});

describe('diff', () => {
  it('says nothing about a model and itself', async () => {
    const { code, stdout } = await qdq(['diff', neg, neg]);
    expect([code, stdout]).toEqual([0, 'The models are identical.\n']);
  });

  it('tells nodes that came and went', async () => {
    const { code, stdout } = await qdq(['diff', neg, abs]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/- y = Neg \(x\)\n.*\+ y = Abs \(x\)/);
    const { nodes, identical } = (await qdq(['diff', neg, abs, '--json'])).json();
    expect(identical).toBe(false);
    expect(nodes.removed).toEqual([
      { opType: 'Neg', domain: '', inputs: ['x'], outputs: ['y'], text: 'y = Neg (x)' },
    ]);
    expect(nodes.added[0]).toMatchObject({ opType: 'Abs' });
  });

  it('tells constants and interfaces that changed', async () => {
    const before = modelFile(
      'w1.onnx',
      'main (float[2] x) => (float[2] y) <float[1] c = {1}> { y = Mul (x, c) }',
    );
    const after = modelFile(
      'w2.onnx',
      'main (float[N] x) => (float[N] y) <float[1] c = {3}> { y = Mul (x, c) }',
    );
    const found = (await qdq(['diff', before, after, '--json'])).json();
    expect(found.initializers.changed[0]).toMatchObject({ name: 'c', largestDifference: 2 });
    expect(found.inputs.changed[0]).toEqual({ name: 'x', before: 'float[2]', after: 'float[N]' });
  });
});

describe('rules', () => {
  it('lists every rule and pass with its effect', async () => {
    const { rules } = (await qdq(['rules', '--json'])).json();
    const names = rules.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['fold-constants', 'unify-scales', 'remove-dangling-dequantize-int8']),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const rule of rules) {
      expect(rule.summary).not.toBe('');
      expect(['exact', 'rounding', 'closer', 'scale', 'interface']).toContain(rule.effect);
    }
    const { stdout } = await qdq(['rules']);
    for (const name of names) expect(stdout).toContain(name);
  });

  it('explains one', async () => {
    const { stdout } = await qdq(['rules', 'unify-scales']);
    expect(stdout).toContain('unify-scales (pass)');
    expect(stdout).toMatch(/effect +scale/);
  });

  it('refuses a name there is not', async () => {
    const { code, stderr } = await qdq(['rules', 'unify-scale']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "unify-scales"?');
  });
});
