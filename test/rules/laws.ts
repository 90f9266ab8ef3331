import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalHash, equalModels, equalTensors, validate } from '../../src/analysis/index.ts';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import type { Rule } from '../../src/rewrite/index.ts';
import { execute, supportedOperators } from '../../src/runtime/index.ts';
import { encodeModel, parseModel, printModel } from '../../src/serde/index.ts';
import { apply, applyTraced } from '../support/text.ts';

/** A model that a rule matches, and something to feed it. */
export interface Case {
  readonly model: Model;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

export interface LawOptions {
  /** Largest difference of an output, as a part of the largest value computed on the way; 0 means bit for bit. */
  readonly within: number;
  readonly runs?: number;
}

/** Registers the laws that every rule has to keep, on models that it matches. */
export function keepsTheLaws(rule: Rule, cases: fc.Arbitrary<Case>, { within, runs = 40 }: LawOptions): void {
  const check = (name: string, law: (one: Case, after: Model) => void) =>
    it(name, () => {
      fc.assert(
        fc.property(cases, (one) => {
          const { model, trace } = applyTraced(rule, one.model);
          expect(trace.counts().get(rule.name)).toBeGreaterThan(0);
          law(one, model);
        }),
        { numRuns: runs },
      );
    });

  check(
    within === 0
      ? 'changes no bit of any output'
      : `moves outputs by less than ${within} of what is computed`,
    (one, after) => expectSameOutputs(one, after, within),
  );
  check('leaves nothing to do for a second time', (_, after) => expect(apply(rule, after)).toBe(after));
  check('leaves the model it was given as it was', ({ model }) => {
    const text = printModel(model);
    const bytes = encodeModel(model);
    apply(rule, model);
    expect(printModel(model)).toBe(text);
    expect(encodeModel(model)).toEqual(bytes);
  });
  check('writes a valid model that can be printed and parsed', (_, after) => {
    expect(validate(after).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(equalModels(parseModel(printModel(after)), after)).toBe(true);
  });
  it('does the same whatever the names and the order of nodes', () => {
    fc.assert(
      fc.property(cases, fc.infiniteStream(fc.nat()), (one, numbers) => {
        const disguised = disguise(one.model, () => numbers.next().value);
        expect(canonicalHash(disguised)).toBe(canonicalHash(one.model));
        expect(canonicalHash(apply(rule, disguised))).toBe(canonicalHash(apply(rule, one.model)));
      }),
      { numRuns: runs },
    );
  });
}

/** Whether the reference executor has all operators of a model. Those it has not are left to ONNX Runtime to judge. */
export function isExecutable({ model }: Case): boolean {
  return model.graph.nodes.every(({ opType }) => executable.has(opType));
}

const executable = new Set(supportedOperators().map(({ opType }) => opType));

/** The outputs of a model before and after, under the reference executor. */
export function expectSameOutputs(one: Case, after: Model, within: number): void {
  let largest = 0;
  const onValue = (_: string, value: Tensor) => {
    if (value.dtype === 'float32')
      for (const x of value.toTypedArray() as Float32Array) largest = Math.max(largest, Math.abs(x));
  };
  const wanted = [...execute(one.model, one.inputs, { onValue }).values()];
  const given = [...execute(after, one.inputs, { onValue }).values()];
  expect(given.length).toBe(wanted.length);
  for (const [i, value] of given.entries()) {
    if (within > 0) expectClose(value, wanted[i]!, within * largest);
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

/** The same model under other names and with its nodes and initializers in another order. */
export function disguise(model: Model, next: () => number): Model {
  const { graph } = model;
  const names = new Map<string, string>();
  const rename = (name: string) => {
    if (name === '') return '';
    if (!names.has(name)) names.set(name, `v${names.size}_${next() % 1000}`);
    return names.get(name)!;
  };
  const shuffled = <Item>(items: readonly Item[]) =>
    items
      .map((item) => ({ item, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  return {
    ...model,
    graph: {
      ...graph,
      nodes: shuffled(graph.nodes).map((node) => ({
        ...node,
        name: undefined,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      initializers: shuffled(graph.initializers).map((tensor) => tensor.withName(rename(tensor.name ?? ''))),
      inputs: graph.inputs.map((input) => ({ ...input, name: rename(input.name) })),
      outputs: graph.outputs.map((output) => ({ ...output, name: rename(output.name) })),
      valueInfos: graph.valueInfos.map((info) => ({ ...info, name: rename(info.name) })),
    },
  };
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

function show(value: Tensor): string {
  return `${value.dtype}[${value.dims}] ${[...(value.toTypedArray() as Float32Array)].slice(0, 12)}`;
}
