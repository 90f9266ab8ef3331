import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { replaceZeroScales as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const convolved = (codes: string, scales = '0.5, 0', axis = 0, zeros = '0, 0') => `
  main (float[1,2,1,3] x) => (float[1,2,1,3] y)
  <int8[2,2,1,1] c = {${codes}}, float[2] s = {${scales}}, int8[2] z = {${zeros}}> {
    w = DequantizeLinear <axis = ${axis}> (c, s, z)
    y = Conv (x, w)
  }`;

describe('replace-zero-scales', () => {
  it('gives a dead channel a scale that importers take', () => {
    expect(picture(apply(rule, model`${convolved('1, 2, 0, 0')}`))).toMatchInlineSnapshot(`
      "main (float[1,2,1,3] x) => (float[1,2,1,3] y)
      <int8[2,2,1,1] c = {1, 2, 0, 0}, int8[2] z = {0, 0}, float[2] s_1 = {0.5, 1}> {
        w = DequantizeLinear <axis = 0> (c, s_1, z)
        y = Conv (x, w)
      }"
    `);
    expect(picture(apply(rule, model`${convolved('1, 0, 2, 0', '0.5, 0', 1)}`))).toContain('s_1 = {0.5, 1}');
    expect(picture(apply(rule, model`${convolved('1, 2, 7, 7', '0.5, 0', 0, '0, 7')}`))).toContain(
      's_1 = {0.5, 1}',
    );
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${convolved('1, 2, 0, 3')}`)).toBe(
      'scale 1 is 0, and its channel is not all zero',
    );
    expect(whyNot(rule, model`${convolved('1, 2, 0, 0', '0.5, 1')}`)).toBe('every scale is positive');
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 1, 3], (_, choice) => convolved(`${choice % 128}, 2, 0, 0`)),
    { within: 0 },
  );
});
