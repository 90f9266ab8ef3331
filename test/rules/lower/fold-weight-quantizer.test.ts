import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { foldWeightQuantizer as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';

const weights = '0.5, -63.75, 63.25, 1000, 0.25, 0.75, -1000, 0';
const multiplied = (body: string, constants: string) => `
  main (float[1,2] x) => (float[1,4] y) <${constants}> {
    ${body}
    y = MatMul (x, w)
  }`;

const floats = (grid: string, axis = '') =>
  multiplied(
    `q = QuantizeLinear ${axis} (v, s, z)\n  w = DequantizeLinear ${axis} (q, s, z)`,
    `${grid}, float[2,4] v = {${weights}}`,
  );

describe('fold-weight-quantizer', () => {
  it('stores the codes', () => {
    expect(picture(apply(rule, model`${floats('float s = {0.5}, int8 z = {0}')}`))).toMatchInlineSnapshot(`
      "main (float[1,2] x) => (float[1,4] y)
      <float s = {0.5}, int8 z = {0}, int8[2,4] v_1 = {1, -128, 126, 127, 0, 2, -128, 0}> {
        w = DequantizeLinear (v_1, s, z)
        y = MatMul (x, w)
      }"
    `);
  });

  it('knows scales along either axis', () => {
    const rows = floats('float[2] s = {0.5, 1}, int8[2] z = {0, 1}', '<axis = 0>');
    expect(picture(apply(rule, model`${rows}`))).toContain('= {1, -128, 126, 127, 1, 2, -128, 1}');
    const columns = floats('float[4] s = {0.5, 1, 2, 4}, uint8[4] z = {0, 128, 0, 0}', '<axis = -1>');
    expect(picture(apply(rule, model`${columns}`))).toContain('= {1, 64, 32, 250, 0, 129, 0, 0}');
  });

  it('says why it left', () => {
    const read = floats('float s = {0.5}, int8 z = {0}').replace(
      'y = MatMul',
      'r = Cast <to = 1> (q)\n  y = MatMul',
    );
    expect(whyNot(rule, model`${read}`)).toContain('reads q, too, and is no DequantizeLinear');
    expect(whyNot(rule, model`${floats('float s = {-0.5}, int8 z = {0}')}`)).toContain('the scale -0.5');
    const computed = multiplied(
      `v = Exp (u)\n  ${pair('v', 'w')}`,
      `float s = {0.5}, int8 z = {0}, float[2,4] u = {${weights}}`,
    );
    expect(whyNot(rule, model`${computed}`)).toContain('v is not a constant');
  });

  const grids = [
    ['float s = {0.5}, int8 z = {0}', ''],
    ['float s = {0.3}, uint8 z = {7}', ''],
    ['float[4] s = {0.5, 0.1, 2, 7}, int8[4] z = {0, 1, -5, 0}', '<axis = 1>'],
    ['float[2] s = {0.5, 0.1}, int16[2] z = {0, 0}', '<axis = 0>'],
  ] as const;
  keepsTheLaws(
    rule,
    casesInRange([1, 2], (_, choice) => {
      const [grid, axis] = grids[choice % 4]!;
      return floats(grid, axis);
    }),
    { within: 0 },
  );
});
