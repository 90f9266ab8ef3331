import { describe, expect, it } from 'vitest';
import { unquantizeHalfQuantizedMatmul as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('unquantize-half-quantized-matmul', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`a = Softmax (h)\n  ${pair('h', 'e')}\n  y = MatMul (e, a)`)}`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <
        float s = {0.1},
        int8 z = {0},
        float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5},
        float[2] k = {2, 0.5},
        float[1,2,1,1] c = {1, -1},
        float[2] v = {1, 4}
      > {
        d_q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (d_q, s, z)
        h = Conv (d, w)
        a = Softmax (h)
        y = MatMul (h, a)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  describe('says why it left', () => {
    it('two quantized operands', () => {
      expect(
        objection(network(`a = Softmax (h)\n  ${pair('h', 'e')}\n  ${pair('a', 'f')}\n  y = MatMul (e, f)`)),
      ).toContain('is quantized, too');
    });
    it('a weight', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  m = MatMul (e, e2)\n  y = Neg (m)`,
            'float[1,2,3,3] y',
            'float s = {0.1}, int8 z = {0}, float[3,3] e2 = {1, 2, 3, 4, 5, 6, 7, 8, 9}',
          ),
        ),
      ).toContain('is a weight without quantizer');
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`a = Softmax (h)\n  ${pair('h', 'e')}\n  y = MatMul (e, a)`, undefined, constants),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
