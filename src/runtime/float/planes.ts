import { type NdArray, numbersOf } from '../array.ts';
import type { Window } from '../window.ts';
import type { FloatArray } from './store.ts';
import { inSingle, type Summation } from './sums.ts';

/** Doubles there are for a plane. */
const planeRoom = 2 ** 16;

/**
 * One channel with its padding, a row of outputs, and the loops over them; in functions of their own for the reasons that
 * tile.ts gives.
 */
const memory = (() => {
  const buffer = new ArrayBuffer((planeRoom + 2) * 8);
  const [plane0, plane1, plane2] = [0, 8, 16].map((at) => new Float64Array(buffer, at, planeRoom)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const row = new Float64Array(planeRoom);
  const four = new Float64Array(planeRoom);
  const taps = new Float64Array(9);
  const { fround } = Math;

  /** Nine taps in double. */
  const slideThree = (p0: number, p1: number, p2: number, step: number, count: number): void => {
    const w0 = taps[0]!;
    const w1 = taps[1]!;
    const w2 = taps[2]!;
    const w3 = taps[3]!;
    const w4 = taps[4]!;
    const w5 = taps[5]!;
    const w6 = taps[6]!;
    const w7 = taps[7]!;
    const w8 = taps[8]!;
    for (let i = 0; i < count; i = (i + 1) | 0) {
      row[i] =
        w0 * plane0[p0]! +
        w1 * plane1[p0]! +
        w2 * plane2[p0]! +
        (w3 * plane0[p1]! + w4 * plane1[p1]! + w5 * plane2[p1]!) +
        (w6 * plane0[p2]! + w7 * plane1[p2]! + w8 * plane2[p2]!);
      p0 = (p0 + step) | 0;
      p1 = (p1 + step) | 0;
      p2 = (p2 + step) | 0;
    }
  };

  /** Nine taps by fours, each product and each sum rounded to float32. */
  const slideThreeByFours = (p0: number, p1: number, p2: number, step: number, count: number): void => {
    const w0 = taps[0]!;
    const w1 = taps[1]!;
    const w2 = taps[2]!;
    const w3 = taps[3]!;
    const w4 = taps[4]!;
    const w5 = taps[5]!;
    const w6 = taps[6]!;
    const w7 = taps[7]!;
    const w8 = taps[8]!;
    for (let i = 0; i < count; i = (i + 1) | 0) {
      let first = fround(fround(w0 * plane0[p0]!) + fround(w1 * plane1[p0]!));
      first = fround(first + fround(w2 * plane2[p0]!));
      first = fround(first + fround(w3 * plane0[p1]!));
      let second = fround(fround(w4 * plane1[p1]!) + fround(w5 * plane2[p1]!));
      second = fround(second + fround(w6 * plane0[p2]!));
      second = fround(second + fround(w7 * plane1[p2]!));
      row[i] = fround(fround(first + second) + fround(w8 * plane2[p2]!));
      p0 = (p0 + step) | 0;
      p1 = (p1 + step) | 0;
      p2 = (p2 + step) | 0;
    }
  };

  const addTap = (p: number, step: number, count: number, weight: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0, p = (p + step) | 0) row[i]! += weight * plane0[p]!;
  };

  const addToFour = (p: number, step: number, count: number, weight: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0, p = (p + step) | 0)
      four[i] = fround(four[i]! + fround(weight * plane0[p]!));
  };

  const addFour = (count: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0) {
      row[i] = fround(row[i]! + four[i]!);
      four[i] = 0;
    }
  };

  const load = (floats: FloatArray, from: number, at: number, count: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0) plane0[(at + i) | 0] = floats[(from + i) | 0]!;
  };

  const store = (target: FloatArray, at: number, count: number, offset: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0) target[(at + i) | 0] = row[i]! + offset;
  };

  return {
    plane: plane0,
    row,
    four,
    taps,
    slideThree,
    slideThreeByFours,
    addTap,
    addToFour,
    addFour,
    load,
    store,
  };
})();

/** A window over two axes; one over a single axis is one over rows of height 1. */
interface PlaneWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number];
  readonly output: readonly [number, number];
  /** Length of a row that all taps of all outputs fit in. */
  readonly width: number;
}

