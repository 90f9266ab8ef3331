import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeAfterClip as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const clipped = (
  low: string,
  high: string,
  outputs = 'float[1,1,3,3] y',
  clip = 'y = Clip (d, low, high)',
) => model`
  main (float[1,1,3,3] x) => (${outputs})
  <float s = {0.5}, int8 z = {0}, float low = {${low}}, float high = {${high}}, float[1,1,1,1] w = {-2}> {
    h = Conv (x, w)
    ${pair('h', 'd')}
    ${clip}
  }`;

describe('quantize-after-clip', () => {
  it('lets the convolution have its Clip', () => {
    expect(picture(apply(rule, clipped('0', '6')))).toMatchInlineSnapshot(`
      "main (float[1,1,3,3] x) => (float[1,1,3,3] y)
      <float s = {0.5}, int8 z = {0}, float low = {0}, float high = {6}, float[1,1,1,1] w = {-2}> {
        h = Conv (x, w)
        y_1 = Clip (h, low, high)
        d_q_1 = QuantizeLinear (y_1, s, z)
        y = DequantizeLinear (d_q_1, s, z)
      }"
    `);
  });

  it('takes bounds beyond the grid, and none', () => {
    expect(whyNot(rule, clipped('-64.3', '1000.1'))).toBeUndefined();
    expect(
      whyNot(rule, clipped('0', '6', undefined, 'y = Clip (d)  l = Neg (low)  m = Neg (high)')),
    ).toBeUndefined();
    expect(whyNot(rule, clipped('0', '6', undefined, 'y = Clip (d, , high)  l = Neg (low)'))).toBeUndefined();
  });

  describe('says why it left', () => {
    it('a bound between two numbers of the grid', () => {
      expect(whyNot(rule, clipped('0', '6.25'))).toBe(
        'the bound 6.25 is not on the grid, which has 6 next to it',
      );
      expect(whyNot(rule, clipped('-0.1', '6'))).toContain('the bound -0.1');
      expect(whyNot(rule, clipped('-0', '6'))).toContain('the bound 0 is not on the grid');
    });
    it('bounds that are no range', () => {
      expect(whyNot(rule, clipped('7', '6'))).toContain('which is no range');
    });
    it('bounds that are not constant', () => {
      const before = clipped('0', '6', undefined, 'm = Abs (high)  y = Clip (d, low, m)');
      expect(whyNot(rule, before)).toContain('m is not a constant; Abs (m) makes it');
    });
  });

  const cases = casesOnGrids([1, 1, 3, 3], (constants, { scale, zero, dtype }, choice) => {
    const smallest = dtype === 'int8' ? -128 : 0;
    const at = (code: number) =>
      Math.fround((Math.min(smallest + 255, Math.max(smallest, code)) - zero) * scale);
    const low = [at(zero), at(smallest + (choice % 100)), -3e38][choice % 3];
    const high = [at(zero + (choice % 90)), 3e38, at(smallest + 255)][(choice % 5) % 3];
    return `
    main (float[1,1,3,3] x) => (float[1,1,3,3] y) <${constants}, float low = {${Math.min(low!, high!)}}, float high = {${Math.max(low!, high!)}}, float[1,1,1,1] w = {-1}> {
      h = Conv (x, w)
      ${pair('h', 'd')}
      c = Clip (d, low, high)
      y = Neg (c)
    }`;
  });
  keepsTheLaws(rule, cases, { within: 0, runs: 80 });
});
