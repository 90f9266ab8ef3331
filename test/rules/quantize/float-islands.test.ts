import { describe, expect, it } from 'vitest';
import { floatIslands as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('float-islands', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`${pair('h', 'e')}\n  y = Softmax (e)`)}`;
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
        y = Softmax (h)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  describe('says why it left', () => {
    it('a product behind', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  y = Softmax (e)\n  n = MatMul (e, e)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is no softmax, norm or erf');
    });
    it('a sum that no Softmax reads', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Add (e, x)`))).toContain(
        'is no softmax, norm or erf',
      );
    });
    it('an input of the graph', () => {
      expect(objection(network(`${pair('x', 'e')}\n  y = Softmax (e)`))).toContain(
        'no operator of this graph makes x',
      );
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`${pair('h', 'e')}\n  a = Add (e, c)\n  y = Softmax (a)`, undefined, constants),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
