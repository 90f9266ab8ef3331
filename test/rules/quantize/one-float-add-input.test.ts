import { describe, expect, it } from 'vitest';
import { oneFloatAddInput as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('one-float-add-input', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`r = Relu (h)\n  i = Conv (r, w)\n  j = Conv (d, w)\n  ${pair('i', 'e')}\n  ${pair('j', 'f')}\n  y = Add (f, e)`)}`;
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
        r = Relu (h)
        i = Conv (r, w)
        j = Conv (d, w)
        f_q = QuantizeLinear (j, s, z)
        f = DequantizeLinear (f_q, s, z)
        y = Add (f, i)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  it('leaves the quantizer on the shortcut, whichever operand that is', () => {
    const body = (sum: string) =>
      `r = Relu (h)\n  i = Conv (r, w)\n  j = Conv (d, w)\n  ${pair('i', 'e')}\n  ${pair('j', 'f')}\n  y = Add (${sum})`;
    expect(picture(apply(rule, model`${network(body('e, f'))}`))).toContain('Add (i, f)');
    expect(picture(apply(rule, model`${network(body('f, e'))}`))).toContain('Add (f, i)');
  });

  it('makes a half quantized sum float', () => {
    const body = `a = Exp (h)\n  b = Neg (h)\n  ${pair('a', 'e')}\n  y = Add (b, e)`;
    expect(picture(apply(rule, model`${network(body)}`))).toContain('Add (b, a)');
  });

  describe('says why it left', () => {
    it('the shorter branch and a residual', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Add (e, d)`))).toContain(
        'unquantize-conv-add-edge is for that',
      );
    });
    it('a sum whose operands are both quantized, without convolution', () => {
      expect(
        objection(
          network(`a = Exp (h)\n  b = Neg (h)\n  ${pair('a', 'e')}\n  ${pair('b', 'f')}\n  y = Add (e, f)`),
        ),
      ).toContain('wants its pair');
    });
    it('a pair that others read', () => {
      expect(
        objection(
          network(
            `i = Conv (d, w)\n  ${pair('i', 'f')}\n  ${pair('h', 'e')}\n  y = Add (e, f)\n  n = Add (e, f)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is not read by one Add alone');
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(
        `r = Relu (h)\n  i = Conv (r, w)\n  j = Conv (d, w)\n  ${pair('i', 'e')}\n  ${pair('j', 'f')}\n  a = Add (f, e)\n  ${pair('a', 'y', 's, z')}`,
        undefined,
        constants,
      ),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
