import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { microsoftQlinearToQdq as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const bodies: Readonly<Record<string, string>> = {
  QLinearAdd: 'com.microsoft.QLinearAdd (a, s, z, b, t, u, v, w)',
  QLinearMul: 'com.microsoft.QLinearMul (a, s, z, b, t, u, v, w)',
  QLinearSigmoid: 'com.microsoft.QLinearSigmoid (a, s, z, v, w)',
  QLinearLeakyRelu: 'com.microsoft.QLinearLeakyRelu <alpha = 0.25> (a, s, z, v, w)',
  QLinearAveragePool:
    'com.microsoft.QLinearAveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (a, s, z, v, w)',
  QLinearConcat: 'com.microsoft.QLinearConcat <axis = 1> (v, w, a, s, z, b, t, u)',
};
const optimized = (body: string, shape = '1,2,3,3') => `
  <ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
  main (float[1,2,3,3] x) => (float[${shape}] y)
  <float s = {0.1}, int8 z = {3}, float t = {0.05}, int8 u = {0}, float v = {0.2}, int8 w = {-5}> {
    n = Neg (x)
    a = QuantizeLinear (x, s, z)
    b = QuantizeLinear (n, t, u)
    c = ${body}
    y = DequantizeLinear (c, v, w)
  }`;
const gemm = (bias = ', i', scales = 'float t = {0.05}, int8 u = {0}') => `
  <ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
  main (float[2,3] x) => (float[2,2] y)
  <float s = {0.1}, int8 z = {3}, ${scales}, float v = {0.2}, int8 w = {-5}, int8[2,3] b = {1, 100, 3, 40, -128, 6}, int32[2] i = {50, -9}> {
    a = QuantizeLinear (x, s, z)
    c = com.microsoft.QGemm <transB = 1, alpha = 0.5> (a, s, z, b, t, u${bias || ', '}, v, w)
    y = DequantizeLinear (c, v, w)
  }`;

describe('microsoft-qlinear-to-qdq', () => {
  it.each(Object.keys(bodies))('spells out %s', (name) => {
    const after = picture(
      apply(rule, model`${optimized(bodies[name]!, name === 'QLinearConcat' ? '1,4,3,3' : undefined)}`),
    );
    expect(after).toContain(`${name.replace('QLinear', '')}`);
    expect(after).not.toContain('microsoft');
  });

  it('spells out QGemm, with the scale of what it adds', () => {
    expect(picture(apply(rule, model`${gemm()}`))).toMatchInlineSnapshot(`
      "main (float[2,3] x) => (float[2,2] y)
      <
        float s = {0.1},
        int8 z = {3},
        float t = {0.05},
        int8 u = {0},
        float v = {0.2},
        int8 w = {-5},
        int8[2,3] b = {1, 100, 3, 40, -128, 6},
        int32[2] i = {50, -9},
        float i_scale = {0.0025000002}
      > {
        a = QuantizeLinear (x, s, z)
        c_DequantizeLinear_out = DequantizeLinear (a, s, z)
        c_DequantizeLinear_out_1 = DequantizeLinear (b, t, u)
        c_DequantizeLinear_out_2 = DequantizeLinear (i, i_scale)
        c_Gemm_out = Gemm <alpha = 0.5, transB = 1> (c_DequantizeLinear_out, c_DequantizeLinear_out_1, c_DequantizeLinear_out_2)
        c = QuantizeLinear (c_Gemm_out, v, w)
        y = DequantizeLinear (c, v, w)
      }"
    `);
  });

  it('says why it left', () => {
    const last = bodies['QLinearAveragePool']!.replace('kernel_shape', 'channels_last = 1, kernel_shape');
    expect(whyNot(rule, model`${optimized(last)}`)).toContain('has its channels last');
    const float = gemm().replace(', v, w)', ')').replace('y = DequantizeLinear (c, v, w)', 'y = Neg (c)');
    expect(whyNot(rule, model`${float}`)).toContain('gives floats');
    for (const inputs of ['v, w', 'v', 'v, w, a, s'])
      expect(
        whyNot(rule, model`${optimized(`com.microsoft.QLinearConcat <axis = 1> (${inputs})`)}`),
      ).toContain('three for each part');
  });

  const names = Object.keys(bodies).filter((name) => name !== 'QLinearConcat');
  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (_, choice) => optimized(bodies[names[choice % names.length]!]!)),
    {
      within: 0,
      quanta: 0.201,
    },
  );
  describe('of QGemm', () => {
    keepsTheLaws(
      rule,
      casesInRange([2, 3], (_, choice) =>
        gemm(
          choice % 2 === 0 ? undefined : '',
          choice % 3 === 0 ? 'float[2] t = {0.05, 0.02}, int8[2] u = {0, 0}' : undefined,
        ),
      ),
      { within: 0, quanta: 0.201 },
    );
  });
});
