import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { runNode, valuesOf } from './run-node.ts';

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const f32 = (dims: readonly number[], values: readonly number[]) => tensor('float32', dims, values);
const i64 = (...values: (number | bigint)[]) => tensor('int64', [values.length], values);
const matrix = f32([2, 3], range(6));

describe('Slice', () => {
  it('clamps, steps and reverses', () => {
    const row = f32([5], range(5));
    const cut = (start: number | bigint, end: number | bigint, step: number) =>
      valuesOf(runNode('Slice', [row, i64(start), i64(end), i64(0), i64(step)])[0]);
    expect(cut(1, 2n ** 63n - 1n, 2)).toEqual([1, 3]);
    expect(cut(-1, -(2n ** 63n), -1)).toEqual([4, 3, 2, 1, 0]);
    expect(cut(3, 1, 1)).toEqual([]);
    expect(() => cut(0, 1, 0)).toThrow(/step of 0/);
  });

  it('has attributes before opset 10', () => {
    const [y] = runNode('Slice', [matrix], { starts: [1], ends: [1000], axes: [1] }, { opset: 9 });
    expect(valuesOf(y)).toEqual([1, 2, 4, 5]);
  });
});

describe('Pad', () => {
  const row = f32([3], [1, 2, 3]);
  it.each([
    ['constant', [0, 0, 1, 2, 3, 0]],
    ['edge', [1, 1, 1, 2, 3, 3]],
    ['reflect', [3, 2, 1, 2, 3, 2]],
    ['wrap', [2, 3, 1, 2, 3, 1]],
  ])('%s', (mode, expected) => {
    expect(valuesOf(runNode('Pad', [row, i64(2, 1)], { mode })[0])).toEqual(expected);
  });

  it('crops where a pad is negative, and pads named axes', () => {
    expect(valuesOf(runNode('Pad', [row, i64(-1, 1), f32([], [7])])[0])).toEqual([2, 3, 7]);
    const [y] = runNode('Pad', [matrix, i64(0, 1), f32([], [9]), i64(-2)]);
    expect(valuesOf(y)).toEqual([0, 1, 2, 3, 4, 5, 9, 9, 9]);
  });

  it('has attributes before opset 11', () => {
    const [y] = runNode('Pad', [row], { pads: [1, 0], value: 5 }, { opset: 10, floats: ['value'] });
    expect(valuesOf(y)).toEqual([5, 1, 2, 3]);
  });
});

describe('shapes', () => {
  it('Reshape copies zeros, works out -1, and refuses what does not fit', () => {
    expect(runNode('Reshape', [matrix, i64(0, -1, 1)])[0]!.dims).toEqual([2, 3, 1]);
    expect(runNode('Reshape', [f32([0, 3], []), i64(0, 3)], { allowzero: 1 })[0]!.dims).toEqual([0, 3]);
    expect(() => runNode('Reshape', [matrix, i64(4, -1)])).toThrow(/cannot take the shape/);
    expect(runNode('Reshape', [matrix], { shape: [3, 2] }, { opset: 1 })[0]!.dims).toEqual([3, 2]);
  });

  it('Squeeze and Unsqueeze take axes as attribute, then as input', () => {
    const x = f32([1, 3, 1], range(3));
    expect(runNode('Squeeze', [x])[0]!.dims).toEqual([3]);
    expect(runNode('Squeeze', [x, i64(-1)])[0]!.dims).toEqual([1, 3]);
    expect(runNode('Squeeze', [x], { axes: [0] }, { opset: 11 })[0]!.dims).toEqual([3, 1]);
    expect(runNode('Unsqueeze', [x, i64(0, -1)])[0]!.dims).toEqual([1, 1, 3, 1, 1]);
    expect(runNode('Unsqueeze', [x], { axes: [1] }, { opset: 11 })[0]!.dims).toEqual([1, 1, 3, 1]);
    expect(() => runNode('Squeeze', [x, i64(1)])).toThrow(/it is not 1/);
  });

  it('Transpose, Flatten, Expand and Tile move elements', () => {
    expect(valuesOf(runNode('Transpose', [matrix])[0])).toEqual([0, 3, 1, 4, 2, 5]);
    expect(runNode('Flatten', [f32([2, 3, 4], range(24))], { axis: -1 })[0]!.dims).toEqual([6, 4]);
    expect(valuesOf(runNode('Expand', [f32([2, 1], [1, 2]), i64(2)])[0])).toEqual([1, 1, 2, 2]);
    expect(valuesOf(runNode('Tile', [f32([1, 2], [1, 2]), i64(2, 2)])[0])).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
  });

  it('move strings too', () => {
    const words = tensor('string', [2, 2], ['a', 'b', 'c', 'd']);
    expect(valuesOf(runNode('Transpose', [words])[0])).toEqual(['a', 'c', 'b', 'd']);
    expect(valuesOf(runNode('Concat', [words, words], { axis: 1 })[0])).toEqual([...'ababcdcd']);
  });

  it('Shape can be a part, Size is a scalar', () => {
    const x = f32([2, 3, 4], range(24));
    expect(valuesOf(runNode('Shape', [x], { start: 1, end: -1 })[0])).toEqual([3n]);
    expect(runNode('Size', [x])[0]!.dims).toEqual([]);
  });
});

