import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeAroundMaxPool as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';
import { grids, input, isExecutable, keepsTheLaws } from '../laws.ts';

describe('quantize-around-max-pool', () => {
  it('puts the quantizer behind the pool', () => {
    const before = model`
      main (float[1,1,4,4] x) => (float[1,1,2,2] y) <float s = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (d)
        y = Relu (p)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,4,4] x) => (float[1,1,2,2] y)
      <float s = {0.5}, int8 z = {0}> {
        p_1 = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
        q_1 = QuantizeLinear (p_1, s, z)
        p = DequantizeLinear (q_1, s, z)
        y = Relu (p)
      }"
    `);
  });

  it('drops the first of two equal quantizers', () => {
    const before = model`
      main (float[1,1,4,4] x) => (float[1,1,2,2] y)
      <float s = {0.5}, float s2 = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (d)
        q2 = QuantizeLinear (p, s2, z)
        y = DequantizeLinear (q2, s2, z)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,4,4] x) => (float[1,1,2,2] y)
      <float s2 = {0.5}, int8 z = {0}> {
        p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)
        q2 = QuantizeLinear (p, s2, z)
        y = DequantizeLinear (q2, s2, z)
      }"
    `);
  });

  describe('says why it left', () => {
    const pooled = (facts: {
      pool?: string;
      behind?: string;
      more?: string;
      outputs?: string;
      constants?: string;
    }) => model`
      main (float[1,1,4,4] x) => (${facts.outputs ?? 'float[1,1,N,N] y'})
      <float s = {0.5}, float t = {0.50000006}, int8 z = {0}${facts.constants ?? ''}> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        ${facts.pool ?? 'p = MaxPool <kernel_shape = [2, 2]> (d)'}
        ${facts.behind ?? 'y = Relu (p)'}
        ${facts.more ?? ''}
      }`;

    it('another quantizer behind the pool', () => {
      const other = pooled({ behind: 'q2 = QuantizeLinear (p, t, z)\n  y = DequantizeLinear (q2, t, z)' });
      expect(whyNot(rule, other)).toBe('scale of QuantizeLinear (q2) is not that of QuantizeLinear (q)');
      const without = pooled({ behind: 'q2 = QuantizeLinear (p, s)\n  y = DequantizeLinear (q2, s)' });
      expect(whyNot(rule, without)).toBe('zero of QuantizeLinear (q2) is not that of QuantizeLinear (q)');
    });
    it('a pair that others read, as in a pyramid of pools', () => {
      const shared = pooled({ more: 'r = Relu (d)', outputs: 'float[1,1,N,N] y, float[1,1,4,4] r' });
      expect(whyNot(rule, shared)).toBe('d is also read by Relu; the match would have to own it');
    });
    it('a pool that is an output of the graph', () => {
      expect(whyNot(rule, pooled({ outputs: 'float[1,1,3,3] p', behind: '' }))).toBe(
        'p is an output of the graph, where a quantizer is of no use',
      );
    });
    it('a pool that gives indices', () => {
      const indices = pooled({
        pool: 'p, i = MaxPool <kernel_shape = [2, 2]> (d)',
        outputs: 'float[1,1,N,N] y, int64[1,1,3,3] i',
      });
      expect(whyNot(rule, indices)).toBe('MaxPool (p) also gives the indices of the largest elements');
    });
    it('windows that may lie in the padding', () => {
      expect(
        whyNot(rule, pooled({ pool: 'p = MaxPool <kernel_shape = [2, 2], dilations = [2, 2]> (d)' })),
      ).toBe('MaxPool (p) is dilated: a window may lie in the padding alone');
      expect(
        whyNot(rule, pooled({ pool: 'p = MaxPool <kernel_shape = [2, 2], pads = [0, 0, 0, 2]> (d)' })),
      ).toBe('MaxPool (p) pads by as much as its kernel: a window may lie in the padding alone');
    });
    it('averages', () => {
      expect(whyNot(rule, pooled({ pool: 'p = AveragePool <kernel_shape = [2, 2]> (d)' }))).toBe(
        'there is no MaxPool or GlobalMaxPool or ReduceMax or ReduceMin in the graph',
      );
    });
    it('a scale that is not positive', () => {
      const negative = model`
        main (float[1,1,4,4] x) => (float[1,1,3,3] y) <float s = {-0.5}, int8 z = {0}> {
          q = QuantizeLinear (x, s, z)
          d = DequantizeLinear (q, s, z)
          p = MaxPool <kernel_shape = [2, 2]> (d)
          y = Relu (p)
        }`;
      expect(whyNot(rule, negative)).toBe(
        'the scale -0.5 is not a positive number that every code can be multiplied by',
      );
    });
    it('scales along an axis', () => {
      const axis = model`
        main (float[1,2,4,4] x) => (float[1,2,3,3] y) <float[2] s = {0.5, 1}, int8[2] z = {0, 0}> {
          q = QuantizeLinear (x, s, z)
          d = DequantizeLinear (q, s, z)
          p = MaxPool <kernel_shape = [2, 2]> (d)
          y = Relu (p)
        }`;
      expect(whyNot(rule, axis)).toBe(
        'the quantizer has 2 scales; only one scale for the whole tensor moves',
      );
    });
  });

  const pools = fc.constantFrom<readonly [node: string, dims: string]>(
    ['MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (d)', '1,2,2,2'],
    ['MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1], ceil_mode = 1> (d)', '1,2,N,N'],
    ['MaxPool <kernel_shape = [3, 2], auto_pad = "SAME_UPPER"> (d)', '1,2,4,4'],
    ['GlobalMaxPool (d)', '1,2,1,1'],
    ['ReduceMax <keepdims = 0> (d, axes)', '1,2,4'],
    ['ReduceMin (d)', '1,1,1,1'],
  );
  const cases = grids.chain(({ scale, zero, dtype }) =>
    fc
      .record({ x: input([1, 2, 4, 4], scale), pool: pools, isTwice: fc.boolean() })
      .map(({ x, pool: [node, dims], isTwice }) => ({
        model: model`
        main (float[1,2,4,4] x) => (float[${dims}] y) <float s = {${scale}}, ${dtype} z = {${zero}}, int64[1] axes = {3}> {
          q = QuantizeLinear (x, s, z)
          d = DequantizeLinear (q, s, z)
          p = ${node}
          ${isTwice ? 'q2 = QuantizeLinear (p, s, z)\n  d2 = DequantizeLinear (q2, s, z)' : ''}
          y = Neg (${isTwice ? 'd2' : 'p'})
        }`,
        inputs: new Map([['x', x]]),
      })),
  );
  keepsTheLaws(rule, cases.filter(isExecutable), { within: 0, runs: 100 });

  it('agrees with ONNX Runtime before and after', async () => {
    for (const one of fc.sample(cases, { numRuns: 24, seed: 3 })) {
      const after = apply(rule, one.model);
      const [wanted, given] = [
        await runInEngine(one.model, one.inputs),
        await runInEngine(after, one.inputs),
      ];
      expect(given.get('y')!.toTypedArray()).toEqual(wanted.get('y')!.toTypedArray());
    }
  });
});