function planeWindow({ kernel, strides, dilations, padsBegin, output }: Window): PlaneWindow {
  const two = (values: readonly number[], fallback: number): [number, number] =>
    values.length === 1 ? [fallback, values[0]!] : [values[0]!, values[1]!];
  const over = {
    kernel: two(kernel, 1),
    strides: two(strides, 1),
    dilations: two(dilations, 1),
    pads: two(padsBegin, 0),
    output: two(output, 1),
  };
  return {
    ...over,
    width: (over.output[1] - 1) * over.strides[1] + over.dilations[1] * (over.kernel[1] - 1) + 1,
  };
}

/** Rows of outputs whose inputs fit a plane; 0 where not even one does, or the window has more than two axes. */
export function bandHeight(window: Window): number {
  if (window.kernel.length > 2) return 0;
  const { kernel, strides, dilations, output, width } = planeWindow(window);
  const rows = Math.floor(planeRoom / width) - dilations[0] * (kernel[0] - 1) - 1;
  return rows < 0 ? 0 : Math.min(output[0], Math.floor(rows / strides[0]) + 1);
}

/** A convolution with one channel and one filter in each group, x [N, C, …] and w [C, 1, …], plus a bias. */
export function convolvePlanes(
  x: NdArray,
  w: NdArray,
  window: Window,
  bias: ArrayLike<number> | undefined,
  target: FloatArray,
  summation: Summation,
): void {
  const over = planeWindow(window);
  const { kernel, strides, pads, output, width } = over;
  const [channels] = w.dims as [number];
  const [rows, columns] = x.dims.length === 3 ? [1, x.dims[2]!] : [x.dims[2]!, x.dims[3]!];
  const source = x.data as FloatArray;
  const weights = numbersOf(w);
  const size = kernel[0] * kernel[1];
  const height = bandHeight(window);
  const inputRows = (height - 1) * strides[0] + over.dilations[0] * (kernel[0] - 1) + 1;
  memory.plane.fill(0, 0, inputRows * width);
  for (let image = 0; image < x.dims[0]! * channels; image++) {
    const channel = image % channels;
    const taps = Float64Array.from(weights.subarray(channel * size, (channel + 1) * size));
    for (let first = 0; first < output[0]; first += height) {
      for (let row = 0; row < inputRows; row++) {
        const y = first * strides[0] - pads[0] + row;
        const at = row * width;
        if (y >= 0 && y < rows)
          memory.load(source, (image * rows + y) * columns, at + pads[1], Math.min(columns, width - pads[1]));
        else memory.plane.fill(0, at, at + width);
      }
      for (let row = 0; row < Math.min(height, output[0] - first); row++) {
        if (summation === inSingle) sumRowByFours(over, row, taps);
        else sumRow(over, row, taps);
        memory.store(target, (image * output[0] + first + row) * output[1], output[1], bias?.[channel] ?? 0);
      }
    }
  }
}

function sumRow({ kernel, strides, dilations, output, width }: PlaneWindow, row: number, taps: Float64Array) {
  const start = row * strides[0] * width;
  const down = dilations[0] * width;
  if (kernel[0] === 3 && kernel[1] === 3 && dilations[1] === 1) {
    memory.taps.set(taps);
    memory.slideThree(start, start + down, start + 2 * down, strides[1], output[1]);
    return;
  }
  memory.row.fill(0, 0, output[1]);
  for (let i = 0, t = 0; i < kernel[0]; i++)
    for (let j = 0; j < kernel[1]; j++, t++)
      memory.addTap(start + i * down + j * dilations[1], strides[1], output[1], taps[t]!);
}

function sumRowByFours(
  { kernel, strides, dilations, output, width }: PlaneWindow,
  row: number,
  taps: Float64Array,
): void {
  const start = row * strides[0] * width;
  const down = dilations[0] * width;
  if (kernel[0] === 3 && kernel[1] === 3 && dilations[1] === 1) {
    memory.taps.set(taps);
    memory.slideThreeByFours(start, start + down, start + 2 * down, strides[1], output[1]);
    return;
  }
  memory.row.fill(0, 0, output[1]);
  memory.four.fill(0, 0, output[1]);
  for (let i = 0, t = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++, t++) {
      memory.addToFour(start + i * down + j * dilations[1], strides[1], output[1], taps[t]!);
      if (t % 4 === 3 || t === taps.length - 1) memory.addFour(output[1]);
    }
  }
}
