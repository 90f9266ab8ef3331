import { describe, expect, it } from 'vitest';
import { type DataType, tensor } from '../../src/ir/index.ts';
import { findSchema } from '../../src/ops/index.ts';
import { wordsOf } from '../../src/runtime/attribute-words.ts';
import {
  compile,
  type ExecuteOptions,
  executeValues,
  type Inputs,
  supportedOperators,
} from '../../src/runtime/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { ModelError } from '../../src/support/errors.ts';

/** What a model or its inputs have wrong is told as an error that names the node; nothing is made up. */

const modelOf = (text: string, opset = 21) =>
  parseModel(`<ir_version: 10, opset_import: ["" : ${opset}, "com.microsoft" : 1]> ${text}`);
const of = (dtype: DataType, dims: readonly number[], ...values: number[]) => tensor(dtype, dims, values);

function errorOf(work: () => unknown): ModelError {
  try {
    work();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function refusal(text: string, inputs: Inputs, options?: ExecuteOptions): [string, string | undefined] {
  const { code, at } = errorOf(() => executeValues(modelOf(text), inputs, options));
  return [code, at];
}

describe('before anything runs', () => {
  const compiled = (text: string, opset?: number) => {
    const { code, at, message } = errorOf(() => compile(modelOf(text, opset)));
    return { code, at, message };
  };

  it('operators, versions and element types that cannot be run are named', () => {
    expect(compiled('g (float[2] x) => (y) { y = com.microsoft.Magic (x) }')).toMatchObject({
      code: 'unsupported-operator',
      at: 'g/y',
      message: expect.stringContaining('com.microsoft::Magic'),
    });
    expect(compiled('g (float[2] x) => (y) { y = Neg (x) }', 99)).toMatchObject({
      code: 'unsupported-version',
      message: expect.stringContaining('Neg of opset 99'),
    });
    expect(compiled('g (string[2] x) => (y) { y = Neg (x) }')).toMatchObject({
      code: 'unsupported-dtype',
      message: expect.stringContaining('is string'),
    });
  });

  it.each([
    ['Conv <auto_pad = "SAME"> (x, x)', 'Conv has no auto_pad "SAME"'],
    ['Relu <alpha = 0.5> (x)', 'Relu of version 14 has no attribute "alpha"'],
    ['Pad <mode = "mirror"> (x, p)', 'Pad has no mode "mirror"'],
    ['Resize <mode = "bilinear"> (x, "", s)', 'Resize has no mode "bilinear"'],
    ['ai.onnx.preview.training.Momentum <mode = "fast"> (one, n, s, s, s)', 'Momentum has no mode "fast"'],
    ['ai.onnx.ml.Normalizer <norm = "L3"> (s)', 'Normalizer has no norm "L3"'],
    [
      'com.microsoft.QLinearAveragePool <kernel_shape = [2], channels_last = 1> (q, one, z, one, z)',
      'channels_last=0',
    ],
  ])('attributes that cannot be run are named: %s', (call, sentence) => {
    const error = compiled(`g (float[1,2,4] x, uint8[1,2,4] q) => (y)
      <int64 n = {0}, int64[6] p = {0, 0, 0, 0, 1, 1}, float[2] s = {1, 1}, float one = {1}, uint8 z = {0}> { y = ${call} }`);
    expect([error.code, error.at]).toEqual(['unsupported-attribute', 'g/y']);
    expect(error.message).toContain(sentence);
  });

  it('training is named where it had another form, or is not on', () => {
    const more = 'g (float[1,2,4] x, float[2] s) => (m) { y, m, v = BatchNormalization (x, s, s, s, s) }';
    expect(compiled(more, 15).message).toBe('BatchNormalization has one output unless it trains.');
    expect(compiled(more, 9).message).toContain('inference only before version 14');
    const text = 'g (float[1,2,4] x, float[2] s) => (y) { y = BatchNormalization (x, s, s, s, s) }';
    expect(compiled(text, 6)).toMatchObject({ code: 'unsupported-attribute', at: 'g/y' });
    expect(() => compile(modelOf(text, 7))).not.toThrow();
  });

  it('every attribute that is a word is checked, or may be any text', () => {
    const texts = new Set(
      'Cast.to Constant.value_string Constant.value_strings Einsum.equation RegexFullMatch.pattern StringNormalizer.locale StringNormalizer.stopwords StringSplit.delimiter TfIdfVectorizer.pool_strings'.split(
        ' ',
      ),
    );
    for (const { domain, opType, versions } of supportedOperators()) {
      for (const version of versions) {
        for (const { name, type } of findSchema(domain, opType, version)?.attributes.values() ?? []) {
          if (type !== 'STRING' && type !== 'STRINGS') continue;
          expect(wordsOf(opType, name) !== undefined, `${opType}.${name}`).toBe(
            !texts.has(`${opType}.${name}`),
          );
        }
      }
    }
  });

  it('constants that cannot be computed are told when a session is made', () => {
    const text =
      'g (float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[3] b = {1, 2, 3}> { c = Add (a, b)  y = Mul (x, c) }';
    expect(compiled(text)).toMatchObject({ code: 'shape-mismatch', at: 'g/c' });
  });

  it('conventions that do not exist are told', () => {
    const model = modelOf('g (float[2] x) => (y) { y = Neg (x) }');
    expect(errorOf(() => compile(model, { rounding: 'up' as never })).code).toBe('bad-option');
    expect(errorOf(() => compile(model, { sums: 'exact' as never })).code).toBe('bad-option');
    expect(errorOf(() => compile(model, { overflow: 'clamp' as never })).code).toBe('bad-option');
  });
});

describe('while it runs', () => {
  const x = of('float32', [2], 1, -2);

  it.each([
    ['QuantizeLinear (x, s, z)'],
    ['DequantizeLinear (q, s, z)'],
    ['DequantizeLinear <axis = 0> (q, sq, zq)'],
    ['QLinearMatMul (m, s, z, m, s, z, s, z)'],
    ['QLinearConv (i, s, z, i, s, z, s, z)'],
    ['com.microsoft.QLinearAdd (q, s, z, q, s, z, s, z)'],
    ['com.microsoft.QLinearConcat <axis = 0> (s, z, q, s, z, q, s, z)'],
    ['com.microsoft.QLinearSigmoid (q, s, z, s, z)'],
  ])('a scale that is NaN is told: %s', (call) => {
    const text = `g (float[2] x, float s, float[2] sq) => (y)
      <uint8 z = {0}, uint8[2] zq = {0, 0}, uint8[2] q = {1, 2}, uint8[2,2] m = {1, 2, 3, 4}, uint8[1,1,2,2] i = {1, 2, 3, 4}> { y = ${call} }`;
    const inputs = (scale: number) =>
      [
        ['x', x],
        ['s', of('float32', [], scale)],
        ['sq', of('float32', [2], 1, scale)],
      ] as const;
    expect(refusal(text, inputs(NaN))).toEqual(['bad-scale', 'g/y']);
    expect(() => executeValues(modelOf(text), inputs(0.5))).not.toThrow();
  });

  it.each([
    ['ArgMax <axis = 0> (e)', 'empty-axis'],
    ['Gather <axis = 0> (e, zero)', 'index-out-of-range'],
    ['TopK <axis = 0> (e, one)', 'shape-mismatch'],
    ['Pad <mode = "edge"> (e, p)', 'shape-mismatch'],
    ['Reshape (e, one)', 'shape-mismatch'],
  ])('arrays without elements that have no answer: %s', (call, code) => {
    const text = `g (float[N,3] e) => (y) <int64 zero = {0}, int64[1] one = {1}, int64[4] p = {1, 0, 0, 0}> { y = ${call} }`;
    expect(refusal(text, [['e', of('float32', [0, 3])]])).toEqual([code, 'g/y']);
  });

  it.each([
    ['Tile (x, r)', [2 ** 40], 'memory-limit'],
    ['Expand (x, r)', [2 ** 40, 2 ** 40, 1], 'dims-overflow'],
    ['ConstantOfShape (r)', [2 ** 30, 2 ** 30], 'dims-overflow'],
    ['ConstantOfShape (r)', [2 ** 20, 2 ** 20], 'memory-limit'],
    ['ConstantOfShape (r)', [-1], 'negative-dimension'],
    ['Pad (x, r)', [2 ** 40, 0], 'memory-limit'],
    ['Pad (x, r)', [-3, 0], 'negative-dimension'],
    ['Resize (x, "", "", r)', [2 ** 40], 'memory-limit'],
    ['Reshape (x, r)', [2 ** 40, 2 ** 40], 'shape-mismatch'],
  ])('dims beyond every measure: %s of %s', (call, r, code) => {
    const text = `g (float[2] x, int64[R] r) => (y) { y = ${call} }`;
    expect(
      refusal(text, [
        ['x', x],
        ['r', of('int64', [r.length], ...r)],
      ]),
    ).toEqual([code, 'g/y']);
  });

  it('what a loop collects counts against the limit, what it has used does not', () => {
    const loop = (kept: string) => `g (float[1000] x, int64 n) => (y) <bool go = {1}> {
      last, all = Loop (n, go, x) <body = b (int64 i, bool c, float[1000] v) => (bool c2, float[1000] w, float[N] s) {
        c2 = Identity (c)  w = Neg (v)  s = ${kept}
      }>
      y = Identity (last) }`;
    const inputs = [
      ['x', tensor('float32', [1000], new Float32Array(1000))],
      ['n', of('int64', [], 100)],
    ] as const;
    const limits = { memory: 100_000 };
    expect(refusal(loop('Abs (v)'), inputs, { limits })).toEqual(['memory-limit', 'g/last/b/s']);
    expect(() => executeValues(modelOf(loop('ReduceSum (v)')), inputs, { limits })).not.toThrow();
  });

  it('a loop that never ends is stopped', () => {
    const text = `g (float x) => (y) <bool go = {1}> {
      y = Loop ("", go, x) <body = b (int64 i, bool c, float v) => (bool c2, float w) { c2 = Identity (c)  w = Neg (v) }>
    }`;
    expect(refusal(text, [['x', of('float32', [], 1)]], { limits: { iterations: 50 } })).toEqual([
      'endless-loop',
      'g/y',
    ]);
  });

  it('a signal stops it between nodes, inside a loop and inside a function', () => {
    const model = parseModel(`<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float x) => (float y) <bool go = {1}> {
        y = Loop ("", go, x) <body = b (int64 i, bool c, float v) => (bool c2, float w) { c2 = Identity (c)  w = own.Flip (v) }>
      }
      <domain: "own", opset_import: ["" : 21]>
      Flip (v) => (w) { a = Neg (v)  w = Neg (a) }`);
    const places = [1, 2, 3, 6, 8].map((looks) => {
      let seen = 0;
      const signal = {
        get aborted() {
          return ++seen >= looks;
        },
      };
      const error = errorOf(() => compile(model).run([['x', of('float32', [], 1)]], { signal }));
      expect(error.code).toBe('aborted');
      return error.at;
    });
    expect(places).toEqual(['g/y', 'g/y', 'g/y/b/c2', 'g/y/b/w/a', 'g/y']);
  });
});
