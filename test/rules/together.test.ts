import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewrite, ruleSet } from '../../src/rewrite/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { model } from '../../src/serde/index.ts';
import { checkLaws } from '../../src/testing/index.ts';
import { type Case, expectSameOutputs, input } from './laws.ts';

const exact = ruleSet(
  'exact',
  [...catalogue].filter(({ effect }) => effect === 'exact'),
).without('quantize-after-resize', 'unfold-weight-quantizer', 'restore-enforced-relu');

/** Steps that keep the shape 1, 2, 4, 4, by what they make of the value `x`. */
const steps: readonly ((y: string, x: string, other: string) => string)[] = [
  (y, x) => `${y} = Relu (${x})`,
  (y, x) => `${y} = Clip (${x}, low, high)`,
  (y, x) => `${y} = Resize <mode = "nearest"> (${x}, , same)`,
  (y, x) => `${y} = Identity (${x})`,
  (y, x) => `${y} = Transpose <perm = [0, 1, 3, 2]> (${x})`,
  (y, x) => `${y} = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (${x})`,
  (y, x) => `${y} = Pad (${x}, shift)`,
  (y, x) => `${y} = Pad <mode = "edge"> (${x}, shift)`,
  (y, x, other) => `${y} = Add (${x}, ${other})`,
  (y, x) =>
    `${y}_a, ${y}_b = Split <axis = 1, num_outputs = 2> (${x})\n  ${y} = Concat <axis = 1> (${y}_b, ${y}_a)`,
  ...['s, z', 's, z', 's2, z', 't, z', 's, u'].map(
    (grid) => (y: string, x: string) =>
      `${y}_q = QuantizeLinear (${x}, ${grid})\n  ${y} = DequantizeLinear (${y}_q, ${grid})`,
  ),
];

/** The one step that reads two values. */
const add = steps.findIndex((step) => step('y', 'a', 'b').includes('Add'));

const cases: fc.Arbitrary<Case> = fc
  .record({
    x: input([1, 2, 4, 4], 0.5),
    steps: fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(3), fc.nat(3)), {
      minLength: 2,
      maxLength: 14,
    }),
    outputs: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 2 }),
  })
  .map(({ x, steps: chosen, outputs }) => {
    const names = ['x'];
    const back = (distance: number) => names[Math.max(0, names.length - 1 - distance)]!;
    const lines = chosen.map(([step, first, second], i) => {
      const line = steps[step]!(`v${i}`, back(first), back(second));
      names.push(`v${i}`);
      return line;
    });
    // What nobody reads is an output: dead values with equal constants under two names have no order of their own.
    const read = new Set(
      chosen.flatMap(([step, first, second], i) => {
        const at = (distance: number) => names[Math.max(0, i - distance)]!;
        return step === add ? [at(first), at(second)] : [at(first)];
      }),
    );
    const also = new Set(outputs.map(back));
    const given = names.filter((name) => name !== 'x' && (also.has(name) || !read.has(name)));
    return {
      model: model`
        main (float[1,2,4,4] x) => (${given.map((name) => `float[1,2,4,4] ${name}`)})
        <float s = {0.5}, float s2 = {0.5}, float t = {0.25}, int8 z = {0}, uint8 u = {7}, float low = {-3}, float high = {2.5}, float[4] same = {1, 1, 1, 1}, int64[8] shift = {0, 0, 1, 0, 0, 0, -1, 0}> {
          ${lines.join('\n  ')}
        }`,
      inputs: new Map([['x', x]]),
    };
  });

describe('the exact rules together', () => {
  it('keep the laws of rewrites', () => {
    const models = cases.map(({ model }) => model);
    expect(() =>
      checkLaws(exact, models, { runs: 120, coverage: 0.25, verify: { samples: 1 } }),
    ).not.toThrow();
  });

  it('change no bit of any output', () => {
    fc.assert(
      fc.property(cases, (one) => expectSameOutputs(one, rewrite(one.model, exact).model, 0)),
      { numRuns: 120 },
    );
  });
});
