import { describe, expect, it } from 'vitest';
import { gateBothOrNone as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('gate-both-or-none', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`p = GlobalAveragePool (h)\n  g = Sigmoid (p)\n  ${pair('h', 'e')}\n  y = Mul (e, g)`)}`;
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
        p = GlobalAveragePool (h)
        g = Sigmoid (p)
        y = Mul (h, g)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  describe('says why it left', () => {
    it('two quantized sides', () => {
      expect(
        objection(network(`g = Sigmoid (h)\n  ${pair('h', 'e')}\n  ${pair('g', 'f')}\n  y = Mul (e, f)`)),
      ).toContain('is quantized, too');
    });
    it('a constant', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Mul (e, c)`))).toContain('multiplies by a constant');
    });
    it('a pair that others read', () => {
      expect(
        objection(
          network(
            `g = Sigmoid (h)\n  ${pair('h', 'e')}\n  y = Mul (e, g)\n  n = Neg (e)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is not read by one Mul alone');
    });
    it('an input of the graph', () => {
      expect(objection(network(`g = Sigmoid (h)\n  ${pair('x', 'e')}\n  y = Mul (e, g)`))).toContain(
        'no operator of this graph makes x',
      );
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`g = Sigmoid (h)\n  ${pair('h', 'e')}\n  y = Mul (g, e)`, undefined, constants),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
