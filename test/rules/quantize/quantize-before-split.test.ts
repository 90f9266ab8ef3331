import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeSplitUnlessFused, quantizeBeforeSplit as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';
import { grids, input, keepsTheLaws } from '../laws.ts';

describe('quantize-before-split', () => {
  it('makes one quantizer of one for each part', () => {
    const before = model`
      main (float[2,4] x) => (float[2,1] y, float[2,3] r)
      <float s = {0.5}, float s2 = {0.5}, int8 z = {0}, int64[2] sizes = {1, 3}> {
        a, b = Split <axis = 1> (x, sizes)
        qa = QuantizeLinear (a, s, z)
        qb = QuantizeLinear (b, s2, z)
        y = DequantizeLinear (qa, s, z)
        db = DequantizeLinear (qb, s2, z)
        r = Relu (db)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[2,1] y, float[2,3] r)
      <float s = {0.5}, int8 z = {0}, int64[2] sizes = {1, 3}> {
        qa_1 = QuantizeLinear (x, s, z)
        y_1 = DequantizeLinear (qa_1, s, z)
        y, db = Split <axis = 1> (y_1, sizes)
        r = Relu (db)
      }"
    `);
  });

  it('leaves out a part that nobody reads', () => {
    const before = model`
      main (float[6] x) => (float[2] y, float[2] w) <float s = {0.5}, int8 z = {0}> {
        unread, a, b = Split <num_outputs = 3> (x)
        qa = QuantizeLinear (a, s, z)
        y = DequantizeLinear (qa, s, z)
        qb = QuantizeLinear (b, s, z)
        w = DequantizeLinear (qb, s, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[6] x) => (float[2] y, float[2] w)
      <float s = {0.5}, int8 z = {0}> {
        qa_1 = QuantizeLinear (x, s, z)
        y_1 = DequantizeLinear (qa_1, s, z)
        unread_1, y, w = Split <num_outputs = 3> (y_1)
      }"
    `);
  });

  describe('says why it left', () => {
    const split = (second: string, more = '', outputs = 'float[2] y, float[2] w') => model`
      main (float[4] x) => (${outputs}) <float s = {0.5}, float t = {0.50000006}, int8 z = {0}> {
        a, b = Split <num_outputs = 2> (x)
        qa = QuantizeLinear (a, s, z)
        y = DequantizeLinear (qa, s, z)
        ${second}
        ${more}
      }`;
    const equal = 'qb = QuantizeLinear (b, s, z)\n  w = DequantizeLinear (qb, s, z)';

    it('a part that is not quantized', () => {
      expect(whyNot(rule, split('w = Relu (b)'))).toContain('nothing behind b fits');
    });
    it('parts with scales that differ by the last bit', () => {
      const near = split('qb = QuantizeLinear (b, t, z)\n  w = DequantizeLinear (qb, t, z)');
      expect(whyNot(rule, near)).toContain('scale of QuantizeLinear (qb) is not that of QuantizeLinear (qa)');
    });
    it('a part that someone else reads, too', () => {
      const shared = split(equal, 'r = Relu (b)', 'float[2] y, float[2] w, float[2] r');
      expect(whyNot(rule, shared)).toContain('b is also read by Relu; the match would have to own it');
    });
    it('in a pipeline a part that a convolution reads, for the pair is fused with it', () => {
      const convolved = model`
        main (float[1,2,2,2] x) => (float[1,1,2,2] y, float[1,1,2,2] w) <float s = {0.5}, int8 z = {0}, int64[2] sizes = {1, 1}, float[1,1,1,1] k = {2}> {
          a, b = Split <axis = 1> (x, sizes)
          qa = QuantizeLinear (a, s, z)
          da = DequantizeLinear (qa, s, z)
          y = Conv (da, k)
          qb = QuantizeLinear (b, s, z)
          w = DequantizeLinear (qb, s, z)
        }`;
      expect(whyNot(rule, convolved)).toBe(undefined);
      expect(whyNot(quantizeBeforeSplitUnlessFused, convolved)).toBe(
        'Conv reads da; its DequantizeLinear has to touch it',
      );
    });
    it('a part that is an output of the graph', () => {
      const three = model`
        main (float[3] x) => (float[1] y, float[1] w, float[1] c) <float s = {0.5}, int8 z = {0}> {
          a, b, c = Split <num_outputs = 3> (x)
          qa = QuantizeLinear (a, s, z)
          y = DequantizeLinear (qa, s, z)
          qb = QuantizeLinear (b, s, z)
          w = DequantizeLinear (qb, s, z)
        }`;
      expect(whyNot(rule, three)).toContain('nothing behind c fits');
    });
  });

  const cases = grids.chain(({ scale, zero, dtype }) =>
    input([2, 6], scale).map((x) => ({
      model: model`
        main (float[2,6] x) => (float[2,1] y0, float[2,2] y1, float[2,3] y2)
        <float s = {${scale}}, ${dtype} z = {${zero}}, int64[3] sizes = {1, 2, 3}> {
          a, b, c = Split <axis = -1> (x, sizes)
          ${['a', 'b', 'c'].map((part, i) => `q${i} = QuantizeLinear (${part}, s, z)\n  d${i} = DequantizeLinear (q${i}, s, z)\n  y${i} = Neg (d${i})`).join('\n  ')}
        }`,
      inputs: new Map([['x', x]]),
    })),
  );
  keepsTheLaws(rule, cases, { within: 0 });

  it('agrees with ONNX Runtime before and after', async () => {
    for (const one of fc.sample(cases, { numRuns: 3, seed: 2 })) {
      const [wanted, given] = [
        await runInEngine(one.model, one.inputs),
        await runInEngine(apply(rule, one.model), one.inputs),
      ];
      for (const [name, value] of wanted)
        expect(given.get(name)!.toTypedArray()).toEqual(value.toTypedArray());
    }
  });
});
