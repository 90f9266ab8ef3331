import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { runNode, valuesOf } from './run-node.ts';

function expectNear(got: readonly unknown[], want: readonly number[]): void {
  for (const [i, value] of want.entries()) expect(got[i]).toBeCloseTo(value, 6);
}

const seeded = { floats: ['seed', 'low', 'high', 'mean', 'scale'] };

describe('operators that draw random numbers', () => {
  it('draw what numpy draws from the same seed', () => {
    // np.random.RandomState(0).uniform(size=3), .randn(4); RandomState(12345).uniform(size=2)
    const uniform = (seed: number, count: number) =>
      valuesOf(runNode('RandomUniform', [], { shape: [count], seed, dtype: 11 }, seeded)[0]);
    expect(uniform(0, 3)).toEqual([0.5488135039273248, 0.7151893663724195, 0.6027633760716439]);
    expectNear(uniform(12345, 2), [0.92961609, 0.31637555]);
    const normal = valuesOf(runNode('RandomNormal', [], { shape: [4], seed: 0, dtype: 11 }, seeded)[0]);
    expectNear(normal, [1.76405235, 0.40015721, 0.97873798, 2.2408932]);
  });

  it('take shape and type from an array', () => {
    const x = tensor('float16', [2, 2], [0, 0, 0, 0]);
    const [uniform] = runNode('RandomUniformLike', [x], { low: 5, high: 6, seed: 1 }, seeded);
    expect([uniform!.dtype, uniform!.dims]).toEqual(['float16', [2, 2]]);
    expect((valuesOf(uniform) as number[]).every((value) => value >= 5 && value <= 6)).toBe(true);
    const [normal] = runNode('RandomNormalLike', [x], { mean: 100, seed: 1, dtype: 1 }, seeded);
    expect(normal!.dtype).toBe('float32');
    expect((valuesOf(normal) as number[]).every((value) => Math.abs(value - 100) < 10)).toBe(true);
  });

  it('follow the probabilities they are given', () => {
    const p = tensor('float32', [1000], new Array(1000).fill(0.25));
    const ones = valuesOf(runNode('Bernoulli', [p], { seed: 3, dtype: 7 }, seeded)[0]).filter(Boolean).length;
    expect(ones).toBeGreaterThan(200);
    expect(ones).toBeLessThan(300);
    const logs = tensor('float32', [1, 3], [Math.log(0.5), -Infinity, Math.log(0.5)]);
    const drawn = valuesOf(runNode('Multinomial', [logs], { sample_size: 100, seed: 3 }, seeded)[0]);
    expect([...new Set(drawn)].sort()).toEqual([0, 2]);
  });

  it('drop elements in training, and make up for it', () => {
    const x = tensor('float32', [1000], new Array(1000).fill(1));
    const inputs = [x, tensor('float32', [], [0.75]), tensor('bool', [], [1])];
    const [y, mask] = runNode('Dropout', inputs, { seed: 0 }, { outputs: 2 });
    expect(new Set(valuesOf(y))).toEqual(new Set([0, 4]));
    expect(valuesOf(y).map((value) => (value === 4 ? 1 : 0))).toEqual(valuesOf(mask));
    // np.random.seed(0); np.random.uniform(size=5) >= 0.75
    expect(valuesOf(mask).slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  });

  it('are refused without a seed, and repeat themselves with one of the run', () => {
    const model = parseModel(`<ir_version: 10, opset_import: ["" : 21]> g () => (float[4] a, float[4] b) {
      a = RandomUniform <shape = [4]> ()
      b = RandomUniform <shape = [4]> ()
    }`);
    expect(() => execute(model, [])).toThrow('no seed says which');
    const run = (seed: number) => [...execute(model, [], { seed }).values()].map(valuesOf);
    const [a, b] = run(7);
    expect(a).not.toEqual(b);
    expect(run(7)).toEqual([a, b]);
    expect(run(8)).not.toEqual([a, b]);
  });
});

describe('the inverse transform of one side', () => {
  it('pads and cuts the spectrum as numpy does', () => {
    // np.fft.irfft([1+2j, 3+4j, 5+6j, 7+8j], n)
    const spectrum = tensor('float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const inverse = (n: number) =>
      valuesOf(
        runNode('DFT', [spectrum, tensor('int64', [], [n]), tensor('int64', [], [0])], {
          inverse: 1,
          onesided: 1,
        })[0],
      ) as number[];
    expect(inverse(4)).toEqual([3, -3, 0, 1]);
    expectNear(inverse(5), [3.4, -3.97958863, 1.18929283, -1.49486564, 1.88516144]);
  });
});
