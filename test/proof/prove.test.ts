import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { checkCertificate, type Proof, proveEqual } from '../../src/proof/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { model } from '../../src/serde/index.ts';

function expectProved(before: Model, after: Model) {
  const proof = proveEqual(before, after);
  expect(proof).toMatchObject({ verdict: 'proved' });
  if (proof.verdict !== 'proved') return;
  const check = checkCertificate(before, after, proof.certificate);
  expect(check).toMatchObject({ valid: true });
}

function expectRefuted(before: Model, after: Model) {
  const proof = proveEqual(before, after);
  expect(proof).toMatchObject({ verdict: 'refuted' });
  if (proof.verdict !== 'refuted') return;
  const [x, y] = [before, after].map(
    (m) => execute(m, proof.inputs).get(proof.output)!.toTypedArray()[proof.element],
  );
  expect(x).toBe(proof.before);
  expect(y).toBe(proof.after);
  expect(x).not.toBe(y);
}

/** A float input, a scale and a zero point, and a body. */
const small = (
  body: string,
  constants = 'float s = {0.3}, int8 z = {3}',
  output = 'float[N] y',
  input = 'float[4] x',
) => model`main (${input}) => (${output}) <${constants}> { ${body} }`;

describe('proveEqual', () => {
  it('proves that a pair may be moved across an operator that copies', () => {
    const before = small(
      't = Reshape (x, two) q = QuantizeLinear (t, s, z) y = DequantizeLinear (q, s, z)',
      'float s = {0.3}, int8 z = {3}, int64[2] two = {2, 2}',
      'float[2,2] y',
    );
    const after = small(
      'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Reshape (d, two)',
      'float s = {0.3}, int8 z = {3}, int64[2] two = {2, 2}',
      'float[2,2] y',
    );
    expectProved(before, after);
  });

  it('proves that a pad of a number on the grid may, and refutes a number off it', () => {
    const pad = (fill: number, first: boolean) =>
      small(
        first
          ? 'p = Pad (x, amounts, c) q = QuantizeLinear (p, s, z) y = DequantizeLinear (q, s, z)'
          : 'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Pad (d, amounts, c)',
        `float s = {0.5}, int8 z = {3}, int64[2] amounts = {0, 2}, float c = {${fill}}`,
        'float[6] y',
      );
    expectProved(pad(1.5, true), pad(1.5, false));
    expectRefuted(pad(0.3, true), pad(0.3, false));
  });

  it('knows that a pad without a number fills with zeros', () => {
    const pad = (first: boolean, s: number) =>
      small(
        first
          ? 'p = Pad (x, amounts) q = QuantizeLinear (p, s, z) y = DequantizeLinear (q, s, z)'
          : 'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Pad (d, amounts)',
        `float s = {${s}}, int8 z = {3}, int64[2] amounts = {0, 2}`,
        'float[6] y',
      );
    expectProved(pad(true, 0.1), pad(false, 0.1));
  });

  it('proves a maximum over steps that never fall, and refutes falling codes', () => {
    const pool = (first: boolean, s: number) =>
      small(
        first
          ? 'p = MaxPool <kernel_shape = [2]> (x) q = QuantizeLinear (p, s, z) y = DequantizeLinear (q, s, z)'
          : 'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = MaxPool <kernel_shape = [2]> (d)',
        `float s = {${s}}, int8 z = {-7}`,
        'float[1,1,3] y',
        'float[1,1,4] x',
      );
    expectProved(pool(true, 0.1), pool(false, 0.1));
    // The two halves of a pair fall together, so that the pair rises; one half alone does not.
    expectProved(pool(true, -0.1), pool(false, -0.1));
    const codes = (s: number) =>
      small(
        'q = QuantizeLinear (x, s, z) m = MaxPool <kernel_shape = [2]> (q) y = DequantizeLinear (m, s, z)',
        `float s = {${s}}, int8 z = {-7}`,
        'float[1,1,3] y',
        'float[1,1,4] x',
      );
    expectProved(pool(true, 0.1), codes(0.1));
    expectRefuted(pool(true, -0.1), codes(-0.1));
  });

  it('proves that a quantizer makes a Relu needless when its zero point is the smallest code, and only then', () => {
    const relu = (body: string, zero: number) =>
      small(`${body} y = DequantizeLinear (q, s, z)`, `float s = {0.3}, uint8 z = {${zero}}`);
    const [before, after] = ['r = Relu (x) q = QuantizeLinear (r, s, z)', 'q = QuantizeLinear (x, s, z)'];
    expectProved(relu(before, 0), relu(after, 0));
    expectRefuted(relu(before, 1), relu(after, 1));
  });

  it('proves that signed codes may become unsigned, and refutes a zero point off by one', () => {
    const signed = small(
      'q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z)',
      'float s = {0.3}, int8 z = {3}',
    );
    const unsigned = (zero: number) =>
      small(
        'q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z)',
        `float s = {0.3}, uint8 z = {${zero}}`,
      );
    expectProved(signed, unsigned(131));
    expectRefuted(signed, unsigned(130));
  });

  it('proves that a second pair of the same grid does nothing, and refutes one of another', () => {
    const once = small('q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z)');
    const twice = (scale: number) =>
      small(
        'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) r = QuantizeLinear (d, t, z) y = DequantizeLinear (r, t, z)',
        `float s = {0.3}, int8 z = {3}, float t = {${scale}}`,
      );
    expectProved(once, twice(0.3));
    expectRefuted(once, twice(0.31));
  });

  it('takes other operators as they are: alike on the same elements they make the same', () => {
    const body = 'b = Conv <strides = [1, 1]> (a, w) y = Sigmoid (b)';
    const constants = 'float s = {0.3}, int8 z = {0}, float[1,1,2,2] w = {1, 2, 3, 4}';
    const before = small(
      `p = Transpose <perm = [0, 1, 3, 2]> (x) q = QuantizeLinear (p, s, z) a = DequantizeLinear (q, s, z) ${body}`,
      constants,
      'float[1,1,1,2] y',
      'float[1,1,3,2] x',
    );
    const after = small(
      `q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) a = Transpose <perm = [0, 1, 3, 2]> (d) ${body}`,
      constants,
      'float[1,1,1,2] y',
      'float[1,1,3,2] x',
    );
    const other = small(
      `q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) a = Transpose <perm = [0, 1, 3, 2]> (d) ${body}`,
      constants.replace('4}', '5}'),
      'float[1,1,1,2] y',
      'float[1,1,3,2] x',
    );
    expectProved(before, after);
    expectRefuted(before, other);
  });

  it('follows one scale per channel through a Transpose that moves the axis', () => {
    const constants = 'float[2] s = {0.3, 0.7}, int8[2] z = {0, 0}';
    const quantized = (axis: number, from: string, to: string) =>
      `q = QuantizeLinear <axis = ${axis}> (${from}, s, z) ${to} = DequantizeLinear <axis = ${axis}> (q, s, z)`;
    const before = small(
      `t = Transpose (x) ${quantized(1, 't', 'y')}`,
      constants,
      'float[2,2] y',
      'float[2,2] x',
    );
    const after = small(
      `${quantized(0, 'x', 't')} y = Transpose (t)`,
      constants,
      'float[2,2] y',
      'float[2,2] x',
    );
    const wrong = small(
      `${quantized(1, 'x', 't')} y = Transpose (t)`,
      constants,
      'float[2,2] y',
      'float[2,2] x',
    );
    expectProved(before, after);
    expectRefuted(before, wrong);
  });

  it('is undecided about what it does not look into, and says where', () => {
    const before = small('a = Add (x, x) y = Add (a, x)');
    const after = small('t = Mul (x, three) y = Identity (t)', 'float three = {3.0}');
    const proof = proveEqual(before, after);
    expect(proof.verdict).not.toBe('proved');
    const custom = model`
      <ir_version: 8, opset_import: ["" : 17, "com.custom" : 1]>
      main (float[2] x) => (float[2] y) { y = com.custom.Thing (x) }`;
    expect(proveEqual(custom, custom)).toMatchObject({ verdict: 'undecided', at: 'main/Thing (y)' });
    const float8 = (body: string) => model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2,1] x) => (float[1,2] y) <float s = {0.5}, float8e4m3fn z = {0}> { ${body} }`;
    const moved = proveEqual(
      float8('t = Transpose (x) q = QuantizeLinear (t, s, z) y = DequantizeLinear (q, s, z)'),
      float8('q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Transpose (d)'),
    );
    expect(moved).toMatchObject({ verdict: 'undecided', cause: 'unfollowed', at: 'y' });
  });

  it('keeps the sign of zero apart', () => {
    const before = small('y = Relu (x)', '');
    expect(proveEqual(before, small('z0 = Sub (x, x) y = Max (x, z0)', '')).verdict).not.toBe('proved');
  });

  it('follows a constant through a maximum, wherever the quantizer is', () => {
    const padded = (body: string) =>
      small(
        `p = Pad (x, amounts) ${body}`,
        'float s = {0.3}, int8 z = {3}, int64[6] amounts = {0, 0, 1, 0, 0, 1}',
        'float[1,1,5] y',
        'float[1,1,4] x',
      );
    expectProved(
      padded(
        'q = QuantizeLinear (p, s, z) d = DequantizeLinear (q, s, z) y = MaxPool <kernel_shape = [2]> (d)',
      ),
      padded(
        'm = MaxPool <kernel_shape = [2]> (p) q = QuantizeLinear (m, s, z) y = DequantizeLinear (q, s, z)',
      ),
    );
    const nested = (body: string) =>
      small(`b = Min (x, c) ${body}`, 'float s = {0.3}, int8 z = {3}, float c = {0}', 'float[1] y');
    expectProved(
      nested('m = ReduceMin (b) q = QuantizeLinear (m, s, z) y = DequantizeLinear (q, s, z)'),
      nested('q = QuantizeLinear (b, s, z) d = DequantizeLinear (q, s, z) y = ReduceMin (d)'),
    );
    const larger = (bound: number) =>
      small(
        'm = Max (x, c) q = QuantizeLinear (m, s, z) y = DequantizeLinear (q, s, z)',
        `float s = {0.5}, int8 z = {3}, float c = {${bound}}`,
      );
    expectProved(larger(1), larger(1.1));
    expectRefuted(larger(1), larger(1.3));
  });

  it('proves that a power of two may be multiplied before it is rounded, and refutes another factor', () => {
    const first = (factor: number) =>
      small(
        'm = Mul (c, x) q = QuantizeLinear (m, s, z) y = DequantizeLinear (q, s, z)',
        `float s = {${0.3 * factor}}, int8 z = {3}, float c = {${factor}}`,
      );
    const last = (factor: number) =>
      small(
        'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Mul (d, c)',
        `float s = {0.3}, int8 z = {3}, float c = {${factor}}`,
      );
    expectProved(first(0.125), last(0.125));
    expectRefuted(first(0.7), last(0.7));
  });

  it('knows floats of 16 bits', () => {
    const half = (body: string, scale = 0.3) =>
      small(body, `float16 s = {${scale}}, int8 z = {3}`, 'float16[N] y', 'float16[4] x');
    const pair = 'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z)';
    const twice = `${pair} r = QuantizeLinear (d, s, z) y = DequantizeLinear (r, s, z)`;
    expectProved(half(`${pair} y = Identity (d)`), half(twice));
    expectRefuted(half(`${pair} y = Identity (d)`), half(twice, 0.31));
  });

  it('takes what is done to all elements past a move by values that are not known', () => {
    const gather = (body: string) =>
      small(body, 'float s = {0.3}, int8 z = {3}', 'float[2] y', 'float[4] x, int64[2] i');
    expectProved(
      gather('g = Gather (x, i) q = QuantizeLinear (g, s, z) y = DequantizeLinear (q, s, z)'),
      gather('q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) y = Gather (d, i)'),
    );
    const other = 'g = Gather (x, i) q = QuantizeLinear (g, s, z) d = DequantizeLinear (q, s, z) y = Neg (d)';
    expectRefuted(gather(other), gather(other.replace('Neg', 'Abs')));
  });

  it('sees through operators that change nothing', () => {
    const plain = small('y = Relu (x)', 'float r = {0.5}, bool t = {0}');
    expectProved(
      plain,
      small('d = Dropout (x, r, t) c = Cast <to = 1> (d) y = Relu (c)', 'float r = {0.5}, bool t = {0}'),
    );
    const shaped = small('r = Relu (x) n = Shape (r) z = ConstantOfShape (n) y = Add (r, z)', '');
    expectProved(
      shaped,
      small('r = Relu (x) z = Sub (four, four) y = Add (r, z)', 'float[4] four = {1, 1, 1, 1}'),
    );
    const training = small('y = Dropout (x, r, t)', 'float r = {0.5}, bool t = {1}');
    expect(proveEqual(training, training)).toMatchObject({ verdict: 'undecided', cause: 'unfollowed' });
  });

  it('writes functions of the model out, one inside the other, with their attributes', () => {
    const called = (low: string) => model`
      <ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      main (float[4] x, float[4] u) => (float[4] y) { y = own.Twice <slope = ${low}> (x) }
      <opset_import: ["" : 21, "own" : 1], domain: "own">
      Twice <slope> (a) => (b) { h = own.Once <slope: float = @slope> (a) b = own.Once <slope: float = @slope> (h) }
      <opset_import: ["" : 21], domain: "own">
      Once <slope> (a) => (b) { h = LeakyRelu <alpha: float = @slope> (a) b = Neg (h) }`;
    const written = (slope: string) => model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[4] x, float[4] u) => (float[4] y) {
        h = LeakyRelu <alpha = ${slope}> (x) g = Neg (h) k = LeakyRelu <alpha = ${slope}> (g) y = Neg (k)
      }`;
    expectProved(called('0.25'), written('0.25'));
    expectRefuted(called('0.25'), written('0.5'));
  });

  it('comes to an end with functions that call themselves', () => {
    const endless = model`
      <ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      main (float[4] x) => (float[4] y) { y = own.Twice (x) }
      <opset_import: ["" : 21, "own" : 1], domain: "own">
      Twice (a) => (b) { h = own.Twice (a) b = own.Twice (h) }`;
    expect(proveEqual(endless, endless)).toMatchObject({ verdict: 'undecided', cause: 'unfollowed' });
  });

  it('tells bounds and whole numbers apart that are nearly the same', () => {
    const clip = (low: string) => small('y = Clip (x, low)', `float low = {${low}}`);
    expectProved(clip('-0.0'), clip('-0.0'));
    expect(proveEqual(clip('0.0'), clip('-0.0')).verdict).not.toBe('proved');
    expect(proveEqual(clip('inf'), clip('-inf')).verdict).not.toBe('proved');
    const joined = (last: string) =>
      small('y = Concat <axis = 0> (x, c)', `int64[1] c = {${last}}`, 'int64[2] y', 'int64[1] x');
    expectProved(joined('9007199254740993'), joined('9007199254740993'));
    expect(proveEqual(joined('9007199254740992'), joined('9007199254740993')).verdict).not.toBe('proved');
  });

  it('agrees with running the models, whatever the grids', () => {
    const grid = fc.record({
      scale: fc.constantFrom(0.1, 0.25, 1 / 3, 2 ** -20, 3e8),
      zero: fc.integer({ min: -128, max: 127 }),
    });
    fc.assert(
      fc.property(
        grid,
        grid,
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 4 }),
        (p, q, data) => {
          const body =
            'q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) r = QuantizeLinear (d, t, v) y = DequantizeLinear (r, t, v)';
          const make = (text: string) =>
            small(
              text,
              `float s = {${p.scale}}, int8 z = {${p.zero}}, float t = {${q.scale}}, int8 v = {${q.zero}}`,
            );
          const [before, after] = [
            make(body),
            make('q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z)'),
          ];
          const proof: Proof = proveEqual(before, after);
          expect(proof.verdict).not.toBe('undecided');
          const inputs = new Map<string, Tensor>([['x', tensor('float32', [4], data)]]);
          const [a, b] = [before, after].map((m) => execute(m, inputs).get('y')!.toTypedArray());
          if (proof.verdict === 'proved') expect(b).toEqual(a);
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });
});
