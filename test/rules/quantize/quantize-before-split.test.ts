import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewrite, whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeSplit, quantizeBeforeSplit2, quantizeBeforeSplit3 } from '../../../src/rules/index.ts';
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
    expect(picture(apply(quantizeBeforeSplit2, before))).toMatchInlineSnapshot(`
      "main (float[2,4] x) => (float[2,1] y, float[2,3] r)
      <float s = {0.5}, int8 z = {0}, int64[2] sizes = {1, 3}> {
        qa_1 = QuantizeLinear (x, s, z)
        y_1 = DequantizeLinear (qa_1, s, z)
        y, db = Split <axis = 1> (y_1, sizes)
        r = Relu (db)
      }"
    `);
  });

  it('can be made for any number of outputs', () => {
    expect(quantizeBeforeSplit(7).name).toBe('quantize-before-split-7');
    expect(quantizeBeforeSplit(7).roots.length).toBe(7);
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
      expect(whyNot(quantizeBeforeSplit2, split('w = Relu (b)'), 'y')).toContain(
        'no node around the match fits this root',
      );
    });
    it('parts with scales that differ by the last bit', () => {
      const near = split('qb = QuantizeLinear (b, t, z)\n  w = DequantizeLinear (qb, t, z)');
      expect(whyNot(quantizeBeforeSplit2, near, 'y')).toContain('scale differs: 0.5');
    });
    it('a part that someone else reads, too', () => {
      const shared = split(equal, 'r = Relu (b)', 'float[2] y, float[2] w, float[2] r');
      expect(whyNot(quantizeBeforeSplit2, shared, 'y')).toContain(
        'b is also read by Relu; the match would have to own it',
      );
    });
    it('a Split of more outputs than the rule is for', () => {
      const three = model`
        main (float[3] x) => (float[1] y, float[1] w, float[1] c) <float s = {0.5}, int8 z = {0}> {
          a, b, c = Split <num_outputs = 3> (x)
          qa = QuantizeLinear (a, s, z)
          y = DequantizeLinear (qa, s, z)
          qb = QuantizeLinear (b, s, z)
          w = DequantizeLinear (qb, s, z)
        }`;
      expect(whyNot(quantizeBeforeSplit2, three, 'y')).toContain('c is also an output of the graph');
      expect(rewrite(three, quantizeBeforeSplit2).model).toBe(three);
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
  keepsTheLaws(quantizeBeforeSplit3, cases, { within: 0 });

  it('agrees with ONNX Runtime before and after', async () => {
    for (const one of fc.sample(cases, { numRuns: 3, seed: 2 })) {
      const [wanted, given] = [
        await runInEngine(one.model, one.inputs),
        await runInEngine(apply(quantizeBeforeSplit3, one.model), one.inputs),
      ];
      for (const [name, value] of wanted)
        expect(given.get(name)!.toTypedArray()).toEqual(value.toTypedArray());
    }
  });
});
