import { describe, expect, it } from 'vitest';
import { rewrite, ruleSet, whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeCopy, transposeBeforeQuantize as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const product = (constants = 'float s = {0.5}, int8 z = {0}', more = '', outputs = 'float[2,2] y') => `
  main (float[2,2] x) => (${outputs}) <${constants}> {
    n = Neg (x)
    ${pair('x', 'd')}
    t = Transpose (d)
    y = MatMul (n, t)
    ${more}
  }`;

describe('transpose-before-quantize', () => {
  it('lets the DequantizeLinear touch the product', () => {
    expect(picture(apply(rule, model`${product()}`))).toMatchInlineSnapshot(`
      "main (float[2,2] x) => (float[2,2] y)
      <float s = {0.5}, int8 z = {0}> {
        n = Neg (x)
        t_1 = Transpose (x)
        d_q_1 = QuantizeLinear (t_1, s, z)
        t = DequantizeLinear (d_q_1, s, z)
        y = MatMul (n, t)
      }"
    `);
  });

  it('is not undone by quantize-before-copy', () => {
    const { trace } = rewrite(model`${product()}`, ruleSet(quantizeBeforeCopy, rule));
    expect(trace.counts()).toEqual(new Map([['transpose-before-quantize', 1]]));
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${product(undefined, 'r = Exp (t)', 'float[2,2] y, float[2,2] r')}`)).toBe(
      'Exp reads Transpose (t), and no product',
    );
    expect(whyNot(rule, model`${product(undefined, 'r = Exp (d)', 'float[2,2] y, float[2,2] r')}`)).toContain(
      'd is also read by Exp',
    );
    expect(whyNot(rule, model`${product('float[2] s = {0.5, 1}, int8[2] z = {0, 0}')}`)).toContain(
      '2 scales',
    );
  });

  keepsTheLaws(
    rule,
    casesOnGrids([2, 2], (constants) => product(constants)),
    { within: 0 },
  );
});
