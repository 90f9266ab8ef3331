import { describe, expect, it } from 'vitest';
import { unquantizeConvAddEdge as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('unquantize-conv-add-edge', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`${pair('h', 'e')}\n  y = Add (e, d)`)}`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {0},
        float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5},
        float[2] k = {2, 0.5},
        float[1,2,1,1] c = {1, -1},
        float[2] v = {1, 4}
      > {
        d_q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (d_q, s, z)
        h = Conv (d, w)
        y = Add (h, d)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  describe('says why it left', () => {
    it('an operand of another shape', () => {
      expect(objection(network(`m = GlobalMaxPool (x)\n  ${pair('h', 'e')}\n  y = Add (m, e)`))).toContain(
        'e is [1,2,3,3], and m [1,2,1,1]',
      );
    });
    it('a constant', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Add (e, c)`))).toContain('adds a constant');
    });
    it('a pair that others read', () => {
      expect(
        objection(
          network(`${pair('h', 'e')}\n  y = Add (e, d)\n  n = Neg (e)`, 'float[1,2,3,3] y, float[1,2,3,3] n'),
        ),
      ).toContain('is not read by one Add alone');
    });
    it('the quantized shortcut of a sum that another convolution takes in', () => {
      expect(objection(network(`i = Conv (d, w)\n  ${pair('h', 'e')}\n  y = Add (e, i)`))).toBe(
        'i is the convolution that takes in the sum already',
      );
    });
    it('two quantized convolutions', () => {
      expect(
        objection(network(`i = Conv (d, w)\n  ${pair('i', 'f')}\n  ${pair('h', 'e')}\n  y = Add (e, f)`)),
      ).toContain('one-float-add-input chooses');
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`${pair('h', 'e')}\n  a = Add (d, e)\n  ${pair('a', 'y', 's, z')}`, undefined, constants),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
