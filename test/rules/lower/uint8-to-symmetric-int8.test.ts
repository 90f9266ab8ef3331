import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { uint8ToSymmetricInt8 as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';

const paired = (constants: string) => `
  main (float[2,4] x) => (float[2,4] y) <${constants}> {
    ${pair('x', 'd')}
    y = Neg (d)
  }`;

describe('uint8-to-symmetric-int8', () => {
  it('takes the smallest symmetric range that holds the old one', () => {
    const { model: after, trace } = applyTraced(rule, model`${paired('float s = {0.5}, uint8 z = {0}')}`);
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[2,4] y)
      <float s_1 = {1.003937}, int8 z_1 = {0}> {
        d_q_1 = QuantizeLinear (x, s_1, z_1)
        d = DequantizeLinear (d_q_1, s_1, z_1)
        y = Neg (d)
      }"
    `);
    expect(trace.rewrites[0]!.note).toBe('"x" 0 … 127.5 → ±127.5');
  });

  it('knows int8 off its centre, scales by channel, and a zero point that is not there', () => {
    expect(picture(apply(rule, model`${paired('float s = {0.5}, int8 z = {-28}')}`))).toContain(
      's_1 = {0.6102362}',
    );
    const channels = paired('float[4] s = {1, 2, 3, 4}, uint8[4] z = {0, 128, 255, 0}');
    expect(picture(apply(rule, model`${channels}`))).toContain('int8[4] z_1 = {0, 0, 0, 0}');
    const bare = model`
      main (float[4] x) => (float[4] y) <float s = {0.5}> {
        q = QuantizeLinear (x, s)
        y = DequantizeLinear (q, s)
      }`;
    expect(picture(apply(rule, bare))).toContain('int8 x_zero_point = {0}');
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${paired('float s = {0.5}, int8 z = {0}')}`)).toBe(
      'it is symmetric int8 already',
    );
    expect(whyNot(rule, model`${paired('float s = {0.5}, uint8 z = {128}')}`)).toBe(
      'uint8-to-int8 does it exactly',
    );
    expect(whyNot(rule, model`${paired('float s = {0.5}, int16 z = {7}')}`)).toBe('the codes are int16');
  });

  keepsTheLaws(
    rule,
    casesInRange([2, 4], () => paired('float s = {0.1}, uint8 z = {100}')),
    { within: 0, quanta: 0.11 },
  );
});
