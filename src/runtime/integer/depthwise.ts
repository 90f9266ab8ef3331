import { type NdArray, numbersOf, productOf } from '../array.ts';
import type { Window } from '../window.ts';
import { meaning, setMeaning } from './gather.ts';
import type { Images } from './image.ts';
import { storePairs } from './store.ts';
import { lane, packedSums, sumRoom, tileDepth } from './tile.ts';
import type { Convolution, Part, Sink } from './work.ts';

/** A convolution over two axes with one channel and one filter in each group. */
export interface DepthwiseConvolution extends Convolution {
  readonly kind: 'depthwise';
  /** Weights minus their zero points, a window for each channel. */
  readonly taps: Float64Array;
}

/** Doubles there are for a packed plane. */
const planeRoom = 2 ** 16;

/** Rows of one channel, in each double one of a band of outputs and the same one of the next band. */
const plane = new Float64Array(planeRoom + 2);

/** The weights that the loops multiply with. */
const window3 = new Float64Array(9);

/** Whether a band of one row fits into memory, rows into the packed sums, and sums into the lanes. */
export function suitsDepthwise({ images, window }: Omit<Convolution, 'result'>): boolean {
  const { kernel, output } = window;
  if (kernel.length !== 2 || kernel[0]! * kernel[1]! > tileDepth || output[1]! > sumRoom) return false;
  return bandHeight(images, window, 1) > 0;
}

/** Weights of a depthwise convolution minus their zero points. */
export function depthwiseTaps(w: NdArray, zeros: ArrayLike<number>): Float64Array {
  const size = productOf(w.dims, 2);
  return Float64Array.from(numbersOf(w), (weight, i) => weight - zeros[Math.floor(i / size) % zeros.length]!);
}

/** Output rows of a band, of which two together make up `rows` or as much of it as fits; 0 where nothing does. */
function bandHeight({ padded }: Images, { kernel, strides, dilations }: Window, rows: number): number {
  const inputs = Math.floor(planeRoom / padded[1]!);
  const most = Math.floor((inputs - dilations[0]! * (kernel[0]! - 1) - 1) / strides[0]!) + 1;
  if (most < 1) return 0;
  const bands = 2 * Math.ceil(rows / (2 * most));
  return Math.ceil(rows / bands);
}

/**
 * Computes sums.
 *
 * A row of one band of outputs and the same row of the next band share their taps' weights, so their inputs share a double.
 * A window of at most `tileDepth` taps stays within a lane, whatever the bytes and zero points are.
 */
export function convolveDepthwise(
  work: DepthwiseConvolution,
  { from, to, top, bottom }: Part,
  { sums, start, unitStep, rowStep }: Sink,
): void {
  const { images, window, channels, taps } = work;
  const { kernel, strides, output } = window;
  const columns = output[1]!;
  const height = bandHeight(images, window, bottom - top);
  const size = kernel[0]! * kernel[1]!;
  const width = images.padded[1]!;
  const together = strides[0] === 1 && strides[1] === 1 ? Math.max(1, Math.floor(sumRoom / width)) : 1;
  setMeaning(images.signed, images.zero);
  for (let byte = 0; byte < 256; byte++) upperMeaning[byte] = meaning[byte]! * lane;
  for (let index = from; index < to; index++) {
    const weights = taps.subarray((index % channels) * size, ((index % channels) + 1) * size);
    for (let first = top; first < bottom; first += 2 * height) {
      const count = Math.min(height, bottom - first);
      packBands(images, window, index, first * strides[0]!, count, height * strides[0]!);
      for (let row = 0; row < count; row++) {
        if (row % together === 0) sumRows(images, window, row, Math.min(together, count - row), weights);
        const at = start + index * unitStep + (first + row) * rowStep;
        const hasUpper = first + row + height < bottom;
        const slot = (row % together) * width;
        storePairs(slot, sums, at, hasUpper ? at + height * rowStep : at, 1, columns);
      }
    }
  }
}

const upperMeaning = new Float64Array(256);

