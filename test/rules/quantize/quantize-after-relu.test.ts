import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeAfterRelu as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const conv = (
  after: string,
  outputs = 'float[1,1,3,3] y',
  constants = 'float s = {0.5}, int8 z = {0}',
) => model`
  main (float[1,1,3,3] x) => (${outputs}) <${constants}, float[1,1,1,1] w = {-2}> {
    h = Conv (x, w)
    ${after}
  }`;

describe('quantize-after-relu', () => {
  it('lets the convolution have its Relu', () => {
    const before = conv(`${pair('h', 'd')}\n  y = Relu (d)`);
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,3,3] x) => (float[1,1,3,3] y)
      <float s = {0.5}, int8 z = {0}, float[1,1,1,1] w = {-2}> {
        h = Conv (x, w)
        y_1 = Relu (h)
        d_q_1 = QuantizeLinear (y_1, s, z)
        y = DequantizeLinear (d_q_1, s, z)
      }"
    `);
  });

  describe('says why it left', () => {
    it('a pair that others read', () => {
      const before = conv(
        `${pair('h', 'd')}\n  y = Relu (d)\n  n = Neg (d)`,
        'float[1,1,3,3] y, float[1,1,3,3] n',
      );
      expect(whyNot(rule, before)).toBe('d is also read by Neg; the match would have to own it');
    });
    it('a pair that is an output', () => {
      const before = conv(`${pair('h', 'd')}\n  y = Relu (d)`, 'float[1,1,3,3] y, float[1,1,3,3] d');
      expect(whyNot(rule, before)).toContain('d is also an output of the graph');
    });
    it('a Relu that nothing takes in', () => {
      const before = conv(`n = Exp (h)\n  ${pair('n', 'd')}\n  y = Relu (d)`);
      expect(whyNot(rule, before)).toBe('Exp (n) takes in no activation; nothing would be gained');
    });
    it('scales that turn the order round, and types without integers', () => {
      const of = (constants: string) => conv(`${pair('h', 'd')}\n  y = Relu (d)`, undefined, constants);
      expect(whyNot(rule, of('float s = {-0.5}, int8 z = {0}'))).toContain(
        'the scale -0.5 is not a positive number',
      );
      expect(whyNot(rule, of('float s = {0}, int8 z = {0}'))).toContain(
        'the scale 0 is not a positive number',
      );
      expect(whyNot(rule, of('float s = {0.5}, float8e4m3fn z = {0}'))).toContain(
        'the codes are float8e4m3fn',
      );
    });
  });

  const cases = casesOnGrids(
    [1, 1, 3, 3],
    (constants) => `
    main (float[1,1,3,3] x) => (float[1,1,3,3] y) <${constants}, float[1,1,1,1] w = {-1}> {
      h = Conv (x, w)
      ${pair('h', 'd')}
      r = Relu (d)
      y = Neg (r)
    }`,
  );
  keepsTheLaws(rule, cases, { within: 0 });

  it('holds for every type of integers, and for scales by channel', () => {
    for (const [type, zeros] of [
      ['int4', '0, 0'],
      ['uint4', '3, 0'],
      ['int16', '5, -7'],
      ['uint8', '255, 0'],
    ] as const) {
      const before = model`
        main (float[1,2,1,3] x) => (float[1,2,1,3] y) <float[2] s = {0.5, 0.125}, ${type} [2] z = {${zeros}}> {
          h = Add (x, x)
          q = QuantizeLinear <axis = 1> (h, s, z)
          d = DequantizeLinear <axis = 1> (q, s, z)
          y = Relu (d)
        }`;
      expect(whyNot(rule, before)).toBeUndefined();
    }
  });
});
