import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeConcat as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

describe('quantize-before-concat', () => {
  it('quantizes each part once', () => {
    const before = model`
      main (float[1,2] a, float[1,2] b) => (float[1,6] y) <float s = {0.5}, int8 z = {0}> {
        c = Concat <axis = 1> (a, b, a)
        ${pair('c', 'y')}
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,2] a, float[1,2] b) => (float[1,6] y)
      <float s = {0.5}, int8 z = {0}> {
        y_q_1 = QuantizeLinear (a, s, z)
        y_1 = DequantizeLinear (y_q_1, s, z)
        y_q_2 = QuantizeLinear (b, s, z)
        y_2 = DequantizeLinear (y_q_2, s, z)
        y = Concat <axis = 1> (y_1, y_2, y_1)
      }"
    `);
  });

  describe('says why it left', () => {
    const joined = (axis: string) => model`
      main (float[2,3] a, float[2,3] b) => (float[4,3] y)
      <float[4] s = {1, 2, 3, 4}, int8[4] z = {0, 0, 0, 0}> {
        c = Concat <axis = 0> (a, b)
        q = QuantizeLinear <axis = ${axis}> (c, s, z)
        y = DequantizeLinear <axis = ${axis}> (q, s, z)
      }`;
    it('scales along the axis that is joined', () => {
      const reason = 'along which Concat (c) joins';
      expect(whyNot(rule, joined('0'))).toContain(reason);
      expect(whyNot(rule, joined('-2'))).toContain(reason);
    });
    it('a Concat that others read, or that is an output', () => {
      const before = model`
        main (float[2] a, float[2] b) => (float[4] y, float[4] c) <float s = {0.5}, int8 z = {0}> {
          c = Concat <axis = 0> (a, b)
          ${pair('c', 'y')}
        }`;
      expect(whyNot(rule, before)).toBe('c is also an output of the graph; the match would have to own it');
    });
    it('constants', () => {
      const before = model`
        main (float[1] x) => (float[2] y) <float s = {0.5}, int8 z = {0}, float[1] a = {1}, float[1] b = {2}> {
          c = Concat <axis = 0> (a, b)
          ${pair('c', 'd')}
          y = Add (d, x)
        }`;
      expect(whyNot(rule, before)).toBe('Concat (c) joins constants; fold them');
    });
  });

  it('takes scales along another axis with it', () => {
    const before = model`
      main (float[1,2] a, float[1,2] b) => (float[2,2] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
        c = Concat <axis = -2> (a, b)
        q = QuantizeLinear <axis = 1> (c, s, z)
        y = DequantizeLinear <axis = 1> (q, s, z)
      }`;
    expect(picture(apply(rule, before))).toContain('= QuantizeLinear <axis = 1> (b, s, z)');
  });

  const cases = casesOnGrids(
    [2, 3],
    (constants, _, choice) => `
    main (float[2,3] x) => (float[2,9] y) <${constants}, float s2 = {0.3}> {
      n = Neg (x)
      ${pair('x', 'd', ['s, z', 's2, z'][choice % 2])}
      c = Concat <axis = ${choice % 3 === 0 ? -1 : 1}> (n, d, x)
      ${pair('c', 'e')}
      y = Neg (e)
    }`,
  );
  keepsTheLaws(rule, cases, { within: 0 });
});
