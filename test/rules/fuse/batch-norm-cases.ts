import fc from 'fast-check';
import { tensor } from '../../../src/ir/index.ts';
import { model } from '../../../src/serde/index.ts';
import type { Case } from '../laws.ts';

const number = (min: number, max: number) =>
  fc.float({ min: Math.fround(min), max: Math.fround(max), noNaN: true });
const list = (count: number, one: fc.Arbitrary<number>) =>
  fc.array(one, { minLength: count, maxLength: count });

/** Convolutions of two groups at most with a batch norm behind them; the weights are floats, or behind Q → DQ, or codes. */
export function batchNormCases({ quantized }: { readonly quantized: boolean }): fc.Arbitrary<Case> {
  return fc
    .record({
      isTransposed: fc.boolean(),
      group: fc.constantFrom(1, 2),
      hasBias: fc.boolean(),
      isStoredAsCodes: fc.boolean(),
      isPerChannel: fc.boolean(),
      hasZeroGain: fc.boolean(),
    })
    .chain((facts) => {
      const group = quantized && facts.isTransposed ? 1 : facts.group;
      const channels = 4;
      const dims = facts.isTransposed ? [2, channels / group, 2, 2] : [channels, 2 / group, 2, 2];
      const count = dims.reduce((product, length) => product * length, 1);
      return fc
        .record({
          x: list(2 * 3 * 3, number(-4, 4)),
          w: list(count, number(-1, 1)),
          codes: list(count, fc.integer({ min: -127, max: 127 })),
          scales: list(facts.isPerChannel ? channels : 1, number(0.008, 0.02)),
          b: list(channels, number(-1, 1)),
          gamma: list(
            channels,
            fc.oneof(number(0.1, 3), number(-3, -0.1), ...(facts.hasZeroGain ? [fc.constant(0)] : [])),
          ),
          beta: list(channels, number(-2, 2)),
          mean: list(channels, number(-1, 1)),
          variance: list(channels, number(0.01, 4)),
        })
        .map((v) => {
          const axis = facts.isTransposed ? 1 : 0;
          const scaleDims = facts.isPerChannel ? `[${channels}]` : '';
          const zeros = v.scales.map(() => 0);
          const plain = 'float[DIMS] w = {W}';
          const form = !quantized ? 'floats' : facts.isStoredAsCodes ? 'codes' : 'quantized';
          const stored =
            form === 'codes'
              ? `int8[${dims}] w = {${v.codes}}`
              : plain.replace('DIMS', String(dims)).replace('W', String(v.w));
          const quantizer = quantized
            ? `, float${scaleDims} s = {${v.scales}}, int8${scaleDims} z = {${zeros}}`
            : '';
          const nodes = {
            floats: '',
            codes: `wd = DequantizeLinear <axis = ${axis}> (w, s, z)`,
            quantized: `wq = QuantizeLinear <axis = ${axis}> (w, s, z)\n  wd = DequantizeLinear <axis = ${axis}> (wq, s, z)`,
          }[form];
          const operands = `x, ${quantized ? 'wd' : 'w'}${facts.hasBias ? ', b' : ''}`;
          return {
            model: model`
              main (float[1,2,3,3] x) => (float[1,4,N,N] y)
              <${stored}${quantizer}, float[4] b = {${v.b}}, float[4] gamma = {${v.gamma}}, float[4] beta = {${v.beta}},
               float[4] mean = {${v.mean}}, float[4] variance = {${v.variance}}> {
                ${nodes}
                h = ${facts.isTransposed ? 'ConvTranspose' : 'Conv'} <group = ${group}> (${operands})
                y = BatchNormalization <epsilon = 0.001> (h, gamma, beta, mean, variance)
              }`,
            inputs: new Map([['x', tensor('float32', [1, 2, 3, 3], v.x)]]),
          };
        });
    });
}
