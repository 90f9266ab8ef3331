import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { accumulatorRanges } from '../../src/proof/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { model } from '../../src/serde/index.ts';

/** A product of a row of activations and a column of weights. */
const product = (weights: readonly number[], xZero = 0, wZero = 0, type = 'uint8') => {
  const n = weights.length;
  return model`
    main (${type}[1,${n}] x) => (int32[1,1] y)
    <int8[${n},1] w = {${weights}}, ${type} xz = {${xZero}}, int8 wz = {${wZero}}> {
      y = MatMulInteger (x, w, xz, wz)
    }`;
};

describe('accumulatorRanges', () => {
  it('tells the smallest and largest sums there are, and both are reached', () => {
    const weights = fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        weights,
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: -128, max: 127 }),
        (w, xz, wz) => {
          const before = product(w, xz, wz);
          const [range] = accumulatorRanges(before).ranges;
          for (const [sign, end] of [
            [1, range!.high],
            [-1, range!.low],
          ] as const) {
            const x = w.map((weight) => (sign * (weight - wz) > 0 ? 255 : 0));
            const sums = execute(before, new Map([['x', tensor('uint8', [1, w.length], x)]]));
            expect(sums.get('y')!.toTypedArray()[0]).toBe(end);
          }
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });

  it('finds int32 overflow where it begins, with an input that shows it', () => {
    const long = (n: number) => accumulatorRanges(product(new Array<number>(n).fill(127))).ranges[0]!;
    const most = Math.floor((2 ** 31 - 1) / (255 * 127));
    expect(long(most).int32).toBe('holds');
    const { int32, high } = long(most + 1);
    expect(int32).toMatchObject({ row: 0, sum: high });
    expect(high).toBeGreaterThan(2 ** 31 - 1);
  });

  it.each([
    [[64, 64, 1, 1], 'impossible'],
    [[65, 64, 1, 1], 'possible'],
    [[65, 1, 64, 1], 'other-order'],
    [[-65, -64, 0, 0], 'possible'],
    [[-64, -64, 0, 0], 'impossible'],
  ])('tells whether pairs of %j saturate 16 bits: %s', (weights, verdict) => {
    const [range] = accumulatorRanges(product(weights)).ranges;
    expect(range!.int16Pairs.verdict).toBe(verdict);
  });

  it('reads convolutions between DequantizeLinear nodes, weights quantized in the graph and an integer bias', () => {
    const conv = model`
      main (int8[1,1,2,2] x) => (float[1,1,1,1] y)
      <float s = {0.5}, int8 z = {0}, float[1,1,2,2] w = {1, -1, 2, 0}, int32[1] b = {7}, float bs = {0.25}, int32 bz = {0}> {
        d = DequantizeLinear (x, s, z)
        q = QuantizeLinear (w, s, z)
        v = DequantizeLinear (q, s, z)
        c = DequantizeLinear (b, bs, bz)
        y = Conv (d, v, c)
      }`;
    const { ranges, untold } = accumulatorRanges(conv);
    expect(untold).toEqual([]);
    // Codes 2, −2, 4, 0; activations −128 to 127.
    expect(ranges).toMatchObject([
      { operator: 'Conv', rows: 1, depth: 4, low: -128 * 6 - 127 * 2 + 7, high: 127 * 6 + 128 * 2 + 7 },
    ]);
  });

  it('says of which products nothing can be told', () => {
    const two = model`
      main (uint8[1,2] x, uint8[2,1] w) => (int32[1,1] y) { y = MatMulInteger (x, w) }`;
    expect(accumulatorRanges(two).untold).toEqual([
      { at: 'MatMulInteger (y)', reason: 'its weights are no constants' },
    ]);
  });
});
