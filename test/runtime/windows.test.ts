import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { runNode, valuesOf } from './run-node.ts';

const range = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);
const f32 = (dims: readonly number[], values: readonly number[]) => tensor('float32', dims, values);

describe('Conv', () => {
  const square = f32([1, 1, 3, 3], range(9));

  it('sums a window', () => {
    const [y] = runNode('Conv', [square, f32([1, 1, 2, 2], [1, 1, 1, 1])]);
    expect(y!.dims).toEqual([1, 1, 2, 2]);
    expect(valuesOf(y)).toEqual([12, 16, 24, 28]);
  });

  it('pads, strides and adds the bias', () => {
    const inputs = [square, f32([1, 1, 3, 3], new Array(9).fill(1)), f32([1], [100])];
    const [y] = runNode('Conv', inputs, { pads: [1, 1, 1, 1], strides: [2, 2] });
    expect(valuesOf(y)).toEqual([112, 116, 124, 128]);
  });

  it('spreads its taps by dilations', () => {
    const [y] = runNode('Conv', [square, f32([1, 1, 2, 2], [1, 2, 3, 4])], { dilations: [2, 2] });
    expect(valuesOf(y)).toEqual([1 + 6 + 21 + 36]);
  });

  it('pads the odd element at the end for SAME_UPPER, at the beginning for SAME_LOWER', () => {
    const x = f32([1, 1, 3], [1, 2, 3]);
    const w = f32([1, 1, 2], [1, 10]);
    expect(valuesOf(runNode('Conv', [x, w], { auto_pad: 'SAME_UPPER' })[0])).toEqual([21, 32, 3]);
    expect(valuesOf(runNode('Conv', [x, w], { auto_pad: 'SAME_LOWER' })[0])).toEqual([10, 21, 32]);
  });

  it('keeps groups apart, also with one filter in each', () => {
    const x = f32([1, 4, 1, 1], [1, 2, 3, 4]);
    const [pairs] = runNode('Conv', [x, f32([4, 2, 1, 1], [1, 1, 1, -1, 1, 1, 1, -1])], { group: 2 });
    expect(valuesOf(pairs)).toEqual([3, -1, 7, -1]);
    const [each] = runNode('Conv', [x, f32([4, 1, 1, 1], [1, 10, 100, 1000])], { group: 4 });
    expect(valuesOf(each)).toEqual([1, 20, 300, 4000]);
  });

  it('slides over one and over three axes', () => {
    const [line] = runNode('Conv', [f32([1, 1, 4], [1, 2, 3, 4]), f32([1, 1, 3], [1, 0, -1])]);
    expect(valuesOf(line)).toEqual([-2, -2]);
    const cube = f32([1, 1, 2, 2, 2], range(8));
    expect(valuesOf(runNode('Conv', [cube, f32([1, 1, 2, 2, 2], new Array(8).fill(1))])[0])).toEqual([36]);
  });

  it('has nothing to say about empty batches, and says what does not fit', () => {
    const w = f32([1, 1, 2, 2], [1, 1, 1, 1]);
    expect(runNode('Conv', [f32([0, 1, 3, 3], []), w])[0]!.dims).toEqual([0, 1, 2, 2]);
    expect(() => runNode('Conv', [f32([1, 2, 3, 3], range(18)), w])).toThrow(/2 channels/);
    expect(() => runNode('Conv', [f32([1, 1, 1, 1], [1]), w])).toThrow(/does not fit/);
    expect(() => runNode('Conv', [square, w], { strides: [0, 1] })).toThrow(/at least 1/);
    expect(() => runNode('Conv', [square, w], { strides: [1] })).toThrow(/2 numbers are needed/);
  });
});

