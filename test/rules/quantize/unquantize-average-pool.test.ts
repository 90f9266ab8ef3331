import { describe, expect, it } from 'vitest';
import { unquantizeAveragePool as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('unquantize-average-pool', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`${pair('h', 'e')}\n  y = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (e)`)}`;
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
        y = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (h)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  describe('says why it left', () => {
    it('a pool that is quantized behind', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  p = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (e)\n  ${pair('p', 'y')}`,
          ),
        ),
      ).toContain('is no average pool with a float result');
    });
    it('another reader', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  y = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (e)\n  n = Neg (e)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is no average pool');
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(
        `${pair('h', 'e')}\n  y = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (e)`,
        undefined,
        constants,
      ),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
