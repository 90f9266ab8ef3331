import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { scaleBeforeQuantize as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const scaled = (
  factor: string,
  constants = 'float s = {0.5}, int8 z = {0}',
  more = '',
  outputs = 'float[2,2] y',
) =>
  `
  main (float[2,2] x) => (${outputs}) <${constants}, float c = {${factor}}> {
    ${pair('x', 'd')}
    m = Mul (d, c)
    y = MatMul (m, d2)
    ${more}
  }`.replace('y = MatMul', 'd2 = Neg (x)\n    y = MatMul');

describe('scale-before-quantize', () => {
  it('lets the DequantizeLinear touch the product', () => {
    expect(picture(apply(rule, model`${scaled('0.125')}`))).toMatchInlineSnapshot(`
      "main (float[2,2] x) => (float[2,2] y)
      <int8 z = {0}, float c = {0.125}, float s_1 = {0.0625}> {
        m_1 = Mul (x, c)
        d_q_1 = QuantizeLinear (m_1, s_1, z)
        m = DequantizeLinear (d_q_1, s_1, z)
        d2 = Neg (x)
        y = MatMul (m, d2)
      }"
    `);
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${scaled('0.1')}`)).toContain('is no positive power of two');
    expect(whyNot(rule, model`${scaled('-2')}`)).toContain('is no positive power of two');
    expect(
      whyNot(rule, model`${scaled('2', undefined, 'r = Relu (m)', 'float[2,2] y, float[2,2] r')}`),
    ).toContain('Relu reads Mul (m), and no product');
    expect(whyNot(rule, model`${scaled('0.125', 'float s = {1e-30}, int8 z = {0}')}`)).toContain(
      'leaves the middle of the range',
    );
  });

  keepsTheLaws(
    rule,
    casesOnGrids([2, 2], (constants, _, choice) => scaled(String(2 ** ((choice % 9) - 4)), constants)),
    { within: 0, runs: 80 },
  );
});
