import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { perTensorActivation as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const paired = (constants: string, body = 'h = Neg (x)') => `
  main (float[2,3] x) => (float[2,3] y) <${constants}> {
    ${body}
    q = QuantizeLinear (h, s, z)
    y = DequantizeLinear (q, s, z)
  }`;

describe('per-tensor-activation', () => {
  it('takes the largest scale for all', () => {
    const { model: after, trace } = applyTraced(
      rule,
      model`${paired('float[3] s = {0.5, 2, 1}, int8[3] z = {0, 0, 0}')}`,
    );
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[2,3] x) => (float[2,3] y)
      <float s_1 = {2}, int8 z_1 = {0}> {
        h = Neg (x)
        q_1 = QuantizeLinear (h, s_1, z_1)
        y = DequantizeLinear (q_1, s_1, z_1)
      }"
    `);
    expect(trace.rewrites[0]!.note).toBe('"h" 3 scales, the smallest scale 0.5, ±63.5 → scale 2, ±254');
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${paired('float s = {0.5}, int8 z = {0}')}`)).toBe('it has one scale already');
    expect(whyNot(rule, model`${paired('float[3] s = {0.5, 2, 1}, uint8[3] z = {0, 1, 0}')}`)).toBe(
      'its zero points differ',
    );
    expect(whyNot(rule, model`${paired('float[3] s = {0.5, -2, 1}, int8[3] z = {0, 0, 0}')}`)).toBe(
      'not every scale is a positive number',
    );
    const weights = paired(
      'float[3] s = {0.5, 2, 1}, int8[3] z = {0, 0, 0}, float[2,3] h = {1, 2, 3, 4, 5, 6}',
      'n = Neg (x)',
    );
    expect(whyNot(rule, model`${weights}`)).toContain('weights may have scales along an axis');
  });

  keepsTheLaws(
    rule,
    casesInRange([2, 3], () => paired('float[3] s = {0.1, 0.2, 0.15}, int8[3] z = {0, 0, 0}')),
    { within: 0, quanta: 0.151 },
  );
});
