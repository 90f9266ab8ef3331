import { describe, expect, it } from 'vitest';
import { unquantizeConvBnEdge as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('unquantize-conv-bn-edge', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`${pair('h', 'e')}\n  y = BatchNormalization <epsilon = 0.0> (e, k, k, k, v)`)}`;
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
        y = BatchNormalization <epsilon = 0.0> (h, k, k, k, v)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  it('takes Add and Mul by a constant for what they are', () => {
    for (const op of ['Add', 'Mul']) {
      const before = model`${network(`${pair('h', 'e')}\n  y = ${op} (e, c)`)}`;
      expect(picture(apply(rule, before))).toContain(`y = ${op} (h, c)`);
    }
  });

  describe('says why it left', () => {
    it('a pair that others read', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  y = BatchNormalization (e, k, k, k, v)\n  n = Neg (e)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('has not one reader alone');
    });
    it('a pair that is an output', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  y = BatchNormalization (e, k, k, k, v)`,
            'float[1,2,3,3] y, float[1,2,3,3] e',
          ),
        ),
      ).toContain('has not one reader alone');
    });
    it('what no convolution makes', () => {
      expect(objection(network(`g = Exp (h)\n  ${pair('g', 'e')}\n  y = Add (e, c)`))).toContain(
        'no convolution makes g',
      );
    });
    it('a sum of two tensors', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Add (e, x)`))).toContain('is no batch norm');
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(
        `${pair('h', 'e')}\n  y = BatchNormalization <epsilon = 0.0> (e, k, k, k, v)`,
        undefined,
        constants,
      ),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
