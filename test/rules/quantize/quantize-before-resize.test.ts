import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeResize as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const resized = (mode: string, constants = 'float s = {0.5}, int8 z = {0}') => `
  main (float[1,1,2,2] x) => (float[1,1,4,4] y) <${constants}, float[4] by = {1, 1, 2, 2}> {
    n = Neg (x)
    r = Resize <${mode}> (n, , by)
    ${pair('r', 'd')}
    y = Neg (d)
  }`;

describe('quantize-before-resize', () => {
  it('quantizes the small tensor', () => {
    expect(picture(apply(rule, model`${resized('mode = "nearest"')}`))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,1,4,4] y)
      <float s = {0.5}, int8 z = {0}, float[4] by = {1, 1, 2, 2}> {
        n = Neg (x)
        d_q_1 = QuantizeLinear (n, s, z)
        d_1 = DequantizeLinear (d_q_1, s, z)
        d = Resize <mode = "nearest"> (d_1, "", by)
        y = Neg (d)
      }"
    `);
  });

  it('says why it left a Resize that computes', () => {
    expect(whyNot(rule, model`${resized('mode = "linear"')}`)).toContain('interpolates (linear)');
    expect(whyNot(rule, model`${resized('mode = "cubic"')}`)).toContain('interpolates (cubic)');
    const cropped = 'mode = "nearest", coordinate_transformation_mode = "tf_crop_and_resize"';
    expect(whyNot(rule, model`${resized(cropped)}`)).toContain('fills in what lies outside');
  });

  const modes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
  const cases = casesOnGrids([1, 1, 2, 2], (constants, _, choice) =>
    resized(`mode = "nearest", nearest_mode = "${modes[choice % 4]}"`, constants),
  );
  keepsTheLaws(rule, cases, { within: 0 });
});
