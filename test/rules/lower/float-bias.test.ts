import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { floatBias as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const biased = (bias: string, more = '', constants = 'float s = {0.003}', outputs = 'float[1,2,1,3] y') => `
  main (float[1,2,1,3] x) => (${outputs})
  <${constants}, int32[2] c = {${bias}}, float[2,2,1,1] w = {1, 2, 3, 4}> {
    b = DequantizeLinear <axis = 0> (c, s)
    y = Conv (x, w, b)
    ${more}
  }`;

describe('float-bias', () => {
  it('computes the bias', () => {
    expect(picture(apply(rule, model`${biased('1000, -2147483648')}`))).toMatchInlineSnapshot(`
      "main (float[1,2,1,3] x) => (float[1,2,1,3] y)
      <float[2,2,1,1] w = {1, 2, 3, 4}, float[2] c_1 = {3, -6442451}> {
        y = Conv (x, w, c_1)
      }"
    `);
  });

  it('says why it left', () => {
    const two = 'float[1,2,1,3] y, float[2] n';
    expect(whyNot(rule, model`${biased('1, 2', 'n = Neg (b)', undefined, two)}`)).toBe(
      'Neg (n) reads b, too, and is no operator with a bias',
    );
    expect(whyNot(rule, model`${biased('1, 2', '', undefined, 'float[1,2,1,3] y, float[2] b')}`)).toBe(
      'b is an output of the graph',
    );
    const int8 = biased('1, 2').replace('int32[2]', 'int8[2]');
    expect(whyNot(rule, model`${int8}`)).toBe('c is int8, not int32');
    expect(whyNot(rule, model`${biased('1, 2', '', 'float[1,1] s = {0.5}')}`)).toContain('s comes in blocks');
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 1, 3], (_, choice) =>
      biased(
        `${choice * 123457}, ${-choice}`,
        '',
        choice % 2 === 0 ? 'float s = {0.003}' : 'float[2] s = {0.003, 1.1}',
      ),
    ),
    { within: 0 },
  );
});
