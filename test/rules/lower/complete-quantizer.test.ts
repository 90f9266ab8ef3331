import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { completeQuantizer as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws } from '../laws.ts';

const bare = (body: string, constants = 'float s = {0.5}, int8[2,4] c = {1, 2, 3, 4, 5, 6, 7, 8}') => `
  main (float[2,4] x) => (float[2,4] y) <${constants}> {
    ${body}
  }`;

describe('complete-quantizer', () => {
  it('writes down the zero points that ONNX assumes', () => {
    const before = bare(
      'q = QuantizeLinear (x, s)\n  d = DequantizeLinear (q, s)\n  e = DequantizeLinear (c, s)\n  y = Add (d, e)',
    );
    expect(picture(apply(rule, model`${before}`))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[2,4] y)
      <
        float s = {0.5},
        int8[2,4] c = {1, 2, 3, 4, 5, 6, 7, 8},
        uint8 s_zero_point = {0},
        uint8 s_zero_point_1 = {0},
        int8 s_zero_point_2 = {0}
      > {
        q = QuantizeLinear (x, s, s_zero_point)
        d = DequantizeLinear (q, s, s_zero_point_1)
        e = DequantizeLinear (c, s, s_zero_point_2)
        y = Add (d, e)
      }"
    `);
  });

  it('writes down the axis that ONNX assumes', () => {
    const before = bare(
      'q = QuantizeLinear (x, s, z)\n  y = DequantizeLinear <axis = -1> (q, s, z)',
      'float[4] s = {1, 2, 3, 4}, int8[4] z = {0, 0, 0, 0}',
    );
    expect(picture(apply(rule, model`${before}`))).toContain('q = QuantizeLinear <axis = 1> (x, s, z)');
  });

  it('says the type by the zero point alone', () => {
    const before = bare(
      'q = QuantizeLinear <output_dtype = 3> (x, s)\n  y = DequantizeLinear (q, s)',
      'float s = {0.5}',
    );
    const after = picture(apply(rule, model`${before}`));
    expect(after).toContain('int8 s_zero_point = {0}');
    expect(after).not.toContain('output_dtype');
  });

  it('says why it left', () => {
    const whole = bare(
      'q = QuantizeLinear (x, s, z)\n  y = DequantizeLinear (q, s, z)',
      'float s = {0.5}, int8 z = {0}',
    );
    expect(whyNot(rule, model`${whole}`)).toContain('it says its zero point and axis');
    const small = bare(
      'q = QuantizeLinear <output_dtype = 17> (x, s)\n  y = DequantizeLinear (q, s)',
      'float s = {0.5}',
    );
    expect(whyNot(rule, model`${small}`, 'q')).toContain('the codes are float8e4m3fn');
  });

  keepsTheLaws(
    rule,
    casesOnGrids([2, 4], (_, { scale }, choice) =>
      bare(
        `q = QuantizeLinear (x, s)\n  y = DequantizeLinear (q, s)`,
        choice % 2 === 0 ? `float s = {${scale}}` : `float[4] s = {${scale}, 1, 2, 3}`,
      ),
    ),
    { within: 0 },
  );
});
