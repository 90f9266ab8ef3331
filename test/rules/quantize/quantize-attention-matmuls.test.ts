import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeAttentionMatmulsWith, quantizeAttentionMatmuls as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolutionBehindRelu as network } from '../networks.ts';

describe('quantize-attention-matmuls', () => {
  it('gives a Softmax the scale that its range has', () => {
    const { model: after, trace } = applyTraced(
      rule,
      model`${network('a = Softmax (h)\n  y = MatMul (a, d)')}`,
    );
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {0},
        float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5},
        float[1,2,1,1] c = {1, -1},
        float a_scale = {0.007874016},
        int8 a_zero_point = {0}
      > {
        r = Relu (x)
        d_q = QuantizeLinear (r, s, z)
        d = DequantizeLinear (d_q, s, z)
        h = Conv (d, w)
        a = Softmax (h)
        y_QuantizeLinear_out = QuantizeLinear (a, a_scale, a_zero_point)
        y_DequantizeLinear_out = DequantizeLinear (y_QuantizeLinear_out, a_scale, a_zero_point)
        y = MatMul (y_DequantizeLinear_out, d)
      }"
    `);
    expect(trace.rewrites[0]!.note).toMatchInlineSnapshot(`""a" gets a pair: scale 0.00787402, ±1"`);
  });

  it('reads the pair that an operand has, or makes one of its range', () => {
    expect(
      picture(
        apply(
          rule,
          model`${network(`${pair('h', 'e')}\n  a = Add (e, e)\n  y = MatMul (d, h)\n  k = Neg (a)`)}`,
        ),
      ),
    ).toContain('y = MatMul (d, e)');
    const observed = quantizeAttentionMatmulsWith(new Map([['h', { min: -12.7, max: 1 }]]));
    expect(applyTraced(observed, model`${network('y = MatMul (d, h)')}`).trace.rewrites[0]!.note).toBe(
      '"h" gets a pair: scale 0.1, ±12.7',
    );
  });

  it('says why it left a product', () => {
    const objection = (body: string) => whyNot(rule, model`${network(body)}`, 'y');
    expect(objection('y = MatMul (d, d)')).toBe('both operands of MatMul (y) are quantized');
    expect(objection('y = MatMul (h, h)')).toBe('both operands of MatMul (y) are float');
    expect(objection('y = MatMul (d, h)')).toBe('no scale is known for h: calibrate it');
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network('a = Softmax (h)\n  y = MatMul (a, d)', undefined, constants),
    ),
    { within: 0, quanta: 0.15 },
  );
});
