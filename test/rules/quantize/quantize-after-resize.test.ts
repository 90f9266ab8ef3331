import { describe, expect, it } from 'vitest';
import { rewrite, ruleSet, whyNot } from '../../../src/rewrite/index.ts';
import { quantizeAfterResize, quantizeBeforeResize } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const resized = (mode: string, constants = 'float s = {0.5}, int8 z = {0}', more = '') => `
  main (float[1,1,2,2] x) => (float[1,1,4,4] y${more && ', float[1,1,2,2] v'}) <${constants}, float[4] by = {1, 1, 2, 2}> {
    ${pair('x', 'd')}
    r = Resize <${mode}> (d, , by)
    y = Neg (r)
    ${more}
  }`;

describe('quantize-after-resize', () => {
  it('quantizes what has been resized', () => {
    expect(picture(apply(quantizeAfterResize, model`${resized('mode = "nearest"')}`))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,1,4,4] y)
      <float s = {0.5}, int8 z = {0}, float[4] by = {1, 1, 2, 2}> {
        r_1 = Resize <mode = "nearest"> (x, "", by)
        d_q_1 = QuantizeLinear (r_1, s, z)
        r = DequantizeLinear (d_q_1, s, z)
        y = Neg (r)
      }"
    `);
  });

  it('says why it left a Resize that interpolates, and a pair that others read', () => {
    expect(whyNot(quantizeAfterResize, model`${resized('mode = "linear"')}`)).toContain(
      'interpolates (linear)',
    );
    const shared = model`${resized('mode = "nearest"', undefined, 'v = Exp (d)')}`;
    expect(whyNot(quantizeAfterResize, shared)).toBe('d is also read by Exp; the match would have to own it');
  });

  it('is never used together with its opposite, which the driver would notice', () => {
    const both = ruleSet(quantizeAfterResize, quantizeBeforeResize);
    expect(rewrite(model`${resized('mode = "nearest"')}`, both).trace.stop.kind).toBe('loop');
  });

  const cases = casesOnGrids([1, 1, 2, 2], (constants) => resized('mode = "nearest"', constants));
  keepsTheLaws(quantizeAfterResize, cases, { within: 0 });
});