/** Packs the inputs of `count` output rows: rows from `top` on, counted with padding, with those that lie `apart` below. */
function packBands(
  { bytes, lengths, begin, padded }: Images,
  { kernel, strides, dilations }: Window,
  index: number,
  top: number,
  count: number,
  apart: number,
): void {
  const [rows, columns] = lengths as [number, number];
  const width = padded[1]!;
  const inputs = (count - 1) * strides[0]! + dilations[0]! * (kernel[0]! - 1) + 1;
  if (width > columns) plane.fill(0, 0, inputs * width);
  for (let row = 0; row < inputs; row++) {
    const y = top + row - begin[0]!;
    const inside = y >= 0 && y < rows;
    const below = y + apart >= 0 && y + apart < rows;
    const at = (index * rows + y) * columns;
    const target = row * width + begin[1]!;
    if (inside && below) packBoth(bytes, at, at + apart * columns, columns, target);
    else if (inside) packOne(bytes, at, meaning, columns, target);
    else if (below) packOne(bytes, at + apart * columns, upperMeaning, columns, target);
    else plane.fill(0, target, target + columns);
  }
}

// Each loop has a function of its own and finds its memory in constants, for the reasons that tile.ts gives.

const packBoth = (() => {
  const target = plane;
  const low = meaning;
  const high = upperMeaning;
  return (bytes: Uint8Array, at: number, below: number, count: number, start: number): void => {
    const end = (start + count) | 0;
    let p = at | 0;
    let q = below | 0;
    for (let to = start | 0; to < end; to = (to + 1) | 0, p = (p + 1) | 0, q = (q + 1) | 0)
      target[to] = low[bytes[p]!]! + high[bytes[q]!]!;
  };
})();

const packOne = (() => {
  const target = plane;
  return (bytes: Uint8Array, at: number, table: Float64Array, count: number, start: number): void => {
    const end = (start + count) | 0;
    let p = at | 0;
    for (let to = start | 0; to < end; to = (to + 1) | 0, p = (p + 1) | 0) target[to] = table[bytes[p]!]!;
  };
})();

/** Packed sums of `rows` rows of outputs from `row` on; rows at stride 1 are summed up in one go, padding and all. */
function sumRows(
  { padded }: Images,
  { kernel, strides, dilations, output }: Window,
  row: number,
  rows: number,
  taps: Float64Array,
): void {
  const width = padded[1]!;
  const start = row * strides[0]! * width;
  const down = dilations[0]! * width;
  const count = (rows - 1) * width + output[1]!;
  if (kernel[0] === 3 && kernel[1] === 3 && dilations[1] === 1) {
    window3.set(taps);
    slideThree(start, down, strides[1]!, count);
    return;
  }
  packedSums.fill(0, 0, count);
  for (let i = 0, t = 0; i < kernel[0]!; i++)
    for (let j = 0; j < kernel[1]!; j++, t++)
      addTap(start + i * down + j * dilations[1]!, strides[1]!, count, taps[t]!);
}

/** A row of a window of 3×3, `down` elements from row to row of its taps and `step` from output to output. */
const slideThree = (() => {
  const [plane0, plane1, plane2] = [0, 1, 2].map((shift) => plane.subarray(shift, shift + planeRoom)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const row = packedSums;
  const taps = window3;
  return (start: number, down: number, step: number, count: number): void => {
    const w0 = taps[0]!;
    const w1 = taps[1]!;
    const w2 = taps[2]!;
    const w3 = taps[3]!;
    const w4 = taps[4]!;
    const w5 = taps[5]!;
    const w6 = taps[6]!;
    const w7 = taps[7]!;
    const w8 = taps[8]!;
    let p0 = start | 0;
    let p1 = (start + down) | 0;
    let p2 = (start + 2 * down) | 0;
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
})();

const addTap = (() => {
  const source = plane;
  const row = packedSums;
  return (start: number, step: number, count: number, weight: number): void => {
    for (let i = 0, p = start | 0; i < count; i = (i + 1) | 0, p = (p + step) | 0)
      row[i]! += weight * source[p]!;
  };
})();
