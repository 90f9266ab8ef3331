import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { unfoldWeightQuantizer as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const multiplied = (body: string, constants: string) => `
  main (float[1,2] x) => (float[1,4] y) <${constants}> {
    ${body}
    y = MatMul (x, w)
  }`;

const codes = (grid: string, axis = '', type = 'int8') =>
  multiplied(
    `w = DequantizeLinear ${axis} (c, s, z)`,
    `${grid}, ${type}[2,4] c = {1, -128, 127, 127, 0, 2, -128, 0}`,
  );

describe('unfold-weight-quantizer', () => {
  it('stores the floats that the codes stand for', () => {
    expect(
      picture(apply(rule, model`${codes('float[4] s = {0.5, 1, 2, 3}, int8[4] z = {0, 0, 0, 0}')}`)),
    ).toMatchInlineSnapshot(`
      "main (float[1,2] x) => (float[1,4] y)
      <
        float[4] s = {0.5, 1, 2, 3},
        int8[4] z = {0, 0, 0, 0},
        float[2,4] c_1 = {0.5, -128, 254, 381, 0, 2, -256, 0}
      > {
        w_QuantizeLinear_out = QuantizeLinear (c_1, s, z)
        w = DequantizeLinear (w_QuantizeLinear_out, s, z)
        y = MatMul (x, w)
      }"
    `);
  });

  it('says why it left', () => {
    const read = codes('float s = {0.5}, int8 z = {0}').replace('y = MatMul', 'r = Neg (w)\n  y = MatMul');
    expect(whyNot(rule, model`${read}`)).toContain('Neg (r) reads w, too, and is no operator with weights');
    const wide = codes('float s = {0.5}, int32 z = {0}', '', 'int32');
    expect(whyNot(rule, model`${wide}`)).toContain('the codes are int32');
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2], (_, choice) =>
      choice % 2 === 0
        ? codes('float s = {0.3}, int8 z = {3}')
        : codes('float[2] s = {0.3, 7}, int8[2] z = {3, 0}', '<axis = 0>'),
    ),
    { within: 0 },
  );
});
