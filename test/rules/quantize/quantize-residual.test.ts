import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeResidualWith, quantizeResidual as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolutionBehindRelu as network } from '../networks.ts';

describe('quantize-residual', () => {
  it('reads the residual through the pair that it has', () => {
    const before = model`${network('y = Add (r, h)')}`;
    const { model: after, trace } = applyTraced(rule, before);
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {0},
        float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5},
        float[1,2,1,1] c = {1, -1}
      > {
        r = Relu (x)
        d_q = QuantizeLinear (r, s, z)
        d = DequantizeLinear (d_q, s, z)
        h = Conv (d, w)
        y = Add (d, h)
      }"
    `);
    expect(trace.rewrites[0]!.note).toMatchInlineSnapshot(
      `""r" is read through DequantizeLinear (d): scale 0.1, ±12.7"`,
    );
  });

  it('takes the widest of several pairs', () => {
    const before = network(
      `${pair('r', 'e', 't, z')}\n  y = Add (h, r)\n  n = Neg (e)`,
      'float[1,2,3,3] y, float[1,2,3,3] n',
      'float s = {0.1}, float t = {0.2}, int8 z = {0}',
    );
    expect(picture(apply(rule, model`${before}`))).toContain('y = Add (h, e)');
  });

  it('makes a pair for a residual without one, where its range has been observed', () => {
    const before = model`${network(`g = Conv (x, w)\n  ${pair('h', 'i')}\n  k = Conv (i, w)\n  y = Add (k, g)`)}`;
    const observed = quantizeResidualWith(new Map([['g', { min: -25.4, max: 12 }]]));
    const { model: after, trace } = applyTraced(observed, before);
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {0},
        float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5},
        float[1,2,1,1] c = {1, -1},
        float g_scale = {0.2},
        int8 g_zero_point = {0}
      > {
        r = Relu (x)
        d_q = QuantizeLinear (r, s, z)
        d = DequantizeLinear (d_q, s, z)
        h = Conv (d, w)
        g = Conv (x, w)
        i_q = QuantizeLinear (h, s, z)
        i = DequantizeLinear (i_q, s, z)
        k = Conv (i, w)
        y_QuantizeLinear_out = QuantizeLinear (g, g_scale, g_zero_point)
        y_DequantizeLinear_out = DequantizeLinear (y_QuantizeLinear_out, g_scale, g_zero_point)
        y = Add (k, y_DequantizeLinear_out)
      }"
    `);
    expect(trace.rewrites[0]!.note).toMatchInlineSnapshot(
      `""g" is read through a new pair: scale 0.2, ±25.4"`,
    );
  });

  it('takes the shorter of two convolved branches for the residual, in either order', () => {
    const sum = (operands: string) =>
      model`${network(`i = Conv (d, w)\n  j = Relu (i)\n  k = Conv (j, w)\n  y = Add (${operands})`)}`;
    const ranges = new Map(['h', 'k'].map((name) => [name, { min: -1, max: 1 }]));
    // The convolution that is not quantized takes in nothing, whatever its residual is.
    expect(whyNot(quantizeResidualWith(ranges), sum('k, h'))).toContain('Conv (k) is not quantized');
    expect(whyNot(quantizeResidualWith(ranges), sum('h, k'))).toContain('Conv (k) is not quantized');
  });

  describe('says why it left', () => {
    const objection = (body: string) => whyNot(rule, model`${network(body)}`, 'y');
    it('a residual made in floats for a sum that is read as floats', () => {
      const observed = quantizeResidualWith(new Map([['g', { min: -1, max: 1 }]]));
      const left = (body: string) => whyNot(observed, model`${network(body)}`, 'u');
      const sum = 'g = Exp (x)\n  u = Add (h, g)';
      const because = (reader: string) => `g is written as floats, and ${reader} wants the sum as floats`;
      expect(left(`${sum}\n  y = Sigmoid (u)`)).toBe(because('Sigmoid (y)'));
      expect(left(`${sum}\n  a = Relu (u)\n  ${pair('a', 'e')}\n  y = Add (a, e)`)).toBe(because('Add (y)'));
      expect(left(`${sum}\n  a = Relu (u)\n  ${pair('a', 'y')}`)).toBe(undefined);
      expect(left(`g = Relu (h)\n  k = Conv (d, w)\n  u = Add (k, g)\n  y = Sigmoid (u)`)).toBe(undefined);
    });
    it('a convolution that cannot take in the sum, for others read it', () => {
      expect(objection('k = Neg (h)\n  y = Add (h, r)\n  n = Add (k, y)')).toBe(
        'h has other readers, too: Conv (h) cannot take in the sum',
      );
      expect(objection('m = Mul (h, c)\n  k = Neg (m)\n  y = Add (r, m)\n  n = Add (k, y)')).toBe(
        'm has other readers, too: Conv (h) cannot take in the sum',
      );
    });
    it('a residual whose scale nobody knows', () => {
      expect(objection('g = Exp (x)\n  y = Add (h, g)')).toBe(
        'no quantizer reads g, and no range is known for it',
      );
    });
    it('a residual that is quantized already, also behind a copy', () => {
      expect(objection('y = Add (h, d)')).toBe('d is quantized already');
      expect(objection('t = Transpose <perm = [0, 1, 3, 2]> (d)\n  y = Add (h, t)')).toBe(
        't is quantized already',
      );
    });
    it('a bias, a sum without convolution, and a broadcast', () => {
      expect(objection('y = Add (h, c)')).toBe('Add (y) adds a constant');
      expect(objection('e = Exp (x)\n  y = Add (r, e)')).toBe('Add (y) adds up no convolution');
      expect(objection('m = GlobalMaxPool (r)\n  y = Add (h, m)')).toBe(
        'h and m are not known to be of one shape',
      );
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) => network('a = Add (h, r)\n  y = Neg (a)', undefined, constants)),
    {
      within: 0,
      quanta: 0.0501,
    },
  );
});
