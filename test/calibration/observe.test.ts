import { describe, expect, it } from 'vitest';
import { observe } from '../../src/calibration/index.ts';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { parseModel } from '../../src/serde/index.ts';

const model = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
  main (float[N,2,2] x) => (float[N,2,2] y) {
    a = Neg (x)
    y = Relu (a)
  }`);

const sample = (...values: number[]) =>
  new Map([['x', tensor('float32', [values.length / 4, 2, 2], values)]]);

describe('observe', () => {
  it('tells least and largest elements of all samples, and the mean of each channel', () => {
    const seen = observe(model, [sample(1, 2, -3, 5), sample(3, 2, 7, 7, 0, 0, 0, 0)], new Set(['x', 'a']));
    expect(seen.get('x')).toEqual({ min: -3, max: 7, means: [8 / 6, 16 / 6] });
    expect(seen.get('a')).toEqual({ min: -7, max: 3, means: [-8 / 6, -16 / 6] });
  });

  it('passes over elements that are no numbers in its range, and over values there are not', () => {
    const seen = observe(model, [sample(NaN, 1, 2, 3)], new Set(['x', 'elsewhere']));
    expect([...seen.keys()]).toEqual(['x']);
    expect(seen.get('x')).toMatchObject({ min: 1, max: 3 });
  });

  it('runs nothing where inputs alone are wanted', () => {
    const broken = { ...model, graph: { ...model.graph, nodes: [] } };
    expect(observe(broken, [sample(1, 2, 3, 4)], new Set(['x'])).get('x')).toMatchObject({ max: 4 });
  });

  it('passes over what is behind an operator that cannot be run', () => {
    const foreign = parseModel(`<ir_version: 8, opset_import: ["" : 17, "foreign" : 1]>
      main (float[1,2,2] x) => (float[1,2,2] y, float[1,2,2] c) {
        a = Neg (x)
        b = foreign.Odd (a)
        y = Relu (b)
        c = Abs (a)
      }`);
    const seen = observe(foreign, [sample(1, 2, 3, 4)], new Set(['x', 'a', 'b', 'y', 'c']));
    expect([...seen].map(([name, { min, max }]) => [name, min, max])).toEqual([
      ['x', 1, 4],
      ['a', -4, -1],
      ['c', 1, 4],
    ]);
  });

  it('passes over a sample that does not run to its end, if asked to', () => {
    const divides = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
      main (float[1,2,2] x, int32 k) => (float[1,2,2] a, int32 y) <int32 n = {7}> {
        a = Neg (x)
        y = Div (n, k)
        z = Cast <to = 1> (y)
      }`);
    const samples = [0, 2].map(
      (k) => new Map<string, Tensor>([...sample(1, 2, 3, 4), ['k', tensor('int32', [], [k])]]),
    );
    expect(() => observe(divides, samples, new Set(['a', 'z']))).toThrow(/divided by zero/);
    const told: string[] = [];
    const seen = observe(divides, samples, new Set(['a', 'z']), { onFailure: ({ code }) => told.push(code) });
    expect(told).toHaveLength(1);
    expect(seen.get('z')).toMatchObject({ min: 3, max: 3 });
    expect(seen.get('a')).toMatchObject({ min: -4, max: -1 });
  });

  it('tells which sample it runs', () => {
    const told: string[] = [];
    observe(model, [sample(1, 2, 3, 4), sample(1, 2, 3, 4)], new Set(['a']), {
      onSample: (i, count) => told.push(`${i + 1}/${count}`),
    });
    expect(told).toEqual(['1/2', '2/2']);
  });
});