describe('Split', () => {
  it('cuts equal parts, given lengths, or chunks with a smaller last one', () => {
    const row = f32([5], range(5));
    const parts = (
      inputs: Parameters<typeof runNode>[1],
      attributes: object,
      opset: number,
      outputs: number,
    ) => runNode('Split', inputs, attributes as never, { opset, outputs }).map((part) => valuesOf(part));
    expect(parts([row, i64(1, 4)], {}, 13, 2)).toEqual([[0], [1, 2, 3, 4]]);
    expect(parts([row], { split: [2, 3] }, 11, 2)).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(parts([row], { num_outputs: 3 }, 18, 3)).toEqual([[0, 1], [2, 3], [4]]);
    expect(() => parts([row], {}, 13, 2)).toThrow(/equal parts/);
  });
});

describe('indices', () => {
  it('Gather counts negative indices from the end and refuses those outside', () => {
    const [y] = runNode('Gather', [matrix, tensor('int64', [2], [-1, 0])], { axis: 1 });
    expect(valuesOf(y)).toEqual([2, 0, 5, 3]);
    expect(() => runNode('Gather', [matrix, i64(3)], { axis: 1 })).toThrow(/Index 3 is outside/);
  });

  it('GatherElements, GatherND, ScatterElements and ScatterND', () => {
    const picks = tensor('int64', [2, 2], [0, 2, 1, 1]);
    expect(valuesOf(runNode('GatherElements', [matrix, picks], { axis: 1 })[0])).toEqual([0, 2, 4, 4]);
    expect(valuesOf(runNode('GatherND', [matrix, tensor('int64', [2, 2], [1, 2, 0, 1])])[0])).toEqual([5, 1]);
    const ones = f32([2, 2], [10, 20, 30, 40]);
    expect(
      valuesOf(runNode('ScatterElements', [matrix, picks, ones], { axis: 1, reduction: 'add' })[0]),
    ).toEqual([10, 1, 22, 3, 74, 5]);
    const rows = runNode('ScatterND', [matrix, tensor('int64', [1, 1], [1]), f32([1, 3], [7, 8, 9])]);
    expect(valuesOf(rows[0])).toEqual([0, 1, 2, 7, 8, 9]);
  });

  it('ArgMax takes the first or the last of equals', () => {
    const x = f32([1, 4], [1, 3, 3, 2]);
    expect(valuesOf(runNode('ArgMax', [x], { axis: 1 })[0])).toEqual([1n]);
    expect(valuesOf(runNode('ArgMax', [x], { axis: 1, select_last_index: 1 })[0])).toEqual([2n]);
    const [values, at] = runNode('TopK', [x, i64(3)], {}, { outputs: 2 });
    expect([valuesOf(values), valuesOf(at)]).toEqual([
      [3, 3, 2],
      [1n, 2n, 3n],
    ]);
  });
});

describe('reductions', () => {
  it('take axes as attribute, then as input', () => {
    expect(valuesOf(runNode('ReduceMax', [matrix], { axes: [0], keepdims: 0 }, { opset: 13 })[0])).toEqual([
      3, 4, 5,
    ]);
    const [y] = runNode('ReduceMax', [matrix, i64(-1)], {}, { opset: 18 });
    expect([y!.dims, valuesOf(y)]).toEqual([
      [2, 1],
      [2, 5],
    ]);
  });

  it('reduce everything without axes, or nothing when told so', () => {
    expect(valuesOf(runNode('ReduceSum', [matrix])[0])).toEqual([15]);
    const [same] = runNode('ReduceSum', [matrix], { noop_with_empty_axes: 1 });
    expect(valuesOf(same)).toEqual(range(6));
  });

  it('of nothing are the neutral element', () => {
    const empty = f32([2, 0], []);
    expect(valuesOf(runNode('ReduceSum', [empty, i64(1)])[0])).toEqual([0, 0]);
    expect(valuesOf(runNode('ReduceProd', [empty, i64(1)])[0])).toEqual([1, 1]);
    expect(valuesOf(runNode('ReduceMax', [empty, i64(1)])[0])).toEqual([-Infinity, -Infinity]);
  });

  it('keep int64 exact and floats from cancelling', () => {
    const big = i64(2n ** 62n, 1n, -(2n ** 62n));
    expect(valuesOf(runNode('ReduceSum', [big])[0])).toEqual([1n]);
    expect(valuesOf(runNode('ReduceSum', [f32([3], [1e8, 1, -1e8])])[0])).toEqual([1]);
    expect(valuesOf(runNode('ReduceLogSumExp', [f32([2], [1000, 1000])])[0])).toEqual([
      Math.fround(1000 + Math.LN2),
    ]);
  });

  it('Softmax takes the rest as one row before opset 13, one axis later', () => {
    const x = f32([1, 2, 2], [0, 0, 0, 0]);
    expect(valuesOf(runNode('Softmax', [x], {}, { opset: 11 })[0])).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(valuesOf(runNode('Softmax', [x])[0])).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});
