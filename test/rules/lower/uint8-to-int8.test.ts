import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { uint8ToInt8 as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const paired = (constants: string, body = pair('x', 'd')) => `
  main (float[2,4] x) => (float[2,4] y) <${constants}> {
    ${body}
    y = Neg (d)
  }`;

describe('uint8-to-int8', () => {
  it('shifts codes and zero point', () => {
    expect(picture(apply(rule, model`${paired('float s = {0.5}, uint8 z = {128}')}`))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[2,4] y)
      <float s = {0.5}, int8 z_1 = {0}> {
        d_q_1 = QuantizeLinear (x, s, z_1)
        d = DequantizeLinear (d_q_1, s, z_1)
        y = Neg (d)
      }"
    `);
  });

  it('shifts codes that are stored', () => {
    const stored = paired(
      'float s = {0.5}, uint8 z = {128}, uint8[2,4] c = {0, 1, 127, 128, 129, 255, 5, 6}',
      'e = DequantizeLinear (c, s, z)\n  d = Add (x, e)',
    );
    expect(picture(apply(rule, model`${stored}`))).toContain(
      'int8[2,4] c_1 = {-128, -127, -1, 0, 1, 127, -123, -122}',
    );
  });

  it('takes the type out of the attribute that names it', () => {
    const named = paired(
      'float s = {0.5}, uint8 z = {128}',
      'q = QuantizeLinear <output_dtype = 2> (x, s, z)\n  d = DequantizeLinear (q, s, z)',
    );
    expect(picture(apply(rule, model`${named}`))).not.toContain('output_dtype');
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${paired('float s = {0.5}, uint8 z = {127}')}`)).toContain(
      'the zero point is 127, not 128',
    );
    expect(whyNot(rule, model`${paired('float s = {0.5}, int8 z = {0}')}`)).toContain('the codes are int8');
    const shared = model`
      main (float[2] x) => (float[2] y, uint8[2] q) <float s = {0.5}, uint8 z = {128}> {
        q = QuantizeLinear (x, s, z)
        y = DequantizeLinear (q, s, z)
      }`;
    expect(whyNot(rule, shared)).toContain('q is also an output of the graph');
  });

  keepsTheLaws(
    rule,
    casesOnGrids([2, 4], (_, { scale }, choice) =>
      choice % 2 === 0
        ? paired(`float s = {${scale}}, uint8 z = {128}`)
        : paired(`float[4] s = {${scale}, 0.1, 2, ${scale}}, uint8[4] z = {128, 128, 128, 128}`),
    ),
    { within: 0 },
  );
});
