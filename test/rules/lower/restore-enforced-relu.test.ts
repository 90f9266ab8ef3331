import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { restoreEnforcedRelu as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const quantized = (body: string, constants = 'float s = {0.5}, uint8 z = {0}') => `
  main (float[1,1,2,2] x) => (float[1,1,2,2] y) <${constants}, float low = {0}, float high = {6}> {
    ${body}
    ${pair('v', 'd')}
    y = Neg (d)
  }`;

describe('restore-enforced-relu', () => {
  it('puts the Relu back that a grid beginning at zero stands for', () => {
    expect(picture(apply(rule, model`${quantized('v = Neg (x)')}`))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float s = {0.5}, uint8 z = {0}, float low = {0}, float high = {6}> {
        v = Neg (x)
        d_Relu_out = Relu (v)
        d_q_1 = QuantizeLinear (d_Relu_out, s, z)
        d = DequantizeLinear (d_q_1, s, z)
        y = Neg (d)
      }"
    `);
    expect(picture(apply(rule, model`${quantized('v = Clip (x, , high)')}`))).toContain('Relu (v)');
    expect(
      picture(apply(rule, model`${quantized('v = Neg (x)', 'float s = {0.5}, int8 z = {-128}')}`)),
    ).toContain('Relu (v)');
  });

  it.each([
    ['v = Clip (x, low, high)'],
    ['a = Sigmoid (x)\n  b = Abs (x)\n  v = Mul (a, b)'],
    ['a = Exp (x)\n  v = MaxPool <kernel_shape = [1, 1]> (a)'],
    ['a = Relu (x)\n  b = Transpose <perm = [0, 1, 3, 2]> (a)\n  v = Concat <axis = 0> (b, b)'],
  ])('leaves what is never negative: %s', (body) => {
    expect(whyNot(rule, model`${quantized(body)}`, 'd')).toBe('v is never negative');
  });

  it('takes a pair that begins at zero for one', () => {
    const twice = `a = Neg (x)\n  ${pair('a', 'b')}\n  v = Transpose <perm = [0, 1, 3, 2]> (b)`;
    expect(whyNot(rule, model`${quantized(twice)}`, 'd')).toBe('v is never negative');
  });

  it('says why it left', () => {
    const left = (constants: string) => whyNot(rule, model`${quantized('v = Neg (x)', constants)}`, 'd');
    expect(left('float s = {0.5}, uint8 z = {3}')).toBe('the grid does not begin at zero');
    expect(left('float s = {0.5}, int8 z = {0}')).toBe('it is symmetric int8 already');
    const input = model`main (float[4] x) => (float[4] y) <float s = {0.5}, uint8 z = {0}> { ${pair('x', 'y')} }`;
    expect(whyNot(rule, input)).toBe('no operator of this graph makes x');
  });

  keepsTheLaws(
    rule,
    casesOnGrids([1, 1, 2, 2], (_, { scale }) =>
      quantized('v = Neg (x)', `float s = {${scale}}, uint8 z = {0}`),
    ),
    { within: 0 },
  );
});
