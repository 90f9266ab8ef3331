import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { shareEqualQuantizers as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { grids, input, keepsTheLaws } from '../laws.ts';

describe('share-equal-quantizers', () => {
  it('makes one quantizer and one dequantizer of three', () => {
    const before = model`
      main (float[4] x) => (float[4] r, float[4] n, float[4] e)
      <float s = {0.5}, float s2 = {0.5}, int8 z = {0}> {
        q1 = QuantizeLinear (x, s, z)
        d1 = DequantizeLinear (q1, s, z)
        q2 = QuantizeLinear (x, s2, z)
        d2 = DequantizeLinear (q2, s2, z)
        q3 = QuantizeLinear (x, s, z)
        d3 = DequantizeLinear (q3, s, z)
        r = Relu (d1)
        n = Neg (d2)
        e = Elu (d3)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (float[4] r, float[4] n, float[4] e)
      <float s = {0.5}, int8 z = {0}> {
        q3 = QuantizeLinear (x, s, z)
        d3 = DequantizeLinear (q3, s, z)
        r = Relu (d3)
        n = Neg (d3)
        e = Elu (d3)
      }"
    `);
  });

  it('keeps the name of a graph output', () => {
    const before = model`
      main (float[4] x) => (float[4] r, float[4] y) <float s = {0.5}, int8 z = {0}> {
        q1 = QuantizeLinear (x, s, z)
        d1 = DequantizeLinear (q1, s, z)
        r = Relu (d1)
        q2 = QuantizeLinear (x, s, z)
        y = DequantizeLinear (q2, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (float[4] r, float[4] y)
      <float s = {0.5}, int8 z = {0}> {
        q1 = QuantizeLinear (x, s, z)
        y = DequantizeLinear (q1, s, z)
        r = Relu (y)
      }"
    `);
  });

  it('works inside subgraphs, on values captured from outside', () => {
    const before = model`
      main (float[4] x, bool c) => (float[4] y) <float s = {0.5}, int8 z = {0}> {
        y = If (c) <
          then_branch = g () => (float[4] t) {
            q1 = QuantizeLinear (x, s, z)
            d1 = DequantizeLinear (q1, s, z)
            q2 = QuantizeLinear (x, s, z)
            d2 = DequantizeLinear (q2, s, z)
            t = Sub (d1, d2)
          },
          else_branch = h () => (float[4] e) { e = Identity (x) }
        >
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x, bool c) => (float[4] y)
      <float s = {0.5}, int8 z = {0}> {
        y = If (c) <then_branch = g () => (float[4] t) {
          q1 = QuantizeLinear (x, s, z)
          d1 = DequantizeLinear (q1, s, z)
          t = Sub (d1, d1)
        }, else_branch = h () => (float[4] e) {
          e = Identity (x)
        }>
      }"
    `);
  });

  describe('says why it left', () => {
    const two = (first: string, second: string, outputs = 'float[4] r, float[4] n') => model`
      main (float[4] x, float t) => (${outputs})
      <float s = {0.5}, float near = {0.50000006}, int8 z = {0}, uint8 u = {0}> {
        q1 = QuantizeLinear (x, ${first})
        d1 = DequantizeLinear (q1, ${first})
        q2 = QuantizeLinear (x, ${second})
        d2 = DequantizeLinear (q2, ${second})
        r = Relu (d1)
        n = Neg (d2)
      }`;

    it('scales that differ by the last bit', () => {
      expect(whyNot(rule, two('s, z', 'near, z'), 'q1')).toContain(
        'scale differs: 0.5 and 0.5000000596046448',
      );
    });
    it('zero points of different types, or on one side only', () => {
      expect(whyNot(rule, two('s, z', 's, u'), 'q1')).toContain('zero differs: int8 0 and uint8 0');
      expect(whyNot(rule, two('s', 's, u'), 'q1')).toContain(
        'zero is present in one place and absent in the other',
      );
    });
    it('a scale that is no constant', () => {
      expect(whyNot(rule, two('t, z', 't, z'), 'q1')).toBe(
        't is not a constant; it is an input of the graph',
      );
    });
    it('two outputs of the graph', () => {
      const outputs = two('s, z', 's, z', 'int8[4] q1, int8[4] q2');
      expect(whyNot(rule, outputs, 'q1')).toContain('q1 and q2 are both outputs of the graph');
    });
    it('weights', () => {
      const weights = model`
        main () => (float[2] a, float[2] b) <float[2] w = {1, 2}, float s = {0.5}, int8 z = {0}> {
          a = QuantizeLinear (w, s, z)
          b = QuantizeLinear (w, s, z)
        }`;
      expect(whyNot(rule, weights, 'a')).toContain(
        'w is a constant; its quantizers are folded when the engine is built',
      );
    });
    it('axes that differ, where there are several scales', () => {
      const axes = model`
        main (float[2,2] x) => (int8[2,2] a, float[2,2] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
          a = QuantizeLinear <axis = 0> (x, s, z)
          b = QuantizeLinear (x, s, z)
          y = DequantizeLinear (b, s, z)
        }`;
      expect(whyNot(rule, axes, 'a')).toContain(
        'axis differs: 0 of QuantizeLinear (a) and 1 of QuantizeLinear (b)',
      );
    });
  });

  const cases = grids.chain(({ scale, zero, dtype }) =>
    fc.record({ x: input([6], scale), count: fc.integer({ min: 2, max: 5 }) }).map(({ x, count }) => {
      const indices = Array.from({ length: count }, (_, i) => i);
      const lines = indices.map(
        (i) =>
          `q${i} = QuantizeLinear (x, s${i % 2}, z)\n  d${i} = DequantizeLinear (q${i}, s${i % 2}, z)\n  y${i} = Neg (d${i})`,
      );
      return {
        model: model`
          main (float[6] x) => (${indices.map((i) => `float[6] y${i}`)})
          <float s0 = {${scale}}, float s1 = {${scale}}, ${dtype} z = {${zero}}> {
            ${lines.join('\n  ')}
          }`,
        inputs: new Map([['x', x]]),
      };
    }),
  );
  keepsTheLaws(rule, cases, { within: 0 });
});
