import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { moveTransposeIntoWeights as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';

const turned = (body: string, constants: string) => `
  main (float[1,2] x) => (float[1,4] y) <${constants}> {
    ${body}
    w = Transpose (d)
    y = MatMul (x, w)
  }`;
const floats = 'float[4,2] v = {1, 2, 3, 4, 5, 6, 7, 8}';
const codes = 'int8[4,2] c = {1, 2, 3, 4, 5, 6, 7, 8}';

describe('move-transpose-into-weights', () => {
  it('lets the DequantizeLinear touch the product', () => {
    expect(
      picture(apply(rule, model`${turned(pair('v', 'd'), `float s = {0.5}, int8 z = {0}, ${floats}`)}`)),
    ).toMatchInlineSnapshot(`
      "main (float[1,2] x) => (float[1,4] y)
      <float s = {0.5}, int8 z = {0}, float[4,2] v = {1, 2, 3, 4, 5, 6, 7, 8}> {
        w_1 = Transpose (v)
        d_q_1 = QuantizeLinear (w_1, s, z)
        w = DequantizeLinear (d_q_1, s, z)
        y = MatMul (x, w)
      }"
    `);
  });

  it('takes the axis of the scales with it', () => {
    const channels = turned(
      'd = DequantizeLinear <axis = 0> (c, s, z)',
      `float[4] s = {1, 2, 3, 4}, int8[4] z = {0, 0, 0, 0}, ${codes}`,
    );
    expect(picture(apply(rule, model`${channels}`))).toContain(
      'w = DequantizeLinear (w_1, s, z)'.replace('w_1', 'w_1'),
    );
  });

  it('says why it left', () => {
    const computed = turned(
      `v = Exp (u)\n  ${pair('v', 'd')}`,
      `float s = {0.5}, int8 z = {0}, ${floats.replace(' v', ' u')}`,
    );
    expect(whyNot(rule, model`${computed}`)).toContain('v is not a constant');
    const shared = turned(pair('v', 'd'), `float s = {0.5}, int8 z = {0}, ${floats}`).replace(
      'y = MatMul',
      'n = Neg (d)\n  y = MatMul',
    );
    expect(whyNot(rule, model`${shared}`)).toContain('d is also read by Neg');
  });

  const bodies = [
    [pair('v', 'd'), `float s = {0.5}, int8 z = {0}, ${floats}`],
    ['d = DequantizeLinear (c, s, z)', `float s = {0.3}, int8 z = {1}, ${codes}`],
    [
      'd = DequantizeLinear <axis = 0> (c, s, z)',
      `float[4] s = {0.3, 1, 2, 3}, int8[4] z = {0, 0, 1, 2}, ${codes}`,
    ],
    ['d = DequantizeLinear <axis = -1> (c, s, z)', `float[2] s = {0.3, 1}, int8[2] z = {0, 5}, ${codes}`],
  ] as const;
  keepsTheLaws(
    rule,
    casesInRange([1, 2], (_, choice) => {
      const [body, constants] = bodies[choice % 4]!;
      return turned(body!, constants!);
    }),
    { within: 0 },
  );
});
