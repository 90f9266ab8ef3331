import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { model } from '../../src/serde/index.ts';
import { printVerify, type VerifyOptions, verify } from '../../src/verify/index.ts';

const qdq = (scale = '0.5', extra = '') => model`
  main (float[4] x) => (float[4] y)
  <float s = {${scale}}, int8 z = {0}> {
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    ${extra}
    y = Mul (d, d)
  }`;

const add = (constant: string) => model`
  main (float[3] x) => (float[3] y) <float[1] c = {${constant}}> {
    h = Neg (x)
    y = Add (h, c)
  }`;

const given = (values: readonly number[]): VerifyOptions => ({
  inputs: [new Map<string, Tensor>([['x', tensor('float32', [values.length], values)]])],
});

describe('verify', () => {
  it('calls a model identical to itself', () => {
    const report = verify(qdq(), qdq());
    expect(report).toMatchObject({ identical: true, equivalent: true, findings: [], seed: 1 });
    expect(report.samples).toEqual(['smooth', 'random', 'ties', 'extreme']);
    expect(report.outputs[0]).toMatchObject({
      name: 'y',
      different: 0,
      elements: 16,
      sqnr: Infinity,
      cosine: 1,
    });
  });

  describe('of models with a plugin', () => {
    const plugin = (constant: string, behind = 'Neg (b)') => model`
      <ir_version: 8, opset_import: ["" : 17, "my" : 1]>
      main (float[3] x) => (float[3] y, float[3] e) <float c = {${constant}}, float k = {2}> {
        a = Add (x, c)
        e = Relu (a)
        b = my.Plugin <mode = 1> (a, k)
        y = ${behind}
      }`;

    it('compares what the plugin reads, and says so', () => {
      const report = verify(plugin('1'), plugin('1'));
      expect(report).toMatchObject({ identical: true, equivalent: true });
      expect(report.outputs.map(({ name }) => name)).toEqual(['e', 'b (input 0)']);
      expect(report.notChecked[0]).toBe(
        '"y": main/b cannot be run: my::Plugin is no operator this library can run. What the 2 nodes from there on read was compared instead; they are the same as before',
      );
      const other = verify(plugin('1'), plugin('1.5'), given([-3, -3, -3]));
      expect(other.outputs.map(({ name, within }) => [name, within])).toEqual([
        ['e', true],
        ['b (input 0)', false],
      ]);
    });

    it('vouches for nothing where a node behind it has changed', () => {
      const report = verify(plugin('1'), plugin('1', 'Abs (b)'));
      expect(report.equivalent).toBe(false);
      expect(report.findings).toMatchObject([{ code: 'cannot-run', at: 'y', allowed: false }]);
      expect(verify(plugin('1'), plugin('1', 'Neg (e)')).equivalent).toBe(false);
    });

    it('follows a value that has another name now', () => {
      const renamed = model`
        <ir_version: 8, opset_import: ["" : 17, "my" : 1]>
        main (float[3] x) => (float[3] y, float[3] e) <float c = {1}, float k = {2}> {
          a1 = Add (c, x)
          e = Relu (a1)
          b = my.Plugin <mode = 1> (a1, k)
          y = Neg (b)
        }`;
      expect(verify(plugin('1'), renamed).identical).toBe(true);
      expect(verify(plugin('1'), plugin('1', 'Neg (b)')).identical).toBe(true);
    });

    it('takes what a damaged model lacks for damage, not for a plugin', () => {
      const cut = model`main (float[3] x) => (float[3] y) { y = Add (x, gone) }`;
      expect(() => verify(cut, cut)).toThrow(/Nothing makes the value "gone"/);
    });
  });

  it('is strict: one float32 step apart is not equivalent', () => {
    const report = verify(add('1'), add('1.0000001'), given([0, 5, -5]));
    expect(report.equivalent).toBe(false);
    // 1 and 1 + 2^-23 differ at x = 0; at ±5 the sum's steps are 2^-21 and the difference rounds away.
    expect(report.outputs[0]).toMatchObject({ different: 1, maxDifference: 2 ** -23, elements: 3 });
  });

  it('passes that difference where rounding is allowed', () => {
    const report = verify(add('1'), add('1.0000001'), { ...given([0, 5, -5]), allow: 'rounding' });
    expect(report).toMatchObject({ equivalent: true, identical: false, allowed: ['rounding'] });
  });

  it('measures differences, noise, cosine and means as defined', () => {
    const report = verify(add('0'), add('1'), { ...given([1, 2, 2]) });
    // before (-1, -2, -2), after (0, -1, -1): noise 3, signal 9, dot 4, |before| 3, |after| √2
    expect(report.outputs[0]).toMatchObject({
      maxDifference: 1,
      relative: 0.5,
      different: 3,
      worstSample: 0,
    });
    expect(report.outputs[0]!.sqnr).toBeCloseTo(10 * Math.log10(3), 12);
    expect(report.outputs[0]!.cosine).toBeCloseTo(4 / (3 * Math.SQRT2), 12);
    expect(report.outputs[0]!.mean).toEqual({ before: -5 / 3, after: -2 / 3 });
  });

  it('finds the first value where the models part, though later ones differ as well', () => {
    const before = model`main (float[2] x) => (float[2] y) { a = Neg (x) b = Abs (a) y = Exp (b) }`;
    const after = model`main (float[2] x) => (float[2] y) { a = Neg (x) b = Relu (a) y = Exp (b) }`;
    const report = verify(before, after, given([1, -2]));
    expect(report.firstDifference).toMatchObject({
      value: 'b',
      sample: 0,
      madeBy: { before: 'Abs', after: 'Relu' },
      element: { index: [0], before: 1, after: 0 },
      difference: { different: 1, elements: 2, maxDifference: 1 },
    });
  });

  it('names a first difference of shape or type without measuring it', () => {
    const before = model`main (float[4] x) => (float[4] y)
      <int64[2] s = {2, 2}, int64[1] t = {4}> { h = Reshape (x, s) y = Reshape (h, t) }`;
    const after = model`main (float[4] x) => (float[4] y)
      <int64[2] s = {4, 1}, int64[1] t = {4}> { h = Reshape (x, s) g = Neg (h) y = Reshape (g, t) }`;
    const { firstDifference } = verify(before, after);
    expect(firstDifference).toMatchObject({ value: 'h', dims: { before: [2, 2], after: [4, 1] } });
    expect(firstDifference?.difference).toBeUndefined();
  });

  it('counts quanta of the quantizer an output lies on', () => {
    const grid = (bias: string) => model`main (float[3] x) => (float[3] y)
      <float s = {0.25}, int8 z = {0}, float b = {${bias}}> {
        h = Add (x, b)
        q = QuantizeLinear (h, s, z)
        d = DequantizeLinear (q, s, z)
        y = Identity (d)
      }`;
    const report = verify(grid('0'), grid('0.5'), { ...given([0, 0.25, 1]), allow: 'rounding' });
    expect(report.outputs[0]).toMatchObject({ quantum: 0.25, quanta: 2, within: false });
    expect(verify(grid('0'), grid('0.25'), { ...given([0, 1, 2]), allow: 'rounding' }).equivalent).toBe(true);
  });

  it('gives 0 and -0 different bits, and NaN one value', () => {
    const zero = model`main (float[1] x) => (float[1] y) { y = Abs (x) }`;
    const same = model`main (float[1] x) => (float[1] y) { y = Identity (x) }`;
    expect(verify(zero, same, given([-0]))).toMatchObject({ identical: false, equivalent: false });
    const log = model`main (float[1] x) => (float[1] y) { y = Log (x) }`;
    const root = model`main (float[1] x) => (float[1] y) { y = Sqrt (x) }`;
    expect(verify(log, root, given([-1])).identical).toBe(true);
  });

  it('does not let a NaN or an infinity pass for a small difference', () => {
    const log = model`main (float[2] x) => (float[2] y) { y = Log (x) }`;
    const one = model`main (float[2] x) => (float[2] y) <float[2] c = {0, 0}> { y = Mul (x, c) }`;
    const report = verify(log, one, { ...given([1, 0]), allow: 'scale' });
    expect(report.equivalent).toBe(false);
    expect(report.outputs[0]).toMatchObject({ maxDifference: Infinity, sqnr: -Infinity, cosine: 0 });
  });

  it('compares empty outputs', () => {
    const empty = model`main (float[0] x) => (float[0] y) { y = Neg (x) }`;
    expect(verify(empty, empty).outputs[0]).toMatchObject({ identical: true, elements: 0, sqnr: Infinity });
  });

  it('judges by a tolerance of the caller alone', () => {
    const half = given([0, 0, 0]);
    const far = verify(add('0'), add('0.5'), { ...half, tolerance: { maxDifference: 0.4 } });
    const near = verify(add('0'), add('0.5'), { ...half, tolerance: { maxDifference: 0.5 } });
    expect([far.equivalent, near.equivalent]).toEqual([false, true]);
  });

  it('holds an output without a quantizer to equality when only quanta are allowed', () => {
    expect(verify(add('0'), add('0.5'), { ...given([0, 0, 0]), tolerance: { quanta: 100 } }).equivalent).toBe(
      false,
    );
  });

  it('uses given inputs and says that it saw no others', () => {
    const report = verify(qdq(), qdq(), given([1, 2, 3, 4]));
    expect(report).toMatchObject({ samples: ['given'], identical: true });
    expect(report.seed).toBeUndefined();
    expect(report.notChecked).toContain('only one sample (given) was run; others may differ');
  });

  it('says what it assumed', () => {
    const open = model`main (float[N, 2] x, float[M] c) => (float[N, 2] y) <float[1] c = {1}> { y = Add (x, c) }`;
    const { notChecked } = verify(open, open);
    expect(notChecked).toContain('dimension "N" of "x" taken as 1');
    expect(notChecked).toContain('input "c" keeps its initializer');
    expect(notChecked.join()).toMatch(/integer execution/);
    const { outputs, notChecked: less } = verify(open, open, { dims: new Map([['N', 3]]), samples: 1 });
    expect(outputs[0]!.elements).toBe(6);
    expect(less.join()).not.toMatch(/taken as 1/);
  });

  it('catches a quantizer that rounds halves away from even, which random values alone do not', () => {
    const truth = model`main (float[64] x) => (float[64] y) <float s = {0.1}, int8 z = {0}> {
      q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z) }`;
    // floor(x / s + 0.5): the same but on ties.
    const away = model`main (float[64] x) => (float[64] y)
      <float s = {0.1}, float half = {0.5}, float low = {-128}, float high = {127}> {
        a = Div (x, s) b = Add (a, half) c = Floor (b) d = Clip (c, low, high) y = Mul (d, s) }`;
    expect(verify(truth, away, { kinds: ['random'], allow: 'rounding' }).outputs[0]!.maxDifference).toBe(0);
    expect(verify(truth, away, { kinds: ['ties'] }).outputs[0]!.quanta).toBeCloseTo(1, 5);
  });

  it('is deterministic, and another seed draws other values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const options = { seed, samples: 3 };
        expect(verify(qdq(), qdq('0.25'), options)).toEqual(verify(qdq(), qdq('0.25'), options));
      }),
      { numRuns: 20 },
    );
    const mean = (seed: number) => verify(qdq(), qdq(), { seed, samples: 1 }).outputs[0]!.mean!.before;
    expect(mean(1)).not.toBe(mean(2));
  });
});

