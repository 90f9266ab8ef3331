import { describe, expect, it } from 'vitest';
import { unquantizeBeforeActivation as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';
import { convolution as network, objectionOf } from '../networks.ts';

const objection = objectionOf(rule);

describe('unquantize-before-activation', () => {
  it('drops the pair, and notes which', () => {
    const before = model`${network(`${pair('h', 'e')}\n  g = Sigmoid (e)\n  y = Mul (e, g)`)}`;
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
        g = Sigmoid (h)
        y = Mul (h, g)
      }"
    `);
    expect(applyTraced(rule, before).trace.rewrites[0]!.note).toMatch(/^the pair on "\w+" goes$/);
  });

  it.each([
    ['LeakyRelu', 'y = LeakyRelu (e)'],
    ['HardSwish', 'y = HardSwish (e)'],
    ['HardSwish in parts', 'g = HardSigmoid (e)\n  y = Mul (e, g)'],
    ['Mish in parts', 'a = Softplus (e)\n  g = Tanh (a)\n  y = Mul (e, g)'],
    ['Gelu', 'y = Gelu (e)'],
    ['Gelu in parts', 'a = Div (e, c)\n  b = Erf (a)\n  g = Add (b, c)\n  m = Mul (e, g)\n  y = Mul (m, c)'],
    [
      'Gelu in other parts',
      'a = Mul (e, c)\n  b = Erf (a)\n  g = Add (b, c)\n  i = Mul (g, c)\n  y = Mul (e, i)',
    ],
  ])('knows %s', (_, body) => {
    const before = model`${network(`${pair('h', 'e')}\n  ${body}`)}`;
    expect(picture(apply(rule, before))).not.toContain('QuantizeLinear (h');
  });

  describe('says why it left', () => {
    it('an activation that trades places', () => {
      expect(objection(network(`${pair('h', 'e')}\n  y = Relu (e)`))).toContain(
        'is not one activation alone',
      );
    });
    it('a value that something else reads, too', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  g = Sigmoid (e)\n  y = Mul (e, g)\n  n = Conv (e, w)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is not one activation alone');
    });
    it('two things that are no gate', () => {
      expect(
        objection(
          network(
            `${pair('h', 'e')}\n  g = Sigmoid (e)\n  y = Mul (e, x)\n  n = Neg (g)`,
            'float[1,2,3,3] y, float[1,2,3,3] n',
          ),
        ),
      ).toContain('is not one activation alone');
    });
    it('an output', () => {
      expect(
        objection(network(`${pair('h', 'e')}\n  y = LeakyRelu (e)`, 'float[1,2,3,3] y, float[1,2,3,3] e')),
      ).toContain('is not one activation alone');
    });
    it('what takes in no activation', () => {
      expect(objection(network(`${pair('x', 'e')}\n  y = LeakyRelu (e)`))).toContain(
        'takes in no activation',
      );
    });
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 2, 3, 3], (constants) =>
      network(`${pair('h', 'e')}\n  g = Sigmoid (e)\n  y = Mul (g, e)`, undefined, constants),
    ),
    { within: 0.05, quanta: 0.25 },
  );
});
