import { describe, expect, it } from 'vitest';
import { judge, report } from './fuzz.ts';
import { randomGraph } from './generator.ts';
import { knownDifferences } from './known-differences.ts';
import { makers } from './operators/index.ts';

/** Random graphs here and in ONNX Runtime; `npm run fuzz` makes thousands of others. */

const seed = 20;

/** Operators whose results are codes and sums of codes: no difference is allowed, known or not, but those of Q itself. */
const integer = [
  'QLinearConv',
  'QLinearMatMul',
  'ConvInteger',
  'MatMulInteger',
  'DequantizeLinear',
  'QuantizeLinear',
];

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
