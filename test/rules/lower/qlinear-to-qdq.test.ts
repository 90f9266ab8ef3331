import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { qlinearToQdq as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const convolved = (ws: string, wz: string, bias = ', b', xs = 's') => `
  main (float[1,2,3,3] x) => (float[1,2,3,3] y)
  <float s = {0.1}, int8 z = {3}, float ys = {0.2}, int8 yz = {-5}, ${ws}, ${wz}, int8[2,2,3,3] w = {${Array.from({ length: 36 }, (_, i) => ((i * 37) % 255) - 127).join(', ')}}, int32[2] b = {100, -70}> {
    q = QuantizeLinear (x, s, z)
    c = QLinearConv <pads = [1, 1, 1, 1]> (q, ${xs}, z, w, ws, wz, ys, yz${bias})
    y = DequantizeLinear (c, ys, yz)
  }`;
const multiplied = (bs = 'float bs = {0.02}', bz = 'uint8 bz = {7}') => `
  main (float[2,3] x) => (float[2,2] y)
  <float s = {0.1}, uint8 z = {100}, float ys = {0.2}, uint8 yz = {90}, ${bs}, ${bz}, uint8[3,2] w = {1, 200, 3, 40, 255, 6}> {
    q = QuantizeLinear (x, s, z)
    c = QLinearMatMul (q, s, z, w, bs, bz, ys, yz)
    y = DequantizeLinear (c, ys, yz)
  }`;

describe('qlinear-to-qdq', () => {
  it('spells out a convolution, with the scale of its bias', () => {
    expect(
      picture(apply(rule, model`${convolved('float[2] ws = {0.01, 0.02}', 'int8[2] wz = {0, 0}')}`)),
    ).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {3},
        float ys = {0.2},
        int8 yz = {-5},
        float[2] ws = {0.01, 0.02},
        int8[2] wz = {0, 0},
        int8[2,2,3,3] w = {-127, -90, -53, -16, 21, 58, 95, -123, -86, -49, -12, 25, 62, 99, -119, -82, -45, -8, 29, 66, 103, -115, -78, -41, -4, 33, 70, 107, -111, -74, -37, 0, 37, 74, 111, -107},
        int32[2] b = {100, -70},
        float[2] b_scale = {0.001, 0.002}
      > {
        q = QuantizeLinear (x, s, z)
        c_DequantizeLinear_out = DequantizeLinear (q, s, z)
        c_DequantizeLinear_out_1 = DequantizeLinear <axis = 0> (w, ws, wz)
        c_DequantizeLinear_out_2 = DequantizeLinear <axis = 0> (b, b_scale)
        c_Conv_out = Conv <pads = [1, 1, 1, 1]> (c_DequantizeLinear_out, c_DequantizeLinear_out_1, c_DequantizeLinear_out_2)
        c = QuantizeLinear (c_Conv_out, ys, yz)
        y = DequantizeLinear (c, ys, yz)
      }"
    `);
  });

  it('spells out a product', () => {
    expect(picture(apply(rule, model`${multiplied()}`))).toMatchInlineSnapshot(`
      "main (float[2,3] x) => (float[2,2] y)
      <
        float s = {0.1},
        uint8 z = {100},
        float ys = {0.2},
        uint8 yz = {90},
        float bs = {0.02},
        uint8 bz = {7},
        uint8[3,2] w = {1, 200, 3, 40, 255, 6}
      > {
        q = QuantizeLinear (x, s, z)
        c_DequantizeLinear_out = DequantizeLinear (q, s, z)
        c_DequantizeLinear_out_1 = DequantizeLinear (w, bs, bz)
        c_MatMul_out = MatMul (c_DequantizeLinear_out, c_DequantizeLinear_out_1)
        c = QuantizeLinear (c_MatMul_out, ys, yz)
        y = DequantizeLinear (c, ys, yz)
      }"
    `);
    expect(
      picture(apply(rule, model`${multiplied('float[2] bs = {0.02, 0.1}', 'uint8[2] bz = {7, 0}')}`)),
    ).toContain('DequantizeLinear (w, bs, bz)');
  });

  it('says why it left', () => {
    const computed = convolved('float ws = {0.01}', 'int8 wz = {0}', '', 'xs').replace(
      'q = ',
      'xs = Abs (s)\n  q = ',
    );
    expect(whyNot(rule, model`${computed}`)).toBe('xs is not constant');
  });

  const models = [
    convolved('float ws = {0.01}', 'int8 wz = {0}', ''),
    convolved('float[2] ws = {0.01, 0.002}', 'int8[2] wz = {0, 0}'),
    multiplied(),
    multiplied('float[2] bs = {0.02, 0.1}', 'uint8[2] bz = {7, 0}'),
  ];
  // One code of the result, where a sum lies on a tie or beside one.
  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (_, choice) => models[choice % 2]!),
    { within: 0, quanta: 0.201 },
  );
  describe('of products', () => {
    keepsTheLaws(
      rule,
      casesInRange([2, 3], (_, choice) => models[2 + (choice % 2)]!),
      { within: 0, quanta: 0.201 },
    );
  });
});
