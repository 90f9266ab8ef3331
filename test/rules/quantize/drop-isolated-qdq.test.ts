import { describe, expect, it } from 'vitest';
import { dropIsolatedQdq as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('drop-isolated-qdq', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`a = Softmax (h)\n  ${pair('a', 'e')}\n  y = Exp (e)`)}`;
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
        a = Softmax (h)
        y = Exp (a)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  describe('says why it left', () => {
    it('a convolution in front', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Exp (e)`))).toContain(
        'is not known to be in float whatever follows',
      );
    });
    it('a convolution behind', () => {
      expect(
        objection(
          network(
            `a = Softmax (h)\n  ${pair('a', 'e')}\n  y = Exp (e)\n  n = Conv (e, w)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is no operator that always runs in float');
    });
    it('an output', () => {
      expect(
        objection(
          network(
            `a = Softmax (h)\n  ${pair('a', 'e')}\n  y = Exp (e)`,
            'float[1,2,3,3] y, float[1,2,3,3] e',
          ),
        ),
      ).toContain('e is an output of the graph');
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`a = Softmax (h)\n  ${pair('a', 'e')}\n  y = Tanh (e)`, undefined, constants),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
