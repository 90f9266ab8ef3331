import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import type { PlainValue } from '../../src/ops/index.ts';
import { runNode, valuesOf } from './run-node.ts';

const f32 = (dims: readonly number[], values: readonly number[]) => tensor('float32', dims, values);
const i64 = (...values: number[]) => tensor('int64', [values.length], values);

describe('ai.onnx.ml', () => {
  const run = (opType: string, inputs: Tensor[], attributes: Record<string, PlainValue> = {}, opset = 5) =>
    runNode(opType, inputs, attributes, {
      domain: 'ai.onnx.ml',
      opset,
      floats: ['threshold', 'keys_floats'],
    })[0]!;
  const words = (...values: string[]) => tensor('string', [values.length], values);

  it('LabelEncoder replaces keys by values, and the unknown by a default', () => {
    const keys = { keys_strings: ['a', 'b'], values_int64s: [7, 8] };
    expect(valuesOf(run('LabelEncoder', [words('b', 'x', 'a')], keys))).toEqual([8n, -1n, 7n]);
    expect(valuesOf(run('LabelEncoder', [words('b', 'x')], { ...keys, default_int64: 42 }))).toEqual([
      8n,
      42n,
    ]);
    const missing = { keys_floats: [Number.NaN, 2], values_strings: ['none', 'two'] };
    expect(valuesOf(run('LabelEncoder', [f32([3], [2, Number.NaN, 3])], missing))).toEqual([
      'two',
      'none',
      '_Unused',
    ]);
  });

  it('LabelEncoder takes tensors, whose type is that of the output', () => {
    const attributes = {
      keys_as_tensor: words('a', 'b'),
      values_as_tensor: tensor('int16', [2], [3, 4]),
      default_as_tensor: tensor('int16', [1], [-5]),
    };
    const y = run('LabelEncoder', [words('b', 'c')], attributes);
    expect([y.dtype, valuesOf(y)]).toEqual(['int16', [4, -5]]);
    expect(() => run('LabelEncoder', [words('b')], { keys_strings: ['b'] })).toThrow('needs values');
  });

  it('LabelEncoder of version 1 counts in a list, both ways', () => {
    const classes = { classes_strings: ['a', 'b'] };
    expect(valuesOf(run('LabelEncoder', [words('b', 'x')], classes, 1))).toEqual([1n, -1n]);
    expect(valuesOf(run('LabelEncoder', [i64(0, 9)], classes, 1))).toEqual(['a', '_Unused']);
  });

  it('ArrayFeatureExtractor picks along the last axis', () => {
    const x = f32([2, 3], [0, 1, 2, 10, 11, 12]);
    const y = run('ArrayFeatureExtractor', [x, i64(2, 0)]);
    expect([y.dims, valuesOf(y)]).toEqual([
      [2, 2],
      [2, 0, 12, 10],
    ]);
    expect(run('ArrayFeatureExtractor', [words('a', 'b'), i64(1)]).dims).toEqual([1, 1]);
    expect(() => run('ArrayFeatureExtractor', [x, i64(3)])).toThrow('no element 3 among 3');
  });

  it('Binarizer asks what is above a threshold', () => {
    expect(valuesOf(run('Binarizer', [f32([3], [0.5, 1, 1.5])], { threshold: 1 }))).toEqual([0, 0, 1]);
    expect(valuesOf(run('Binarizer', [i64(-1, 0, 1)]))).toEqual([0n, 0n, 1n]);
  });

  it('Normalizer divides rows by their largest element, sum or length, but not by zero', () => {
    const x = f32([2, 2], [3, -4, 0, 0]);
    expect(valuesOf(run('Normalizer', [x]))).toEqual([1, Math.fround(-4 / 3), 0, 0]);
    expect(valuesOf(run('Normalizer', [x], { norm: 'L1' }))).toEqual([3 / 7, -4 / 7, 0, 0].map(Math.fround));
    expect(valuesOf(run('Normalizer', [x], { norm: 'L2' }))).toEqual([0.6, -0.8, 0, 0].map(Math.fround));
  });

  describe('TreeEnsemble', () => {
    // x₀ ≤ 1 ? (x₁ is 5 or 6 ? leaf 0 : leaf 1) : leaf 2, and a second tree: x₁ > 4 ? leaf 3 : leaf 0.
    const forest = {
      n_targets: 2,
      tree_roots: [0, 2],
      nodes_featureids: [0, 1, 1],
      nodes_modes: tensor('uint8', [3], [0, 6, 3]),
      nodes_splits: f32([3], [1, 0, 4]),
      nodes_truenodeids: [1, 0, 3],
      nodes_trueleafs: [0, 1, 1],
      nodes_falsenodeids: [2, 1, 0],
      nodes_falseleafs: [1, 1, 1],
      membership_values: f32([3], [5, 6, Number.NaN]),
      leaf_targetids: [0, 1, 0, 0],
      leaf_weights: f32([4], [1, 2, 4, 8]),
    };
    const rows = f32([4, 2], [0, 6, 0, 4, 2, 5, Number.NaN, 0]);

    it('adds up the leaves that a row ends at', () => {
      expect(valuesOf(run('TreeEnsemble', [rows], forest))).toEqual([9, 0, 1, 2, 12, 0, 5, 0]);
    });

    it('averages over the trees, or keeps the least or the most', () => {
      const by = (aggregate: number) =>
        valuesOf(run('TreeEnsemble', [rows], { ...forest, aggregate_function: aggregate })).slice(0, 6);
      expect(by(0)).toEqual([4.5, 0, 0.5, 1, 6, 0]);
      expect(by(2)).toEqual([1, 0, 1, 2, 4, 0]);
      expect(by(3)).toEqual([8, 0, 1, 2, 8, 0]);
    });

    it('sends NaN along the true branch where it is told to', () => {
      const tracked = { ...forest, nodes_missing_value_tracks_true: [1, 0, 0] };
      expect(valuesOf(run('TreeEnsemble', [rows], tracked)).slice(6)).toEqual([1, 2]);
    });

    it('transforms what it found', () => {
      const as = (post: number) =>
        valuesOf(run('TreeEnsemble', [f32([1, 2], [0, 4])], { ...forest, post_transform: post })) as number[];
      const even = 1 / (1 + Math.E);
      expect(as(1)).toEqual([even, 1 - even].map(Math.fround));
      expect(as(2)).toEqual([1, 2].map((x) => Math.fround(1 / (1 + Math.exp(-x)))));
      expect(() => as(4)).toThrow('not run with post_transform 4');
    });

    it('does not go round in circles', () => {
      const circle = { ...forest, nodes_truenodeids: [0, 0, 3] };
      expect(() => run('TreeEnsemble', [rows], circle)).toThrow('has no leaf on this path');
    });
  });
});

