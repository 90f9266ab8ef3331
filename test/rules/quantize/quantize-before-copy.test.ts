import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeCopyUnlessFused, quantizeBeforeCopy as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';
import { grids, input, isExecutable, keepsTheLaws } from '../laws.ts';

/** Copies of a float[2,4,2,2]: the node, the dims of what it makes, and the constants it reads. */
const copies = {
  Reshape: ['Reshape (x, k)', '4,8', 'int64[2] k = {4, 8}'],
  Transpose: ['Transpose <perm = [1, 3, 0, 2]> (x)', '4,2,2,2', ''],
  Flatten: ['Flatten (x)', '2,16', ''],
  Squeeze: ['Squeeze (u)', '2,4,2,2', ''],
  Unsqueeze: ['Unsqueeze (x, k)', '2,1,4,2,2', 'int64[1] k = {1}'],
  Slice: [
    'Slice (x, k, e, a, t)',
    '2,2,2,2',
    'int64[1] k = {-1}, int64[1] e = {0}, int64[1] a = {1}, int64[1] t = {-2}',
  ],
  Identity: ['Identity (x)', '2,4,2,2', ''],
} as const;

describe('quantize-before-copy', () => {
  it('quantizes first and copies then', () => {
    const before = model`
      main (float[2,4] x) => (float[8] y) <float s = {0.5}, int8 z = {0}, int64[1] shape = {8}> {
        r = Relu (x)
        c = Reshape (r, shape)
        q = QuantizeLinear (c, s, z)
        y = DequantizeLinear (q, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[8] y)
      <float s = {0.5}, int8 z = {0}, int64[1] shape = {8}> {
        r = Relu (x)
        q_1 = QuantizeLinear (r, s, z)
        y_1 = DequantizeLinear (q_1, s, z)
        y = Reshape (y_1, shape)
      }"
    `);
  });

  it('goes past several copies', () => {
    const before = model`
      main (float[2,4] x) => (float[1,8] y) <float s = {0.5}, int8 z = {0}> {
        t = Transpose (x)
        f = Flatten <axis = 0> (t)
        i = Identity (f)
        q = QuantizeLinear (i, s, z)
        y = DequantizeLinear (q, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[1,8] y)
      <float s = {0.5}, int8 z = {0}> {
        q_1_1_1 = QuantizeLinear (x, s, z)
        y_1_1_1 = DequantizeLinear (q_1_1_1, s, z)
        y_1_1 = Transpose (y_1_1_1)
        y_1 = Flatten <axis = 0> (y_1_1)
        y = Identity (y_1)
      }"
    `);
  });

  it('takes scales along an axis through a Transpose', () => {
    const before = model`
      main (float[2,4,3] x) => (float[3,2,4] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
        t = Transpose <perm = [2, 0, 1]> (x)
        q = QuantizeLinear <axis = -2> (t, s, z)
        y = DequantizeLinear <axis = 1> (q, s, z)
      }`;
    const after = model`
      main (float[2,4,3] x) => (float[3,2,4] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
        t = Transpose <perm = [2, 0, 1]> (x)
        q = QuantizeLinear <axis = 1> (t, s, z)
        y = DequantizeLinear <axis = 1> (q, s, z)
      }`;
    expect(whyNot(rule, before)).toBe('axis differs: -2 of QuantizeLinear (q) and 1 of DequantizeLinear (y)');
    expect(picture(apply(rule, after))).toMatchInlineSnapshot(`
      "main (float[2,4,3] x) => (float[3,2,4] y)
      <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
        q_1 = QuantizeLinear <axis = 0> (x, s, z)
        y_1 = DequantizeLinear <axis = 0> (q_1, s, z)
        y = Transpose <perm = [2, 0, 1]> (y_1)
      }"
    `);
  });

  describe('says why it left', () => {
    it('a copy that others read', () => {
      const before = model`
        main (float[2,4] x) => (float[4,2] y, float[4,2] r) <float s = {0.5}, int8 z = {0}> {
          t = Transpose (x)
          q = QuantizeLinear (t, s, z)
          y = DequantizeLinear (q, s, z)
          r = Relu (t)
        }`;
      expect(whyNot(rule, before)).toBe('t is also read by Relu; the match would have to own it');
    });
    it('a copy that is an output', () => {
      const before = model`
        main (float[2,4] x) => (float[4,2] y, float[4,2] t) <float s = {0.5}, int8 z = {0}> {
          t = Transpose (x)
          q = QuantizeLinear (t, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(whyNot(rule, before)).toBe('t is also an output of the graph; the match would have to own it');
    });
    it('weights', () => {
      const before = model`
        main (float[1,2] x) => (float[1,4] y) <float[4,2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float s = {0.5}, int8 z = {0}> {
          t = Transpose (w)
          q = QuantizeLinear (t, s, z)
          d = DequantizeLinear (q, s, z)
          y = MatMul (x, d)
        }`;
      expect(whyNot(rule, before)).toBe('w is a constant; fold Transpose (t) into it');
    });
    it('a matrix product that reads the pair', () => {
      const before = model`
        main (float[2,4] x, float[2,3] k) => (float[4,3] y) <float s = {0.5}, int8 z = {0}> {
          t = Transpose (x)
          q = QuantizeLinear (t, s, z)
          d = DequantizeLinear (q, s, z)
          y = MatMul (d, k)
        }`;
      expect(whyNot(rule, before)).toBe('MatMul reads d; its DequantizeLinear has to touch it');
    });
    it('in a pipeline a convolution that reads the pair, for that is fused with it', () => {
      const before = model`
        main (float[1,2,4] x) => (float[1,2,2,2] y) <float s = {0.5}, int8 z = {0}, float[2,2,1,1] w = {1, 2, 3, 4}, int64[4] k = {1, 2, 2, 2}> {
          c = Reshape (x, k)
          q = QuantizeLinear (c, s, z)
          d = DequantizeLinear (q, s, z)
          y = Conv (d, w)
        }`;
      expect(whyNot(rule, before)).toBe(undefined);
      expect(whyNot(quantizeBeforeCopyUnlessFused, before)).toBe(
        'Conv reads d; its DequantizeLinear has to touch it',
      );
    });
    it('an operator that computes', () => {
      const before = model`
        main (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {0}> {
          r = Relu (x)
          q = QuantizeLinear (r, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(whyNot(rule, before)).toMatch(/^Relu \(r\) is not Reshape, Transpose, /);
    });
    it('scales along an axis that the copy may cut', () => {
      const before = model`
        main (float[2,4] x) => (float[2,2,2] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}, int64[3] shape = {2, 2, 2}> {
          c = Reshape (x, shape)
          q = QuantizeLinear <axis = 0> (c, s, z)
          y = DequantizeLinear <axis = 0> (q, s, z)
        }`;
      expect(whyNot(rule, before)).toBe(
        'QuantizeLinear (q) has one scale for each index of axis 0, which cannot go along past Reshape (c)',
      );
    });
    it('scales that differ by the last bit, and a zero point on one side only', () => {
      const pair = (second: string) => model`
        main (float[2,4] x) => (float[4,2] y) <float s = {0.5}, float t = {0.50000006}, uint8 z = {0}> {
          c = Transpose (x)
          q = QuantizeLinear (c, s, z)
          y = DequantizeLinear (q, ${second})
        }`;
      expect(whyNot(rule, pair('t, z'))).toMatch('scale differs: 0.5');
      expect(whyNot(rule, pair('s'))).toBe('zero is present in one place and absent in the other');
    });
  });

  const cases = grids.chain(({ scale, zero, dtype }) =>
    fc
      .record({
        x: input([2, 4, 2, 2], scale),
        name: fc.constantFrom(...(Object.keys(copies) as (keyof typeof copies)[])),
      })
      .map(({ x, name }) => {
        const [node, dims, constants] = copies[name];
        const unsqueezed = name === 'Squeeze' ? ', int64[1] first = {0}' : '';
        return {
          model: model`
          main (float[2,4,2,2] x) => (float[${dims}] y)
          <float s = {${scale}}, ${dtype} z = {${zero}}${unsqueezed}${constants === '' ? '' : ', '}${constants}> {
            ${name === 'Squeeze' ? 'n = Neg (x)\n  u = Unsqueeze (n, first)' : ''}
            c = ${node}
            q = QuantizeLinear (c, s, z)
            d = DequantizeLinear (q, s, z)
            y = Neg (d)
          }`,
          inputs: new Map([['x', x]]),
        };
      }),
  );
  keepsTheLaws(rule, cases.filter(isExecutable), { within: 0, runs: 100 });

  it.each(Object.keys(copies) as (keyof typeof copies)[])(
    '%s agrees with ONNX Runtime before and after',
    async (name) => {
      const [one] = fc.sample(
        cases.filter(({ model }) => model.graph.nodes.some(({ opType }) => opType === name)),
        { numRuns: 1, seed: 7 },
      );
      const after = apply(rule, one!.model);
      const [wanted, given] = [
        await runInEngine(one!.model, one!.inputs),
        await runInEngine(after, one!.inputs),
      ];
      expect(given.get('y')!.toTypedArray()).toEqual(wanted.get('y')!.toTypedArray());
    },
  );
});