describe('verify, where the interface changed', () => {
  const float = model`main (float[6] x) => (float[6] y) <float s = {0.5}, int8 z = {3}> {
    q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z) }`;

  it('dequantizes an output that stays quantized, and says so', () => {
    const int8 = model`main (float[6] x) => (int8[6] y) <float s = {0.5}, int8 z = {3}> {
      y = QuantizeLinear (x, s, z) }`;
    const strict = verify(float, int8);
    expect(strict.equivalent).toBe(false);
    expect(strict.findings).toEqual([
      {
        code: 'output-type-changed',
        at: 'y',
        message: 'Output "y" was float32 and is int8.',
        allowed: false,
      },
    ]);
    const open = verify(float, int8, { allow: 'interface' });
    expect(open).toMatchObject({ equivalent: true, identical: false });
    expect(open.outputs[0]).toMatchObject({
      identical: true,
      note: 'after dequantized with scale 0.5, zero point 3 (int8)',
      dtype: { before: 'float32', after: 'int8' },
    });
    expect(verify(int8, float, { allow: 'interface' }).equivalent).toBe(true);
  });

  it('tells an int8 output on another scale from the right one', () => {
    const wrong = model`main (float[6] x) => (int8[6] y) <float s = {0.25}, int8 z = {3}> {
      y = QuantizeLinear (x, s, z) }`;
    expect(verify(float, wrong, { allow: 'interface' })).toMatchObject({ equivalent: false });
  });

  it('compares the values, not the codes, when the scale of an int8 output changed', () => {
    const scaled = (
      scale: string,
    ) => model`main (float[2] x) => (int8[2] y) <float s = {${scale}}, int8 z = {0}> {
      y = QuantizeLinear (x, s, z) }`;
    const report = verify(scaled('0.5'), scaled('1.0'), { ...given([4, 8]), allow: 'interface' });
    expect(report.findings[0]).toMatchObject({ code: 'output-scale-changed', allowed: true });
    expect(report.outputs[0]!.identical).toBe(true);
  });

  it('dequantizes per channel', () => {
    const float = model`main (float[2,3] x) => (float[2,3] y) <float[2] s = {0.5, 0.25}, int8[2] z = {1, 2}> {
      q = QuantizeLinear <axis = 0> (x, s, z) y = DequantizeLinear <axis = 0> (q, s, z) }`;
    const int8 = model`main (float[2,3] x) => (int8[2,3] y) <float[2] s = {0.5, 0.25}, int8[2] z = {1, 2}> {
      y = QuantizeLinear <axis = 0> (x, s, z) }`;
    expect(verify(float, int8, { allow: 'interface' }).equivalent).toBe(true);
  });

  it('feeds a quantized input with the scale that reads it', () => {
    const int8 = model`main (int8[6] x) => (float[6] y) <float s = {0.5}, int8 z = {3}> {
      y = DequantizeLinear (x, s, z) }`;
    const report = verify(float, int8, { allow: 'interface' });
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0]).toMatchObject({ code: 'input-type-changed', at: 'x', allowed: true });
    expect(report).toMatchObject({ equivalent: true });
    expect(verify(int8, float, { allow: 'interface' }).equivalent).toBe(true);
  });

  it('runs nothing when an input changed its type and no scale is known', () => {
    const before = model`main (float[1] x) => (float[1] y) { y = Neg (x) }`;
    const after = model`main (int32[1] x) => (int32[1] y) { y = Neg (x) }`;
    const report = verify(before, after, { allow: 'interface' });
    expect(report.equivalent).toBe(false);
    expect(report.outputs[0]!.within).toBe(false);
    expect(report.notChecked.join()).toMatch(/nothing was run/);
  });

  it('joins renamed inputs and outputs by position, as findings', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const after = model`main (float[2] in) => (float[2] out) { out = Neg (in) }`;
    const report = verify(before, after);
    expect(report.findings.map(({ code }) => code)).toEqual(['input-renamed', 'output-renamed']);
    expect(report.outputs[0]).toMatchObject({ name: 'y', nameAfter: 'out', identical: true });
    expect(report.equivalent).toBe(false);
  });

  it('reports missing, added and moved outputs', () => {
    const before = model`main (float[2] x) => (float[2] a, float[2] b, float[2] c) { a = Neg (x) b = Abs (x) c = Exp (x) }`;
    const after = model`main (float[2] x) => (float[2] b, float[2] a) { a = Neg (x) b = Abs (x) }`;
    const codes = (report: ReturnType<typeof verify>) =>
      report.findings.map(({ code, at }) => `${code} ${at}`);
    expect(codes(verify(before, after))).toEqual(['output-moved a', 'output-moved b', 'output-missing c']);
    expect(codes(verify(after, before))).toContain('output-added c');
    expect(verify(before, after).outputs[2]).toMatchObject({ name: 'c', within: false });
  });

  it('reports an output of another shape', () => {
    const before = model`main (float[2] x) => (float y) { y = Neg (x) }`;
    const after = model`main (float[2] x) => (float y) <int64[1] a = {0}> { h = Neg (x) y = Unsqueeze (h, a) }`;
    expect(verify(before, after).findings[0]).toMatchObject({
      code: 'output-shape-changed',
      message: 'Output "y" was [2] and is [1,2].',
    });
  });

  it('cannot feed an input that is new', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const after = model`main (float[2] x, float[2] k) => (float[2] y) { y = Add (x, k) }`;
    expect(verify(before, after).findings[0]).toMatchObject({ code: 'input-added', at: 'k' });
    expect(verify(after, before).findings[0]).toMatchObject({ code: 'input-missing', at: 'k' });
  });
});

