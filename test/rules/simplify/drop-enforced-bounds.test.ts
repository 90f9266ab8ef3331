import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { dropEnforcedBounds as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const bounded = (clip: string, scale = '0.04', type = 'int8', zero = '0', opset = 21) => model`
  <ir_version: 10, opset_import: ["" : ${opset}]>
  main (float[4] x) => (${type}[4] y) <float s = {${scale}}, ${type} z = {${zero}}, float low = {0}, float high = {6}> {
    h = ${clip}
    y = QuantizeLinear (h, s, z)
  }`;
const text = (clip: string, ...rest: string[]) => {
  const after = picture(apply(rule, bounded(clip, ...rest)));
  return after.slice(after.indexOf('{\n') + 2, after.lastIndexOf('\n}')).trim();
};

describe('drop-enforced-bounds', () => {
  it('makes a Relu of a Relu6 whose top the quantizer keeps', () => {
    expect(picture(apply(rule, bounded('Clip (x, low, high)')))).toMatchInlineSnapshot(`
      "main (float[4] x) => (int8[4] y)
      <float s = {0.04}, int8 z = {0}> {
        y_Relu_out = Relu (x)
        y = QuantizeLinear (y_Relu_out, s, z)
      }"
    `);
  });

  it('keeps the bound that is left, and nothing where none is', () => {
    expect(text('Clip (x, low, high)', '0.05', 'uint8', '0')).toContain('Clip (x, "", high)');
    expect(text('Clip (x, low, high)', '0.02', 'uint8', '0')).toBe('y = QuantizeLinear (x, s, z)');
    expect(text('Relu (x)', '0.02', 'uint8', '0')).toBe('y = QuantizeLinear (x, s, z)');
    expect(text('Relu (x)', '0.02', 'int8', '-128')).toBe('y = QuantizeLinear (x, s, z)');
  });

  it('knows the attributes of opset 10', () => {
    const before = bounded('Clip <min = -1.0, max = 6.0> (x)', '0.04', 'int8', '0', 10);
    expect(picture(apply(rule, before))).toContain('Clip <min = -1.0> (x)');
  });

  it('takes the tie of 126.5 for what it is: rounded to even, it is no last code', () => {
    const at = (high: number) => model`
      main (float[4] x) => (int8[4] y) <float s = {0.5}, int8 z = {0}, float high = {${high}}> {
        h = Clip (x, , high)
        y = QuantizeLinear (h, s, z)
      }`;
    expect(whyNot(rule, at(63.25))).toContain('keeps neither -Infinity nor 63.25');
    expect(whyNot(rule, at(63.25001))).toBeUndefined();
  });

  it('says why it left a clip that others read', () => {
    const before = model`
      main (float[4] x) => (int8[4] y, float[4] n) <float s = {0.01}, int8 z = {0}, float low = {0}, float high = {6}> {
        h = Clip (x, low, high)
        y = QuantizeLinear (h, s, z)
        n = Neg (h)
      }`;
    expect(whyNot(rule, before)).toBe('h is also read by Neg; the match would have to own it');
  });

  const cases = casesOnGrids([8], (constants, { scale, zero, dtype }, choice) => {
    const smallest = dtype === 'int8' ? -128 : 0;
    const low = [0, (smallest - zero) * scale, -1e9, (smallest - zero - 0.49) * scale][choice % 4];
    const high = [6, (smallest + 254.5 - zero) * scale, (smallest + 254.6 - zero) * scale, 1e9][
      (choice >> 2) % 4
    ];
    return `
    main (float[8] x) => (float[8] y) <${constants}, float low = {${Math.fround(Math.min(low!, high!))}}, float high = {${Math.fround(Math.max(low!, high!))}}> {
      h = Neg (x)
      c = ${choice % 7 === 0 ? 'Relu (h)' : 'Clip (h, low, high)'}
      ${pair('c', 'd')}
      ${choice % 7 === 0 ? 'k = Add (low, high)\n  y = Add (d, k)' : 'y = Neg (d)'}
    }`;
  });
  keepsTheLaws(rule, cases, { within: 0, runs: 100, coverage: 0.25 });
});
