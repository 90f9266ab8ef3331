import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import {
  quantizeAveragePoolBothSidesWith,
  quantizeAveragePoolBothSides as rule,
} from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolutionBehindRelu as network } from '../networks.ts';

const pool = 'AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]>';

describe('quantize-average-pool-both-sides', () => {
  it('quantizes behind with the scale in front', () => {
    const { model: after, trace } = applyTraced(rule, model`${network(`a = ${pool} (d)\n  y = Add (a, h)`)}`);
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {0},
        float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5},
        float[1,2,1,1] c = {1, -1},
        float a_1_scale = {0.1},
        int8 a_1_zero_point = {0}
      > {
        r = Relu (x)
        d_q = QuantizeLinear (r, s, z)
        d = DequantizeLinear (d_q, s, z)
        h = Conv (d, w)
        a_1 = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (d)
        a_QuantizeLinear_out = QuantizeLinear (a_1, a_1_scale, a_1_zero_point)
        a = DequantizeLinear (a_QuantizeLinear_out, a_1_scale, a_1_zero_point)
        y = Add (a, h)
      }"
    `);
    expect(trace.rewrites[0]!.note).toMatchInlineSnapshot(`""a" gets a pair: scale 0.1, ±12.7"`);
  });

  it('reads the pair that its input has', () => {
    expect(
      picture(apply(rule, model`${network(`a = ${pool} (r)\n  ${pair('a', 'e')}\n  y = Add (e, h)`)}`)),
    ).toContain('AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (d)');
  });

  it('sees the quantizer behind a Flatten', () => {
    const body = `a = ${pool} (r)\n  f = Flatten (a)\n  ${pair('f', 'e')}\n  y = Relu (e)`;
    expect(picture(apply(rule, model`${network(body, 'float[1,18] y, float[1,2,3,3] h')}`))).toContain(
      'AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (d)',
    );
  });

  it('takes scales of observed ranges', () => {
    const observed = quantizeAveragePoolBothSidesWith(
      new Map([
        ['a', { min: 0, max: 6.35 }],
        ['h', { min: -12.7, max: 1 }],
      ]),
    );
    const behind = applyTraced(observed, model`${network(`a = ${pool} (d)\n  y = Add (a, h)`)}`);
    expect(behind.trace.rewrites[0]!.note).toBe('"a" gets a pair: scale 0.05, ±6.35');
    const front = applyTraced(
      observed,
      model`${network(`b = ${pool} (h)\n  ${pair('b', 'e')}\n  y = Neg (e)`)}`,
    );
    expect(front.trace.rewrites[0]!.note).toBe('"h" gets a pair: scale 0.1, ±12.7');
  });

  describe('says why it left', () => {
    const objection = (body: string, at = 'a') => whyNot(rule, model`${network(body)}`, at);
    it('a pool that is quantized on both sides, or on none', () => {
      expect(objection(`a = ${pool} (d)\n  ${pair('a', 'e')}\n  y = Add (e, h)`)).toBe('a is quantized, too');
      expect(objection(`a = ${pool} (h)\n  y = Neg (a)`)).toBe('neither side of the pool is quantized');
    });
    it('a tensor whose quantizer would be a kernel of its own', () => {
      const behind = (x: string) => `a = ${pool} (${x})\n  ${pair('a', 'e')}\n  y = Neg (e)`;
      expect(objection(`k = HardSwish (h)\n  ${behind('k')}`)).toBe(
        'k is written as floats whoever reads it',
      );
      expect(objection(`n = Exp (h)\n  k = Mul (h, n)\n  ${behind('k')}`)).toBe(
        'k is written as floats whoever reads it',
      );
      // Squeeze and excite: what is pooled is gated, too.
      expect(objection(`k = Clip (h)\n  ${behind('k')}\n  g = Mul (k, e)`)).toBe(
        'Mul (g) reads k as floats, too',
      );
      for (const body of [
        'g = Sigmoid (h)\n  k = Mul (h, g)',
        'm = Add (h, c)\n  k = LeakyRelu (m)',
        'm = Add (h, d)\n  k = Relu (m)',
        'm = Conv (d, w)\n  k = Concat <axis = 1> (m, h)',
      ])
        expect(objection(`${body}\n  ${behind('k')}`)).toBe('no scale is known for k: calibrate it');
    });
    it('an output, and a scale that nobody knows', () => {
      expect(objection(`y = ${pool} (d)  k = Neg (h)`, 'y')).toBe('y is an output of the graph');
      expect(objection(`a = ${pool} (h)\n  ${pair('a', 'e')}\n  y = Neg (e)`)).toBe(
        'no scale is known for h: calibrate it',
      );
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`a = ${pool} (d)\n  y = Add (a, h)`, undefined, constants),
    ),
    {
      within: 0,
      quanta: 0.0501,
    },
  );
});