describe('verify, where something cannot be run', () => {
  it('throws why nothing of the model before can be run', () => {
    const custom = model`main (float[2] x) => (float[2] y) { y = my.domain.Thing (x) }`;
    expect(() => verify(custom, custom)).toThrowError(
      expect.objectContaining({ code: 'unsupported-operator' }),
    );
  });

  it('makes it a finding when only the model after fails', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const after = model`main (float[2] x) => (float[2] y) { y = my.domain.Thing (x) }`;
    const report = verify(before, after, { samples: 2 });
    expect(report.equivalent).toBe(false);
    expect(report.findings.map(({ code }) => code)).toEqual(['cannot-run']);
  });

  it.each([
    ['string', model`main (string[2] x) => (string[2] y) { y = Identity (x) }`],
    ['undeclared', model`main (x) => (y) { y = Neg (x) }`],
  ])('throws for inputs it cannot make up: %s', (_, bad) => {
    expect(() => verify(bad, bad)).toThrowError(expect.objectContaining({ code: 'cannot-generate-input' }));
  });

  it.each<[string, VerifyOptions]>([
    ['samples', { samples: 0 }],
    ['samples', { samples: 1.5 }],
    ['seed', { seed: -1 }],
    ['seed', { seed: Number.NaN }],
    ['kinds', { kinds: [] }],
    ['kinds', { kinds: ['wild' as 'random'] }],
    ['inputs', { inputs: [] }],
    ['dims', { dims: new Map([['N', -1]]) }],
  ])('refuses a bad option: %s', (name, options) => {
    const call = () => verify(qdq(), qdq(), options);
    expect(call).toThrowError(expect.objectContaining({ code: 'bad-option' }));
    expect(call).toThrowError(new RegExp(`"${name}"`));
  });

  it('refuses an effect class that does not exist', () => {
    expect(() => verify(qdq(), qdq(), { allow: 'fuzzy' as 'exact' })).toThrowError(
      expect.objectContaining({ code: 'unknown-effect' }),
    );
  });

  it('stops when its signal says so', () => {
    expect(() => verify(qdq(), qdq(), { signal: { aborted: true } })).toThrowError(
      expect.objectContaining({ code: 'aborted' }),
    );
  });
});

describe('printVerify', () => {
  it('shows the verdict, a table, the first difference and what was not checked', () => {
    const report = verify(add('0'), add('0.5'), { ...given([1, 2, 3]), allow: 'rounding' });
    expect(`\n${printVerify(report)}`).toMatchInlineSnapshot(`
      "
      NOT equivalent on 1 sample; allowed: rounding (difference at most 0.00001 of the largest value, or at most 1 quantum, or SQNR at least 35 dB, or at most 0.5 dB farther from the network without rounding and cosine at least 0.9)

      output  verdict  differ  max difference  quanta  SQNR dB    cosine  mean before  after
      y       DIFFERS     3/3             0.5       –    12.71  0.993859           -2   -1.5

      First difference: y, made by Add, in sample 0
        at [0]: -1 before, -0.5 after; 3 of 3 elements differ, by up to 0.5

      Not checked:
        - only one sample (given) was run; others may differ
        - float execution of the literal graph only; integer execution, as an engine runs it, was not"
    `);
  });

  it('is short for identical models', () => {
    expect(printVerify(verify(add('0'), add('0'))).split('\n')[0]).toBe(
      'identical: every output bit is equal on 4 samples, seed 1',
    );
  });
});
