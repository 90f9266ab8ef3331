import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../../src/ir/index.ts';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforePad as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';
import { grids, input, keepsTheLaws } from '../laws.ts';

describe('quantize-before-pad', () => {
  it('quantizes first and pads then', () => {
    const before = model`
      main (float[1,4] x) => (float[1,6] y) <float s = {0.5}, int8 z = {0}, int64[4] amounts = {0, 1, 0, 1}> {
        p = Pad (x, amounts)
        q = QuantizeLinear (p, s, z)
        d = DequantizeLinear (q, s, z)
        y = Relu (d)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,4] x) => (float[1,6] y)
      <float s = {0.5}, int8 z = {0}, int64[4] amounts = {0, 1, 0, 1}> {
        q_1 = QuantizeLinear (x, s, z)
        d_1 = DequantizeLinear (q_1, s, z)
        d = Pad (d_1, amounts)
        y = Relu (d)
      }"
    `);
  });

  it('takes a constant of the grid along, in any guise, and amounts that are computed', () => {
    const before = model`
      main (float[4] x, int64[2] amounts) => (float[N] y) <float s = {0.5}, uint8 z = {100}> {
        c = Constant <value_float = 1.5> ()
        value = Identity (c)
        p = Pad (x, amounts, value)
        q = QuantizeLinear (p, s, z)
        y = DequantizeLinear (q, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x, int64[2] amounts) => (float[N] y)
      <float s = {0.5}, uint8 z = {100}> {
        c = Constant <value_float = 1.5> ()
        value = Identity (c)
        q_1 = QuantizeLinear (x, s, z)
        y_1 = DequantizeLinear (q_1, s, z)
        y = Pad (y_1, amounts, value)
      }"
    `);
  });

  it('knows the Pad of opset 2, whose amounts are attributes', () => {
    const before = model`
      <ir_version: 7, opset_import: ["" : 10]>
      main (float[4] x) => (float[7] y) <float s = {0.5}, int8 z = {0}> {
        p = Pad <pads = [1, 2], value = -3.0> (x)
        q = QuantizeLinear (p, s, z)
        y = DequantizeLinear (q, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (float[7] y)
      <float s = {0.5}, int8 z = {0}> {
        q_1 = QuantizeLinear (x, s, z)
        y_1 = DequantizeLinear (q_1, s, z)
        y = Pad <pads = [1, 2], value = -3.0> (y_1)
      }"
    `);
  });

  it('moves scales along an axis that is not padded', () => {
    const before = model`
      main (float[2,4] x) => (float[2,6] y)
      <float[2] s = {0.5, 1}, int8[2] z = {0, 0}, int64[4] amounts = {0, 1, 0, 1}> {
        p = Pad (x, amounts)
        q = QuantizeLinear <axis = -2> (p, s, z)
        y = DequantizeLinear <axis = -2> (q, s, z)
      }`;
    expect(picture(apply(rule, before))).toContain('y = Pad (y_1, amounts)');
  });

  describe('says why it left', () => {
    const padded = (facts: {
      value?: string;
      grid?: string;
      mode?: string;
      outputs?: string;
      more?: string;
      axis?: string;
    }) => model`
      main (float[2,4] x, float v) => (${facts.outputs ?? 'float[2,N] y'})
      <${facts.grid ?? 'float s = {0.5}, int8 z = {0}'}, int64[4] amounts = {0, 1, 0, 1}, float value = {${facts.value ?? '0'}}> {
        p = Pad <mode = "${facts.mode ?? 'constant'}"> (x, amounts, ${facts.value === 'v' ? 'v' : 'value'})
        q = QuantizeLinear <axis = ${facts.axis ?? '1'}> (p, s, z)
        y = DequantizeLinear <axis = ${facts.axis ?? '1'}> (q, s, z)
        ${facts.more ?? ''}
      }`;

    it('a constant off the grid', () => {
      expect(whyNot(rule, padded({ value: '0.7' }))).toBe(
        'Pad (p) pads with 0.699999988079071, which the quantizer turns into 0.5',
      );
    });
    it('a constant beyond the grid', () => {
      expect(whyNot(rule, padded({ value: '64' }))).toBe(
        'Pad (p) pads with 64, which the quantizer turns into 63.5',
      );
      expect(whyNot(rule, padded({ value: '-inf' }))).toBe(
        'Pad (p) pads with -Infinity, which the quantizer turns into -64',
      );
    });
    it('minus zero', () => {
      expect(whyNot(rule, padded({ value: '-0' }))).toBe(
        'Pad (p) pads with -0, which the quantizer turns into 0',
      );
    });
    it('a constant that only the other zero point has', () => {
      const uint8 = { grid: 'float s = {0.5}, uint8 z = {0}' };
      expect(whyNot(rule, padded({ ...uint8, value: '64' }))).toBeUndefined();
      expect(whyNot(rule, padded({ ...uint8, value: '-1' }))).toBe(
        'Pad (p) pads with -1, which the quantizer turns into 0',
      );
    });
    it('a padded value that is computed', () => {
      const computed = model`
        main (float[4] x, float v, int64[2] amounts) => (float[N] y) <float s = {0.5}, int8 z = {0}> {
          p = Pad (x, amounts, v)
          q = QuantizeLinear (p, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(whyNot(rule, computed)).toBe('v is not a constant; it is an input of the graph');
    });
    it('another reader of the Pad', () => {
      const read = padded({ more: 'r = Relu (p)', outputs: 'float[2,N] y, float[2,N] r' });
      expect(whyNot(rule, read)).toBe('p is also read by Relu; the match would have to own it');
    });
    it('a subgraph that reads the Pad', () => {
      const captured = padded({
        more: `r = If (t) <
          then_branch = g () => (float[2,N] a) { a = Relu (p) }, else_branch = h () => (float[2,N] b) { b = Neg (p) }>`,
        outputs: 'float[2,N] y, float[2,N] r',
        grid: 'bool t = {1}, float s = {0.5}, int8 z = {0}',
      });
      expect(whyNot(rule, captured)).toBe(
        'p is also read by a subgraph of If; the match would have to own it',
      );
    });
    it('a graph output inside', () => {
      const output = padded({ outputs: 'float[2,N] y, int8[2,N] q' });
      expect(whyNot(rule, output)).toBe('q is also an output of the graph; the match would have to own it');
    });
    it('scales along the padded axis', () => {
      const along = padded({ grid: 'float[2] s = {0.5, 1}, int8[2] z = {0, 0}', axis: '1' });
      expect(whyNot(rule, along)).toBe(
        'QuantizeLinear (q) has one scale for each index of axis 1, and Pad (p) pads that axis',
      );
    });
    it('scales of Q and DQ that differ by the last bit', () => {
      const near = model`
        main (float[4] x, int64[2] amounts) => (float[N] y) <float s = {0.5}, float t = {0.50000006}, int8 z = {0}> {
          p = Pad (x, amounts)
          q = QuantizeLinear (p, s, z)
          y = DequantizeLinear (q, t, z)
        }`;
      expect(whyNot(rule, near)).toMatch(/^scale differs: 0\.5.* and 0\.5/);
    });
    it('a Pad of the model or of another domain', () => {
      const other = model`
        <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
        main (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {0}> {
          p = local.Pad (x)
          q = QuantizeLinear (p, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(whyNot(rule, other)).toBe('Pad (p) is of the domain "local", not ""');
    });
  });

  const modes = fc.constantFrom('constant', 'edge', 'reflect', 'wrap');
  const cases = grids.chain(({ scale, zero, dtype }) =>
    fc
      .record({
        x: input([2, 4], scale),
        mode: modes,
        amounts: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 2, maxLength: 2 }),
        steps: fc.option(fc.integer({ min: -zero, max: 100 - zero })),
      })
      .map(({ x, mode, amounts: [left, right], steps }) => {
        const value = steps === null || mode !== 'constant' ? '' : ', value';
        return {
          model: model`
            main (float[2,4] x) => (float[2,${4 + left! + right!}] y)
            <float s = {${scale}}, ${dtype} z = {${zero}}, int64[4] amounts = {0, ${left!}, 0, ${right!}}, float value = {${Math.fround((steps ?? 0) * scale)}}> {
              p = Pad <mode = "${mode}"> (x, amounts${value})
              q = QuantizeLinear (p, s, z)
              d = DequantizeLinear (q, s, z)
              y = Neg (d)
            }`,
          inputs: new Map([['x', x]]),
        };
      }),
  );
  keepsTheLaws(rule, cases, { within: 0 });

  it('agrees with ONNX Runtime before and after', async () => {
    const before = model`
      main (float[1,1,3,3] x) => (float[1,1,3,3] y)
      <float s = {0.1}, int8 z = {3}, int64[8] amounts = {0, 0, 1, 1, 0, 0, 1, 1}, float value = {0}, float[1,1,3,3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}> {
        p = Pad (x, amounts, value)
        q = QuantizeLinear (p, s, z)
        d = DequantizeLinear (q, s, z)
        y = Conv (d, w)
      }`;
    const inputs = new Map([
      ['x', tensor('float32', [1, 1, 3, 3], [0.05, -0.15, 0.25, 1, -1, 20, -20, 0.349999, 0])],
    ]);
    const [wanted, given] = [
      await runInEngine(before, inputs),
      await runInEngine(apply(rule, before), inputs),
    ];
    expect(given.get('y')!.toTypedArray()).toEqual(wanted.get('y')!.toTypedArray());
  });
});
