import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../../src/ir/index.ts';
import { whyNot } from '../../../src/rewrite/index.ts';
import { foldBatchNormIntoConv as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';
import { type Case, expectClose, keepsTheLaws } from '../laws.ts';
import { batchNormCases } from './batch-norm-cases.ts';

describe('fold-batch-norm-into-conv', () => {
  it('moves the multiply into the weights and the add into the bias', () => {
    const before = model`
      main (float[1,1,4,4] x) => (float[1,1,4,4] y)
      <float[1,1,1,1] w = {2}, float[1] gamma = {3}, float[1] beta = {5}, float[1] mean = {1}, float[1] variance = {4}> {
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,4,4] x) => (float[1,1,4,4] y)
      <float[1,1,1,1] w_1 = {3}, float[1] beta_1 = {3.5}> {
        y = Conv (x, w_1, beta_1)
      }"
    `);
  });

  it('knows which channels of a grouped ConvTranspose are which', () => {
    const before = model`
      main (float[1,2,1,1] x) => (float[1,4,1,1] y)
      <float[2,2,1,1] w = {1, 1, 1, 1}, float[4] b = {1, 1, 1, 1}, float[4] gamma = {1, 2, 3, 4},
       float[4] beta = {0, 0, 0, 10}, float[4] mean = {0, 0, 0, 0}, float[4] variance = {1, 1, 1, 1}> {
        h = ConvTranspose <group = 2> (x, w, b)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,2,1,1] x) => (float[1,4,1,1] y)
      <float[2,2,1,1] w_1 = {1, 2, 3, 4}, float[4] b_1 = {1, 2, 3, 14}> {
        y = ConvTranspose <group = 2> (x, w_1, b_1)
      }"
    `);
  });

  it('copies weights that another convolution reads', () => {
    const before = model`
      main (float[1,1,4,4] x) => (float[1,1,4,4] y, float[1,1,4,4] y2)
      <float[1,1,1,1] w = {2}, float[1] one = {1}, float[1] zero = {0}> {
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, one, one, zero, one)
        y2 = Conv (x, w)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,4,4] x) => (float[1,1,4,4] y, float[1,1,4,4] y2)
      <float[1,1,1,1] w = {2}, float[1,1,1,1] w_1 = {2}, float[1] one_1 = {1}> {
        y = Conv (x, w_1, one_1)
        y2 = Conv (x, w)
      }"
    `);
  });

  describe('says why it left', () => {
    const conv = (facts: {
      more?: string;
      outputs?: string;
      norm?: string;
      stats?: string;
      constants?: string;
      header?: string;
      input?: string;
    }) => model`
      ${facts.header ?? ''}
      main (float[1,1,4,4] x${facts.input ?? ''}) => (${facts.outputs ?? 'float[1,1,4,4] y'})
      <${facts.constants ?? 'float[1,1,1,1] w = {2}, float[1] variance = {1}'}, float[1] gamma = {1}, float[1] beta = {1}, float[1] mean = {0}> {
        h = Conv (x, w)
        ${facts.norm ?? 'y = BatchNormalization (h, gamma, beta, mean, variance)'}
        ${facts.more ?? ''}
      }`;

    it('a convolution that someone else reads', () => {
      const shared = conv({ more: 'r = Relu (h)', outputs: 'float[1,1,4,4] y, float[1,1,4,4] r' });
      expect(whyNot(rule, shared)).toBe('h is also read by Relu; the match would have to own it');
    });
    it('a convolution that is an output', () => {
      expect(whyNot(rule, conv({ outputs: 'float[1,1,4,4] y, float[1,1,4,4] h' }))).toBe(
        'h is also an output of the graph; the match would have to own it',
      );
    });
    it('training mode, in each of its three forms', () => {
      const training = 'y = BatchNormalization <training_mode = 1> (h, gamma, beta, mean, variance)';
      expect(whyNot(rule, conv({ norm: training }))).toBe('BatchNormalization (y) is in training mode');
      const running = 'y, m, v = BatchNormalization <training_mode = 1> (h, gamma, beta, mean, variance)';
      expect(whyNot(rule, conv({ norm: running }))).toBe('BatchNormalization (y) is in training mode');
      const header = '<ir_version: 3, opset_import: ["" : 6]>';
      const input = ', float[1,1,1,1] w, float[1] variance, float[1] gamma, float[1] beta, float[1] mean';
      expect(whyNot(rule, conv({ header, input }))).toBe('BatchNormalization (y) is in training mode');
      const test = 'y = BatchNormalization <is_test = 1> (h, gamma, beta, mean, variance)';
      expect(whyNot(rule, conv({ header, input, norm: test }))).toBeUndefined();
    });
    it('statistics that are computed, or that a caller may override', () => {
      const computed = conv({
        norm: 'e = Exp (variance)\n  y = BatchNormalization (h, gamma, beta, mean, e)',
      });
      expect(whyNot(rule, computed)).toBe('e is not a constant; Exp (e) makes it');
      expect(whyNot(rule, conv({ input: ', float[1] mean' }))).toBe(
        'mean is not a constant; it is an input of the graph with a default that a caller may override',
      );
    });
    it('a variance that gives no gain', () => {
      const negative = conv({ constants: 'float[1,1,1,1] w = {2}, float[1] variance = {-1}' });
      expect(whyNot(rule, negative)).toBe('the gain of channel 0 is no finite number: its variance is -1');
    });
    it('statistics of another length', () => {
      const longer = conv({ constants: 'float[1,1,1,1] w = {2}, float[2] variance = {1, 1}' });
      expect(whyNot(rule, longer)).toBe('variance has dims [2], and Conv (h) 1 channels');
    });
    it('half precision', () => {
      const half = model`
        main (float16[1,1,4,4] x) => (float16[1,1,4,4] y)
        <float16[1,1,1,1] w = {2.0}, float16[1] one = {1.0}> {
          h = Conv (x, w)
          y = BatchNormalization (h, one, one, one, one)
        }`;
      expect(whyNot(rule, half)).toBe('the weights are float16; only float32 is folded');
    });
    it('an operator in between', () => {
      const relu = conv({ norm: 'r = Relu (h)\n  y = BatchNormalization (r, gamma, beta, mean, variance)' });
      expect(whyNot(rule, relu)).toBe('Relu (r) is not Conv or ConvTranspose');
    });
  });

  const cases = batchNormCases({ quantized: false });
  keepsTheLaws(rule, cases, { within: 2e-6 });

  it('agrees with ONNX Runtime before and after', async () => {
    for (const one of fc.sample(cases, { numRuns: 10, seed: 5 }) as Case[]) {
      const [wanted, given] = [
        await runInEngine(one.model, one.inputs),
        await runInEngine(apply(rule, one.model), one.inputs),
      ];
      expectClose(given.get('y')!, wanted.get('y')!, 1e-5);
    }
  });

  it('rounds once', () => {
    const before = model`
      main (float[1,1,1,1] x) => (float[1,1,1,1] y)
      <float[1,1,1,1] w = {0.1}, float[1] gamma = {0.3}, float[1] beta = {0}, float[1] mean = {0}, float[1] variance = {7}> {
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    const [weights] = apply(rule, before).graph.initializers.filter(({ dims }) => dims.length === 4);
    const exact = (Math.fround(0.3) / Math.sqrt(7)) * Math.fround(0.1);
    expect(weights).toEqual(expect.objectContaining({ dtype: 'float32' }));
    expect(weights!.toBytes()).toEqual(tensor('float32', [1, 1, 1, 1], [exact]).toBytes());
  });
});
