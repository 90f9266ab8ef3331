import fc from 'fast-check';
import { expect, it } from 'vitest';
import { equalTensors } from '../../src/analysis/index.ts';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import type { Rule } from '../../src/rewrite/index.ts';
import { execute, supportedOperators } from '../../src/runtime/index.ts';
import { model } from '../../src/serde/index.ts';
import { checkLaws } from '../../src/testing/index.ts';
import { apply } from '../support/text.ts';

/** A model that a rule matches, and something to feed it. */
export interface Case {
  readonly model: Model;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

export interface LawOptions {
  /** Largest difference of an output, as a part of the largest value computed on the way; 0 means bit for bit. */
  readonly within: number;
  /** How much more it may be, whatever the values: for rules that take out or add a rounding. */
  readonly quanta?: number;
  readonly runs?: number;
  /** Least part of the models that the rule changes; all of them unless said. */
  readonly coverage?: number;
}

/** Registers the laws that every rule has to keep, on models that it matches, and on inputs made to break it. */
export function keepsTheLaws(
  rule: Rule,
  cases: fc.Arbitrary<Case>,
  { within, quanta = 0, runs = 40, coverage = 1 }: LawOptions,
): void {
  const bound =
    within === 0 && quanta === 0
      ? 'changes no bit of any output'
      : `moves outputs by ${within} of what is computed at most`;
  it(bound, () => {
    fc.assert(
      fc.property(cases, (one) => expectSameOutputs(one, apply(rule, one.model), within, quanta)),
      { numRuns: runs },
    );
  });
  it('keeps the laws of rewrites', () => {
    const models = cases.map(({ model }) => model);
    expect(() => checkLaws(rule, models, { runs, coverage, verify: { samples: 1 } })).not.toThrow();
  });
}

/** Whether the reference executor has all operators of a model. Those it has not are left to ONNX Runtime to judge. */
export function isExecutable({ model }: Case): boolean {
  return model.graph.nodes.every(({ opType }) => executable.has(opType));
}

const executable = new Set(supportedOperators().map(({ opType }) => opType));

/** The outputs of a model before and after, under the reference executor. */
export function expectSameOutputs(one: Case, after: Model, within: number, quanta = 0): void {
  let largest = 0;
  const onValue = (_: string, value: Tensor) => {
    if (value.dtype === 'float32')
      for (const x of value.toTypedArray() as Float32Array) largest = Math.max(largest, Math.abs(x));
  };
  const wanted = [...execute(one.model, one.inputs, { onValue }).values()];
  const given = [...execute(after, one.inputs, { onValue }).values()];
  expect(given.length).toBe(wanted.length);
  for (const [i, value] of given.entries()) {
    if (within + quanta > 0) expectClose(value, wanted[i]!, within * largest + quanta);
    else expect(equalTensors(value, wanted[i]!), `${show(value)} instead of ${show(wanted[i]!)}`).toBe(true);
  }
}

/** Float tensors that differ by no more than a bound anywhere. */
export function expectClose(given: Tensor, wanted: Tensor, bound: number): void {
  expect(given.dims).toEqual(wanted.dims);
  const [a, b] = [given.toTypedArray() as Float32Array, wanted.toTypedArray() as Float32Array];
  const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
  expect(worst).toBeLessThanOrEqual(bound);
}

/** Values for a float input: on the grid of a scale, on its ties, beside it, far outside, and both zeros. */
export function floats(count: number, scale: number): fc.Arbitrary<Float32Array> {
  const one = fc.oneof(
    fc.integer({ min: -600, max: 600 }).map((halves) => (halves / 2) * scale),
    fc
      .integer({ min: -600, max: 600 })
      .map((halves) => Math.fround(Math.fround((halves / 2) * scale) * (1 + 2 ** -23))),
    fc.float({ min: Math.fround(-200 * scale), max: Math.fround(200 * scale), noNaN: true }),
    fc.constantFrom(0, -0, 3e38, -3e38),
  );
  return fc.array(one, { minLength: count, maxLength: count }).map((values) => Float32Array.from(values));
}

/** A float32 input of some dims around a scale. */
export function input(dims: readonly number[], scale: number): fc.Arbitrary<Tensor> {
  const count = dims.reduce((product, length) => product * length, 1);
  return floats(count, scale).map((values) => tensor('float32', dims, values));
}

/** Scale, zero point and type of a quantizer, as ONNX text. */
export interface Grid {
  readonly scale: number;
  readonly zero: number;
  readonly dtype: 'int8' | 'uint8';
}

export const grids: fc.Arbitrary<Grid> = fc
  .record({
    scale: fc.oneof(
      fc.constantFrom(0.5, 0.1, 0.0117, 1, 3.7),
      fc.float({ min: Math.fround(1e-4), max: 100, noNaN: true, minExcluded: true }),
    ),
    dtype: fc.constantFrom('int8' as const, 'uint8' as const),
    zero: fc.integer({ min: 0, max: 127 }),
    isSymmetric: fc.boolean(),
  })
  .map(({ scale, dtype, zero, isSymmetric }) => ({
    scale: Math.fround(scale),
    dtype,
    zero: isSymmetric ? (dtype === 'int8' ? 0 : 128) : zero,
  }));

/** Q → DQ from one value to another, with scale `s` and zero point `z` unless said. */
export function pair(from: string, to: string, grid = 's, z'): string {
  return `${to}_q = QuantizeLinear (${from}, ${grid})\n  ${to} = DequantizeLinear (${to}_q, ${grid})`;
}

/** Models of one float32 input `x`, written for a grid: `s` and `z` are its scale and zero point. */
export function casesOnGrids(
  dims: readonly number[],
  text: (constants: string, grid: Grid, choice: number) => string,
): fc.Arbitrary<Case> {
  return grids.chain((grid) =>
    fc.tuple(input(dims, grid.scale), fc.nat(1000)).map(([x, choice]) => ({
      model: model`${text(`float s = {${grid.scale}}, ${grid.dtype} z = {${grid.zero}}`, grid, choice)}`,
      inputs: new Map([['x', x]]),
    })),
  );
}

/** Models of one float32 input `x` between -10 and 10, for rules that move numbers: scale `s` 0.1, zero point `z` 0. */
export function casesInRange(
  dims: readonly number[],
  text: (constants: string, choice: number) => string,
): fc.Arbitrary<Case> {
  const count = dims.reduce((product, length) => product * length, 1);
  const element = fc.float({ min: -10, max: 10, noNaN: true });
  return fc
    .tuple(fc.array(element, { minLength: count, maxLength: count }), fc.nat(1000))
    .map(([values, choice]) => ({
      model: model`${text('float s = {0.1}, int8 z = {0}', choice)}`,
      inputs: new Map([['x', tensor('float32', dims, values)]]),
    }));
}

function show(value: Tensor): string {
  return `${value.dtype}[${value.dims}] ${[...(value.toTypedArray() as Float32Array)].slice(0, 12)}`;
}
