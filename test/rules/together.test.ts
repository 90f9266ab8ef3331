import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, validate } from '../../src/analysis/index.ts';
import { rewrite, ruleSet } from '../../src/rewrite/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { model } from '../../src/serde/index.ts';
import { type Case, disguise, expectSameOutputs, input } from './laws.ts';

const exact = ruleSet(
  'exact',
  [...catalogue].filter(({ effect }) => effect === 'exact'),
);

/** Steps that keep the shape 1, 2, 4, 4, by what they make of the value `x`. */
const steps: readonly ((y: string, x: string, other: string) => string)[] = [
  (y, x) => `${y} = Relu (${x})`,
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
        <float s = {0.5}, float s2 = {0.5}, float t = {0.25}, int8 z = {0}, uint8 u = {7}, int64[8] shift = {0, 0, 1, 0, 0, 0, -1, 0}> {
          ${lines.join('\n  ')}
        }`,
      inputs: new Map([['x', x]]),
    };
  });

describe('the exact rules together', () => {
  it('end, change no bit, and find nothing the second time', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { model: after, trace } = rewrite(one.model, exact);
        expect(trace.stop.kind).toBe('complete');
        expectSameOutputs(one, after, 0);
        expect(validate(after).filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(rewrite(after, exact).model).toBe(after);
      }),
      { numRuns: 300 },
    );
  });

  it('come to the same model whatever the names and the order of nodes', () => {
    fc.assert(
      fc.property(cases, fc.infiniteStream(fc.nat()), (one, numbers) => {
        const disguised = disguise(one.model, () => numbers.next().value);
        expect(canonicalHash(rewrite(disguised, exact).model)).toBe(
          canonicalHash(rewrite(one.model, exact).model),
        );
      }),
      { numRuns: 200 },
    );
  });
});
