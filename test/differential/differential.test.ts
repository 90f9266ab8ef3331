import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subgraphsOf, type Tensor, type ValueInfo, valuesOf } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { printModel } from '../../src/serde/index.ts';
import { models } from '../../src/testing/index.ts';
import { generateSamples } from '../../src/verify/index.ts';
import { engineTypes, runInEngine } from '../support/engine.ts';
import { judge, report } from './fuzz.ts';
import { randomGraph } from './generator.ts';
import { knownDifferences } from './known-differences.ts';
import { judgeNetwork, randomNetwork, reportNetwork } from './networks.ts';
import { makers } from './operators/index.ts';

/** Random graphs here and in ONNX Runtime; `npm run fuzz` makes thousands of others. */

const seed = 20;

/** Operators whose results are codes and sums of codes: no difference is allowed, known or not, but those of Q itself. */
const integer = [
  'QLinearConv',
  'QLinearMatMul',
  'ConvInteger',
  'MatMulInteger',
  'QLinearAdd',
  'QLinearMul',
  'QLinearConcat',
  'NhwcMaxPool',
  'DequantizeLinear',
  'QuantizeLinear',
];

/** Whether all elements are equal but for float rounding on the way. */
function isClose(ours: Tensor, theirs: Tensor): boolean {
  if (theirs.dtype === 'string') return true;
  const [a, b] = [ours, theirs].map((one) => Array.from(valuesOf(one) as ArrayLike<number | bigint>, Number));
  const largest = Math.max(1, ...b!.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0)));
  return a!.every((value, i) => Object.is(value, b![i]) || Math.abs(value - b![i]!) <= 1e-3 * largest);
}

describe('the executor beside ONNX Runtime', () => {
  it('computes the same for random graphs', async () => {
    const problems: string[] = [];
    let compared = 0;
    for (let index = 0; index < 500; index++) {
      const graph = randomGraph(seed, index);
      const verdict = await judge(graph);
      if (verdict.kind === 'mismatch') problems.push(report(verdict.mismatch!, graph));
      if (verdict.kind === 'equal') compared++;
    }
    expect(problems).toEqual([]);
    expect(compared).toBeGreaterThan(450);
  });

  it('computes networks in integer arithmetic as the engine does that optimizes them', async () => {
    const problems: string[] = [];
    for (let index = 0; index < 60; index++) {
      const network = randomNetwork(seed, index);
      const { what } = await judgeNetwork(network);
      if (what !== undefined) problems.push(reportNetwork(network, what));
    }
    expect(problems).toEqual([]);
  });

  it('runs branches and loops that capture values as the engine does', async () => {
    const drawn = fc.sample(models(), { numRuns: 400, seed });
    const controlled = drawn.filter((one) => one.graph.nodes.some((node) => subgraphsOf(node).length > 0));
    const compared = new Map<string, number>();
    const apart: string[] = [];
    for (const one of controlled) {
      // The binding carries some element types, and no result of a name that every object has.
      const isCarried = ({ name, type }: ValueInfo) =>
        name !== '__proto__' && type?.kind === 'tensor' && engineTypes.has(type.elemType);
      if (!one.graph.outputs.every(isCarried)) continue;
      const fed = generateSamples(one, { samples: 1, seed, kinds: ['smooth'], dims: new Map() }).samples[0]!
        .inputs;
      const theirs = await runInEngine(one, fed).catch((error: Error) => error.message);
      // The engine has no kernels for some element types.
      if (typeof theirs === 'string') {
        expect(theirs).toMatch(/Could not find an implementation|status code returned while running/);
        continue;
      }
      const ours = execute(one, fed);
      for (const [name, value] of theirs) {
        expect(ours.get(name)?.dims, name).toEqual(value.dims);
        if (!isClose(ours.get(name)!, value)) apart.push(printModel(one));
      }
      for (const { opType } of one.graph.nodes) compared.set(opType, (compared.get(opType) ?? 0) + 1);
    }
    expect(apart).toEqual([]);
    for (const opType of ['If', 'Loop', 'Scan']) expect(compared.get(opType)).toBeGreaterThan(3);
  });

  it.each(integer)('computes %s to the last code', async (opType) => {
    const problems: string[] = [];
    let equal = 0;
    for (let index = 0; index < 40; index++) {
      const graph = randomGraph(seed, index, new Set([opType]));
      const verdict = await judge(graph);
      if (verdict.kind === 'mismatch') problems.push(report(verdict.mismatch!, graph));
      if (verdict.kind === 'equal') equal++;
    }
    expect(problems).toEqual([]);
    expect(equal).toBeGreaterThan(30);
  });

  it('makes the same graph for the same seed', () => {
    const [a, b] = [randomGraph(7, 3), randomGraph(7, 3)];
    expect(b.steps.map(({ node }) => node)).toEqual(a.steps.map(({ node }) => node));
    expect(b.steps.map(({ inputs }) => inputs.map((x) => x?.dims))).toEqual(
      a.steps.map(({ inputs }) => inputs.map((x) => x?.dims)),
    );
  });

  it('finds a wrong result', async () => {
    const graph = randomGraph(seed, 0, new Set(['MatMulInteger']));
    const [step] = graph.steps;
    const other = randomGraph(seed, 1, new Set(['MatMulInteger'])).steps[0]!;
    const verdict = await judge({ ...graph, steps: [{ ...step!, outputs: other.outputs }] });
    expect(verdict.kind).toBe('mismatch');
  });

  it('names each known difference once, for operators it makes', () => {
    const names = knownDifferences.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const made = new Set(makers.map(({ opType }) => opType));
    for (const { operators } of knownDifferences)
      for (const operator of operators) expect(made).toContain(operator);
  });
});
