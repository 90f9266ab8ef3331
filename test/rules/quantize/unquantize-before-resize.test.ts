import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { unquantizeBeforeResize as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const resized = (
  mode: string,
  constants = 'float s = {0.5}, int8 z = {0}',
  behind = pair('r', 'y', 's2, z'),
) => `
  main (float[1,1,2,2] x) => (float[1,1,4,4] y) <${constants}, float s2 = {0.25}, float[4] by = {1, 1, 2, 2}> {
    n = Neg (x)
    ${pair('n', 'd')}
    r = Resize <mode = "${mode}"> (d, , by)
    ${behind}
  }`;

describe('unquantize-before-resize', () => {
  it('rounds once, behind', () => {
    expect(picture(apply(rule, model`${resized('linear')}`))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,1,4,4] y)
      <int8 z = {0}, float s2 = {0.25}, float[4] by = {1, 1, 2, 2}> {
        n = Neg (x)
        r_1 = Resize <mode = "linear"> (n, "", by)
        y_q = QuantizeLinear (r_1, s2, z)
        y = DequantizeLinear (y_q, s2, z)
      }"
    `);
  });

  it('says why it left a copy, and a Resize that is not quantized behind', () => {
    expect(whyNot(rule, model`${resized('nearest')}`)).toContain('quantize-after-resize moves the pair');
    expect(
      whyNot(rule, model`${resized('linear', undefined, 'y = Relu (r)\n  u = Exp (s2)\n v = Exp (s)')}`),
    ).toContain('is not Resize');
  });

  // What is saturated on its way in would come out another number: the law speaks of values in range.
  keepsTheLaws(
    rule,
    casesOnGrids([1, 1, 2, 2], (constants) => resized('linear', constants)),
    { within: 1 },
  );
});