describe('ConvTranspose', () => {
  const x = f32([1, 1, 2, 2], [1, 2, 3, 4]);
  const ones = f32([1, 1, 2, 2], [1, 1, 1, 1]);

  it('adds overlapping kernels', () => {
    expect(valuesOf(runNode('ConvTranspose', [x, ones])[0])).toEqual([1, 3, 2, 4, 10, 6, 3, 7, 4]);
  });

  it('lays them side by side with strides, and cuts pads off', () => {
    const [y] = runNode('ConvTranspose', [x, ones], { strides: [2, 2] });
    expect(valuesOf(y)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    expect(valuesOf(runNode('ConvTranspose', [x, ones], { pads: [1, 1, 1, 1] })[0])).toEqual([10]);
  });

  it('reaches the output shape it is given', () => {
    const [y] = runNode('ConvTranspose', [x, ones], { strides: [2, 2], output_shape: [3, 3] });
    expect(y!.dims).toEqual([1, 1, 3, 3]);
  });
});

describe('pools', () => {
  const square = f32([1, 1, 3, 3], range(9));

  it('MaxPool finds the largest element and where it is', () => {
    const [y, at] = runNode('MaxPool', [square], { kernel_shape: [2, 2] }, { outputs: 2 });
    expect(valuesOf(y)).toEqual([5, 6, 8, 9]);
    expect(valuesOf(at)).toEqual([4n, 5n, 7n, 8n]);
    const columns = runNode('MaxPool', [square], { kernel_shape: [2, 2], storage_order: 1 }, { outputs: 2 });
    expect(valuesOf(columns[1])).toEqual([4n, 7n, 5n, 8n]);
  });

  it('MaxPool never takes the padding, also where all is negative', () => {
    const x = tensor('int8', [1, 1, 2, 2], [-1, -2, -3, -4]);
    const [y] = runNode('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    expect(valuesOf(y)).toEqual([-1, -1, -1, -1]);
  });

  it('AveragePool divides by what it sees, or by the padding too', () => {
    const attributes = { kernel_shape: [2, 2], pads: [1, 1, 0, 0], strides: [2, 2] };
    expect(valuesOf(runNode('AveragePool', [square], attributes)[0])).toEqual([1, 2.5, 5.5, 7]);
    const counted = runNode('AveragePool', [square], { ...attributes, count_include_pad: 1 });
    expect(valuesOf(counted[0])).toEqual([0.25, 1.25, 2.75, 7]);
  });

  it('drops a last window that would start in the padding', () => {
    const x = f32([1, 1, 2], [1, 2]);
    const [y] = runNode('MaxPool', [x], { kernel_shape: [1], strides: [2], pads: [0, 1], ceil_mode: 1 });
    expect(y!.dims).toEqual([1, 1, 1]);
  });

  it('MaxPool gives of codes what it gives of the same numbers, and window by window', () => {
    const side = (most: number) =>
      fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most }));
    const law = fc.property(
      fc.constantFrom('int8' as const, 'uint8' as const),
      side(6),
      side(3),
      side(2),
      side(9),
      fc.array(fc.nat(255), { minLength: 2 * 19 * 19, maxLength: 2 * 19 * 19 }),
      (dtype, kernel, strides, dilations, extra, noise) => {
        const pads = [...kernel, ...kernel].map((k) => k >> 1);
        const lengths = kernel.map((k, i) => dilations[i]! * (k - 1) + extra[i]!);
        const dims = [1, 2, ...lengths];
        const values = noise
          .slice(
            0,
            dims.reduce((a, b) => a * b),
          )
          .map((value) => (dtype === 'int8' ? value - 128 : value));
        const attributes = { kernel_shape: kernel, strides, dilations, pads };
        const pooled = (x: Tensor, outputs: number) => runNode('MaxPool', [x], attributes, { outputs })[0];
        const [codes, numbers] = [tensor(dtype, dims, values), tensor('float32', dims, values)];
        const y = pooled(codes, 1);
        expect(y!.dtype).toBe(dtype);
        expect(valuesOf(y)).toEqual(valuesOf(pooled(numbers, 1)));
        // With the places wanted, windows are looked at one by one.
        expect(valuesOf(y)).toEqual(valuesOf(pooled(codes, 2)));
      },
    );
    fc.assert(law, { seed: 11, numRuns: 60 });
  });

  it('GlobalAveragePool and GlobalMaxPool keep the axes', () => {
    const [mean] = runNode('GlobalAveragePool', [square]);
    expect([mean!.dims, valuesOf(mean)]).toEqual([[1, 1, 1, 1], [5]]);
    expect(valuesOf(runNode('GlobalMaxPool', [square])[0])).toEqual([9]);
  });
});

describe('Resize', () => {
  const row = f32([1, 1, 1, 2], [0, 4]);
  const scales = f32([4], [1, 1, 1, 2]);

  it('repeats, or interpolates between pixel centres', () => {
    expect(valuesOf(runNode('Resize', [row, undefined, scales])[0])).toEqual([0, 0, 4, 4]);
    expect(valuesOf(runNode('Resize', [row, undefined, scales], { mode: 'linear' })[0])).toEqual([
      0, 1, 3, 4,
    ]);
    const corners = { mode: 'linear', coordinate_transformation_mode: 'align_corners' };
    const sizes = tensor('int64', [4], [1, 1, 1, 3]);
    expect(valuesOf(runNode('Resize', [row, undefined, undefined, sizes], corners)[0])).toEqual([0, 2, 4]);
  });

  it('is called Upsample before opset 10, with scales as attribute or input', () => {
    const old = runNode('Upsample', [row], { scales: [1, 1, 1, 2] }, { opset: 7, floats: ['scales'] });
    expect(valuesOf(old[0])).toEqual([0, 0, 4, 4]);
    expect(valuesOf(runNode('Upsample', [row, scales], {}, { opset: 9 })[0])).toEqual([0, 0, 4, 4]);
    expect(valuesOf(runNode('Resize', [row, scales], {}, { opset: 10 })[0])).toEqual([0, 0, 4, 4]);
  });

  it('fills what a crop leaves outside', () => {
    const roi = f32([8], [0, 0, 0, 0, 1, 1, 1, 2]);
    const sizes = tensor('int64', [4], [1, 1, 1, 3]);
    const [y] = runNode(
      'Resize',
      [row, roi, undefined, sizes],
      { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: 9 },
      { floats: ['extrapolation_value'] },
    );
    expect(valuesOf(y)).toEqual([0, 4, 9]);
  });
});

describe('GridSample', () => {
  it('rounds halves to the even neighbour before it mirrors them', () => {
    const row = f32([1, 1, 1, 4], [10, 11, 12, 13]);
    const nearest = (x: number) => {
      const [y] = runNode(
        'GridSample',
        [row, f32([1, 1, 1, 2], [x, 0])],
        { mode: 'nearest', padding_mode: 'reflection' },
        { opset: 22 },
      );
      return valuesOf(y)[0];
    };
    // −1.5 is rounded to −2, which is element 1 in the mirror; the mirror image of −1.5 would be 0.5, thus element 0.
    expect([nearest(-1.5), nearest(0.25)]).toEqual([11, 12]);
  });
});
