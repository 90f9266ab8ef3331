import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { collapseRepeatedQdq as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { grids, input, keepsTheLaws } from '../laws.ts';

describe('collapse-repeated-qdq', () => {
  it('makes one pair of two', () => {
    const before = model`
      main (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {0}> {
        a = QuantizeLinear (x, s, z)
        b = DequantizeLinear (a, s, z)
        c = QuantizeLinear (b, s, z)
        y = DequantizeLinear (c, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (float[4] y)
      <float s = {0.5}, int8 z = {0}> {
        a = QuantizeLinear (x, s, z)
        y = DequantizeLinear (a, s, z)
      }"
    `);
  });

  it('leaves the first dequantizer to those who read it', () => {
    const before = model`
      main (float[4] x) => (float[4] y, float[4] r) <float s = {0.5}, int8 z = {0}> {
        a = QuantizeLinear (x, s, z)
        b = DequantizeLinear (a, s, z)
        r = Relu (b)
        c = QuantizeLinear (b, s, z)
        y = DequantizeLinear (c, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (float[4] y, float[4] r)
      <float s = {0.5}, int8 z = {0}> {
        a = QuantizeLinear (x, s, z)
        b = DequantizeLinear (a, s, z)
        r = Relu (b)
        y = DequantizeLinear (a, s, z)
      }"
    `);
  });

  it('keeps the name of an output that becomes the first codes', () => {
    const before = model`
      main (float[4] x) => (int8[4] y) <float s = {0.5}, int8 z = {0}> {
        a = QuantizeLinear (x, s, z)
        b = DequantizeLinear (a, s, z)
        y = QuantizeLinear (b, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (int8[4] y)
      <float s = {0.5}, int8 z = {0}> {
        y = QuantizeLinear (x, s, z)
      }"
    `);
  });

  describe('says why it left', () => {
    const twice = (first: string, second: string, constants: string, outputs = 'float[4] y') => model`
      main (float[4] x, float t) => (${outputs}) <${constants}> {
        a = QuantizeLinear (x, ${first})
        b = DequantizeLinear (a, ${first})
        c = QuantizeLinear (b, ${second})
        y = DequantizeLinear (c, ${second})
      }`;
    const s = 'float s = {0.5}, int8 z = {0}';

    it('scales that differ by the last bit', () => {
      const after = twice('s, z', 't2, z', `${s}, float t2 = {0.50000006}`);
      expect(whyNot(rule, after, 'c')).toBe('scale differs: 0.5 and 0.5000000596046448');
    });
    it('other zero points', () => {
      const after = twice('s, z', 's, z2', `${s}, int8 z2 = {1}`);
      expect(whyNot(rule, after, 'c')).toBe('zero differs: 0 and 1');
    });
    it('a zero point on one side only', () => {
      expect(whyNot(rule, twice('s, z', 's', s), 'c')).toBe(
        'zero is present in one place and absent in the other',
      );
    });
    it('a scale that is no constant', () => {
      expect(whyNot(rule, twice('t, z', 't, z', s), 'c')).toBe(
        't is not a constant; it is an input of the graph',
      );
    });
    it('codes of 32 bits', () => {
      const wide = model`
        main (int32[4] q) => (int32[4] y) <float s = {0.5}, int32 z = {0}> {
          b = DequantizeLinear (q, s, z)
          y = QuantizeLinear (b, s, z)
        }`;
      expect(whyNot(rule, wide)).toBe(
        'the codes are int32; only integers of up to 16 bits are known to come back unchanged',
      );
    });
    it('a scale no code comes back from', () => {
      expect(whyNot(rule, twice('s, z', 's, z', 'float s = {0}, int8 z = {0}'), 'c')).toBe(
        'the scale 0 is not a positive number that every code can be multiplied by',
      );
      expect(whyNot(rule, twice('s, z', 's, z', 'float s = {3e38}, int8 z = {0}'), 'c')).toMatch(
        'every code can be multiplied by',
      );
    });
    it('scales along different axes', () => {
      const axes = model`
        main (float[2,2] x) => (float[2,2] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
          a = QuantizeLinear <axis = 0> (x, s, z)
          b = DequantizeLinear <axis = 0> (a, s, z)
          c = QuantizeLinear <axis = 1> (b, s, z)
          y = DequantizeLinear <axis = 1> (c, s, z)
        }`;
      expect(whyNot(rule, axes, 'c')).toBe(
        'axis differs: 0 of DequantizeLinear (b) and 1 of QuantizeLinear (c)',
      );
    });
    it('operators of another domain', () => {
      const other = model`
        <ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
        main (float[4] x) => (int8[4] y) <${s}> {
          a = QuantizeLinear (x, s, z)
          b = com.microsoft.DequantizeLinear (a, s, z)
          y = QuantizeLinear (b, s, z)
        }`;
      expect(whyNot(rule, other, 'y')).toBe('DequantizeLinear (b) is of the domain "com.microsoft", not ""');
    });
  });

  const cases = grids.chain(({ scale, zero, dtype }) =>
    input([8], scale).map((x) => ({
      model: model`
        main (float[8] x) => (float[8] y, ${dtype}[8] c) <float s = {${scale}}, ${dtype} z = {${zero}}> {
          a = QuantizeLinear (x, s, z)
          b = DequantizeLinear (a, s, z)
          c = QuantizeLinear (b, s, z)
          d = DequantizeLinear (c, s, z)
          e = QuantizeLinear (d, s, z)
          y = DequantizeLinear (e, s, z)
        }`,
      inputs: new Map([['x', x]]),
    })),
  );
  keepsTheLaws(rule, cases, { within: 0 });
});
