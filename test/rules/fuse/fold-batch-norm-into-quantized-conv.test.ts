import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../../src/ir/index.ts';
import { whyNot } from '../../../src/rewrite/index.ts';
import { foldBatchNormIntoQuantizedConv as rule } from '../../../src/rules/index.ts';
import { execute } from '../../../src/runtime/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';
import { type Case, expectClose, keepsTheLaws } from '../laws.ts';
import { batchNormCases } from './batch-norm-cases.ts';

describe('fold-batch-norm-into-quantized-conv', () => {
  it('puts the gain into the scales, its sign into the codes, and the rest into the bias', () => {
    const before = model`
      main (float[1,1,2,2] x) => (float[1,3,2,2] y)
      <int8[3,1,1,1] codes = {10, 20, 30}, float s = {0.5}, int8 z = {0}, float[3] gamma = {4, -4, 0},
       float[3] beta = {1, 2, 3}, float[3] mean = {1, 1, 1}, float[3] variance = {4, 4, 4}> {
        w = DequantizeLinear (codes, s, z)
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,3,2,2] y)
      <
        float[3] s_1 = {1, 1, 0.5},
        int8[3] z_1 = {0, 0, 0},
        int8[3,1,1,1] codes_1 = {10, -20, 0},
        float[3] beta_1 = {-1, 4, 3}
      > {
        w_1 = DequantizeLinear <axis = 0> (codes_1, s_1, z_1)
        y = Conv (x, w_1, beta_1)
      }"
    `);
  });

  it('writes float weights exactly on the new grid, where they were rounded and clamped before', () => {
    const before = model`
      main (float[1,1,2,2] x) => (float[1,2,2,2] y)
      <float[2,1,1,1] weight = {0.7, 1000}, float[2] s = {0.5, 1}, int8[2] z = {0, 0}, float[2] gamma = {8, 2},
       float[2] beta = {1, 2}, float[2] mean = {0, 0}, float[2] variance = {4, 4}> {
        q = QuantizeLinear <axis = 0> (weight, s, z)
        w = DequantizeLinear <axis = 0> (q, s, z)
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,2,2,2] y)
      <
        float[2] s_1 = {2, 1},
        int8[2] z_1 = {0, 0},
        float[2,1,1,1] weight_1 = {2, 127},
        float[2] beta_1 = {1, 2}
      > {
        q_1 = QuantizeLinear <axis = 0> (weight_1, s_1, z_1)
        w_1 = DequantizeLinear <axis = 0> (q_1, s_1, z_1)
        y = Conv (x, w_1, beta_1)
      }"
    `);
  });

  it('leaves codes alone whose channels all have a positive gain, and scales the columns of a ConvTranspose', () => {
    const before = model`
      main (float[1,1,2,2] x) => (float[1,2,2,2] y)
      <int8[1,2,1,1] codes = {-128, 127}, float s = {0.5}, float[2] gamma = {4, 8},
       float[2] beta = {1, 2}, float[2] mean = {0, 0}, float[2] variance = {4, 4}> {
        w = DequantizeLinear (codes, s)
        h = ConvTranspose (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[1,1,2,2] x) => (float[1,2,2,2] y)
      <int8[1,2,1,1] codes = {-128, 127}, float[2] s_1 = {1, 2}, float[2] beta_1 = {1, 2}> {
        w_1 = DequantizeLinear (codes, s_1)
        y = ConvTranspose (x, w_1, beta_1)
      }"
    `);
  });

  it('mirrors codes around their zero point', () => {
    const before = model`
      main (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <uint8[1,1,1,1] codes = {200}, float s = {0.5}, uint8 z = {120}, float[1] gamma = {-1},
       float[1] beta = {0}, float[1] mean = {0}, float[1] variance = {1}> {
        w = DequantizeLinear (codes, s, z)
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(picture(apply(rule, before))).toContain('uint8[1,1,1,1] codes_1 = {40}');
  });

  describe('says why it left', () => {
    const conv = (facts: {
      header?: string;
      constants?: string;
      gamma?: string;
      node?: string;
      weights?: string;
      more?: string;
      outputs?: string;
    }) => model`
      ${facts.header ?? ''}
      main (float[1,2,4,4] x, float t) => (${facts.outputs ?? 'float[1,2,N,N] y'})
      <${facts.constants ?? 'int8[2,2,1,1] codes = {1, 2, 3, 4}, float s = {0.5}, int8 z = {0}'},
       float[2] gamma = {${facts.gamma ?? '1, 1'}}, float[2] beta = {0, 0}, float[2] mean = {0, 0}, float[2] variance = {1, 1}> {
        ${facts.weights ?? 'w = DequantizeLinear (codes, s, z)'}
        h = ${facts.node ?? 'Conv (x, w)'}
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
        ${facts.more ?? ''}
      }`;

    /** The nearest miss; the others are those of the form the weights do not have. */
    const nearest = (of: Model) => whyNot(rule, of)?.split('\n')[0];

    it('a code without an opposite', () => {
      const stuck = conv({
        constants: 'int8[2,2,1,1] codes = {1, 2, 3, -128}, float s = {0.5}, int8 z = {0}',
        gamma: '1, -1',
      });
      expect(nearest(stuck)).toBe(
        'the gain of channel 1 is negative, and its code -128 has no opposite in int8',
      );
    });
    it('weights that another convolution reads', () => {
      const shared = conv({ more: 'o = Conv (x, w)', outputs: 'float[1,2,4,4] y, float[1,2,4,4] o' });
      expect(nearest(shared)).toBe('w is also read by Conv; the match would have to own it');
    });
    it('a convolution that is an output', () => {
      expect(nearest(conv({ outputs: 'float[1,2,4,4] y, float[1,2,4,4] h' }))).toBe(
        'h is also an output of the graph; the match would have to own it',
      );
    });
    it('an opset without scales by channel', () => {
      expect(nearest(conv({ header: '<ir_version: 7, opset_import: ["" : 12]>' }))).toBe(
        'opset 12 has no scales by channel; that takes 13',
      );
    });
    it('groups of a ConvTranspose, which share scales', () => {
      const grouped = conv({
        node: 'ConvTranspose <group = 2> (x, w)',
        constants: 'int8[2,1,1,1] codes = {1, 2}, float s = {0.5}, int8 z = {0}',
      });
      expect(nearest(grouped)).toBe('ConvTranspose (h) has 2 groups, which share the scales of axis 1');
    });
    it('scales along the input channels', () => {
      const along = conv({
        constants: 'int8[2,2,1,1] codes = {1, 2, 3, 4}, float[2] s = {0.5, 1}, int8[2] z = {0, 0}',
        weights: 'w = DequantizeLinear <axis = 1> (codes, s, z)',
      });
      expect(nearest(along)).toBe(
        'the scales of DequantizeLinear (w) run along axis 1, not the output channels',
      );
    });
    it('a scale that is no constant', () => {
      const dynamic = conv({ weights: 'w = DequantizeLinear (codes, t, z)' });
      expect(nearest(dynamic)).toContain('t is not a constant; it is an input of the graph');
    });
    it('a quantizer whose scale differs by the last bit', () => {
      const near = conv({
        constants: 'float[2,2,1,1] f = {1, 2, 3, 4}, float s = {0.5}, float s2 = {0.50000006}, int8 z = {0}',
        weights: 'q = QuantizeLinear (f, s, z)\n  w = DequantizeLinear (q, s2, z)',
      });
      expect(nearest(near)).toMatch(/^scale differs: 0\.5.* and 0\.5/);
    });
    it('a gain beyond what a scale can hold', () => {
      expect(nearest(conv({ gamma: '1, 1e-39' }))).toMatch(
        /^the scale of channel 1 would become 5\.\d+e-40$/,
      );
    });
    it('float weights', () => {
      const floats = conv({ constants: 'float[2,2,1,1] w = {1, 2, 3, 4}', weights: '' });
      expect(nearest(floats)).toBe('w is not made by DequantizeLinear: it is an initializer');
    });
    it('a bias that is quantized as well', () => {
      const bias = conv({
        constants: 'int8[2,2,1,1] codes = {1, 2, 3, 4}, float s = {0.5}, int8 z = {0}, int32[2] bq = {1, 2}',
        weights: 'w = DequantizeLinear (codes, s, z)\n  b = DequantizeLinear (bq, s)',
        node: 'Conv (x, w, b)',
      });
      expect(nearest(bias)).toBe('b is not a constant; DequantizeLinear (b) makes it');
    });
  });

  const cases = batchNormCases({ quantized: true });
  keepsTheLaws(rule, cases, { within: 2e-6 });

  it('keeps every code but for the sign of its gain', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const gains = one.model.graph.initializers
          .find(({ name }) => name === 'gamma')!
          .toTypedArray() as Float32Array;
        const [before, after] = [weightCodes(one.model, one), weightCodes(apply(rule, one.model), one)];
        const isTransposed = one.model.graph.nodes.some(({ opType }) => opType === 'ConvTranspose');
        const [, columns = 1, ...kernel] = before.dims;
        const area = kernel.reduce((product, length) => product * length, 1);
        const codes = before.values.map((code, i) => {
          const channel = isTransposed ? Math.floor(i / area) % columns : Math.floor(i / (area * columns));
          return Math.sign(gains[channel]!) * code + 0;
        });
        expect(after.values).toEqual(codes);
      }),
    );
  });

  it('agrees with ONNX Runtime before and after', async () => {
    for (const one of fc.sample(cases, { numRuns: 10, seed: 5 }) as Case[]) {
      const [wanted, given] = [
        await runInEngine(one.model, one.inputs),
        await runInEngine(apply(rule, one.model), one.inputs),
      ];
      const largest = Math.max(...(wanted.get('y')!.toTypedArray() as Float32Array).map(Math.abs));
      expectClose(given.get('y')!, wanted.get('y')!, 1e-5 * Math.max(1, largest));
    }
  });
});

/** The integers a convolution's weights are dequantized from. */
function weightCodes(
  of: Model,
  { inputs }: Case,
): { readonly dims: readonly number[]; readonly values: readonly number[] } {
  const { nodes, initializers } = of.graph;
  const name = nodes.find(({ opType }) => opType === 'DequantizeLinear')!.inputs[0]!;
  const stored = initializers.find((tensor) => tensor.name === name);
  const codes = stored ?? execute(of, inputs, { outputs: [name] }).get(name)!;
  return { dims: codes.dims, values: Array.from(codes.toTypedArray() as Int8Array) };
}