describe('ai.onnx.preview.training', () => {
  const step = (opType: string, count: number, arrays: number[][], outputs: number, attributes: object) =>
    runNode(
      opType,
      [f32([], [0.5]), tensor('int64', [], [count]), ...arrays.map((values) => f32([values.length], values))],
      attributes as Record<string, PlainValue>,
      {
        domain: 'ai.onnx.preview.training',
        opset: 1,
        outputs,
        floats: ['alpha', 'beta', 'epsilon', 'norm_coefficient', 'norm_coefficient_post', 'decay_factor'],
      },
    ).map(valuesOf);

  it('Adagrad sums squares of gradients, for several tensors at once', () => {
    const attributes = { decay_factor: 1, epsilon: 1, norm_coefficient: 0.5 };
    // r = 0.5 / (1 + 1) and g = 0.5·x + gradient.
    const first = [[2], [3], [9]];
    expect(step('Adagrad', 1, first, 2, attributes)).toEqual([[Math.fround(2 - (0.25 * 4) / 6)], [25]]);
    const both = [[2], [0, 0], [3], [3, 4], [9], [16, 0]];
    expect(step('Adagrad', 1, both, 4, attributes)).toEqual([
      [Math.fround(2 - (0.25 * 4) / 6)],
      [-0.125, Math.fround(-0.25 * (4 / 5))],
      [25],
      [25, 16],
    ]);
  });

  it('Adam corrects the bias of its means from the second step on', () => {
    const attributes = { alpha: 0.5, beta: 0.75, epsilon: 1, norm_coefficient_post: 0.5 };
    const arrays = [[4], [2], [6], [20]];
    expect(step('Adam', 0, arrays, 3, attributes)).toEqual([
      [0.5 * (4 - (0.5 * 4) / 5)].map(Math.fround),
      [4],
      [16],
    ]);
    const corrected = (0.5 * Math.sqrt(1 - 0.75 ** 2)) / (1 - 0.5 ** 2);
    expect(step('Adam', 2, arrays, 3, attributes)[0]).toEqual([Math.fround(0.5 * (4 - (corrected * 4) / 5))]);
  });

  it('Momentum weighs the gradient from the second step on, and may look ahead', () => {
    const attributes = { alpha: 0.5, beta: 0.25, norm_coefficient: 0, mode: 'standard' };
    const arrays = [[10], [4], [8]];
    expect(step('Momentum', 0, arrays, 2, attributes)).toEqual([[6], [8]]);
    expect(step('Momentum', 1, arrays, 2, attributes)).toEqual([[7.5], [5]]);
    expect(step('Momentum', 1, arrays, 2, { ...attributes, mode: 'nesterov' })).toEqual([[6.75], [5]]);
    expect(() => step('Momentum', 1, [[1], [2]], 1, attributes)).toThrow('are not 3 for each tensor');
  });
});
