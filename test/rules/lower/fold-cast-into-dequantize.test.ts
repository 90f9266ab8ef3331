import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { foldCastIntoDequantize as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const cast = (s = 'float s = {0.1}', to = 10, more = '', outputs = 'float[2,4] y', opset = 21) => `
  <ir_version: 10, opset_import: ["" : ${opset}]>
  main (float[2,4] x) => (${outputs}) <${s}, int8 z = {0}> {
    q = QuantizeLinear (x, ${s.split(' ')[1]}, z)
    d = DequantizeLinear (q, ${s.split(' ')[1]}, z)
    h = Cast <to = ${to}> (d)
    y = Cast <to = 1> (h)
    ${more}
  }`;

describe('fold-cast-into-dequantize', () => {
  it('gives the scale the type that is wanted', () => {
    expect(picture(apply(rule, model`${cast()}`))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[2,4] y)
      <float s = {0.1}, int8 z = {0}, float16 s_1 = {0.1}> {
        q = QuantizeLinear (x, s, z)
        h = DequantizeLinear (q, s_1, z)
        y = Cast <to = 1> (h)
      }"
    `);
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${cast(undefined, 11)}`, 'h')).toContain('does not make float16');
    expect(whyNot(rule, model`${cast('float s = {0.00001}')}`, 'h')).toContain(
      'is beyond the normal numbers of float16',
    );
    expect(
      whyNot(rule, model`${cast(undefined, 10, 'n = Neg (d)', 'float[2,4] y, float[2,4] n')}`, 'h'),
    ).toContain('d is also read by Neg');
    expect(whyNot(rule, model`${cast(undefined, 10, '', undefined, 18)}`, 'h')).toContain(
      'the pattern needs 19 to',
    );
  });

  keepsTheLaws(
    rule,
    casesInRange([2, 4], (_, choice) => cast(`float s = {${0.01 + choice / 1000}}`)),
    { within: 2 ** -10, quanta: 1e-4 },
  );
});
