import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { rowRange } from '../../src/proof/accumulators.ts';
import { requantizationDifferences } from '../../src/proof/index.ts';
import { integerProducts } from '../../src/proof/integer-products.ts';
import { requantizedCode } from '../../src/proof/requantization.ts';
import { execute, type RoundingConvention } from '../../src/runtime/index.ts';
import { model } from '../../src/serde/index.ts';

const product = (weights: readonly number[], scale: number, outScale: number, zero: number) => {
  const n = weights.length;
  return model`
    <ir_version: 8, opset_import: ["" : 13]>
    main (uint8[1,${n}] x) => (uint8[1,1] y)
    <int8[${n},1] w = {${weights}}, float s = {${scale}}, float t = {1}, uint8 xz = {0}, int8 wz = {0},
     float r = {${outScale}}, uint8 z = {${zero}}> {
      y = QLinearMatMul (x, s, xz, w, t, wz, r, z)
    }`;
};

/** Every sum of at most two weights. */
function sumsOf([a = 0, b = 0]: readonly number[]): number[] {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  return codes.flatMap((x) => codes.map((y) => a * x + b * y));
}

const conventions: readonly RoundingConvention[] = ['onnx', 'half-even', 'half-away'];

describe('requantizationDifferences', () => {
  it('finds the tie that an odd zero point rounds the other way, and none where there are no ties', () => {
    const [tie] = requantizationDifferences(product([1, 1], 0.5, 1, 3)).certificates;
    expect(tie!.differs.get('onnx')).toMatchObject({
      sum: 1,
      onnxruntime: 3,
      other: 4,
      activations: expect.any(Array),
    });
    expect(tie!.differs.get('half-even')).toBe('impossible');
    expect(tie!.differs.get('half-away')).toMatchObject({ onnxruntime: 3, other: 4 });
    const [none] = requantizationDifferences(product([2, -4], 0.5, 1, 3)).certificates;
    expect([...none!.differs.values()]).toEqual(['impossible', 'impossible', 'impossible']);
  });

  it('agrees with trying every input', () => {
    const weights = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 2 });
    const scale = fc.constantFrom(0.5, 0.25, 0.1, 0.3, 1 / 3, 0.05);
    fc.assert(
      fc.property(weights, scale, scale, fc.integer({ min: 0, max: 255 }), (w, s, r, zero) => {
        const before = product(w, s, r, zero);
        const [found] = requantizationDifferences(before).certificates;
        const [summed] = integerProducts(before).products;
        const { low, high } = rowRange(summed!, 0);
        for (const convention of conventions) {
          let differs = false;
          const reachable = new Set<number>();
          for (const x of sumsOf(w)) reachable.add(x);
          for (const sum of reachable) {
            expect(sum >= low && sum <= high).toBe(true);
            const code = (by: RoundingConvention) =>
              requantizedCode(by, sum, summed!.gains![0]!, summed!.output!);
            differs ||= code('onnxruntime') !== code(convention);
          }
          const answer = found!.differs.get(convention)!;
          if (answer === 'impossible') expect(differs).toBe(false);
          else if (answer.activations !== undefined) expect(differs).toBe(true);
        }
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  it('gives activations that the executor turns into the codes it says', () => {
    const before = product([3, 1, -2], 0.5, 1, 5);
    const [found] = requantizationDifferences(before).certificates;
    for (const convention of conventions) {
      const witness = found!.differs.get(convention);
      if (witness === 'impossible' || witness?.activations === undefined) continue;
      const inputs = new Map([['x', tensor('uint8', [1, 3], witness.activations)]]);
      const code = (rounding: RoundingConvention) =>
        execute(before, inputs, { rounding }).get('y')!.toTypedArray()[0];
      expect(code('onnxruntime')).toBe(witness.onnxruntime);
    }
    expect(found!.differs.get('onnx')).toHaveProperty('activations');
  });
});
