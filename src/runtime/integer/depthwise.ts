import { type NdArray, numbersOf } from '../array.ts';
import type { Window } from '../window.ts';
import { bytesOf, meaningOf } from './codes.ts';
import { lane, rounding, tileDepth, unlane } from './tile.ts';

/** Doubles there are for a packed plane. */
const planeRoom = 2 ** 16;

/**
 * Planes of one channel, two distant rows in each double, and the loops over a row of outputs.
 *
 * In one function for the reasons that tile.ts gives.
 */
const memory = (() => {
  const buffer = new ArrayBuffer((planeRoom + 2) * 8);
  const [plane0, plane1, plane2] = [0, 8, 16].map((at) => new Float64Array(buffer, at, planeRoom)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const row = new Float64Array(planeRoom);
  const taps = new Float64Array(9);

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

  const addTap = (p: number, step: number, count: number, weight: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0, p = (p + step) | 0) row[i]! += weight * plane0[p]!;
  };

  const unpack = (target: Int32Array, at: number, below: number, count: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0) {
      const sum = row[i]!;
      const high = sum * unlane + rounding - rounding;
      target[(at + i) | 0] = sum - high * lane;
      target[(below + i) | 0] = high;
    }
  };

  const unpackLow = (target: Int32Array, at: number, count: number): void => {
    for (let i = 0; i < count; i = (i + 1) | 0) {
      const sum = row[i]!;
      target[(at + i) | 0] = sum - (sum * unlane + rounding - rounding) * lane;
    }
  };

  return { plane: plane0, row, taps, slideThree, addTap, unpack, unpackLow };
})();

/** How the rows of a plane's outputs are paired. */
interface Bands {
  /** Padded width. */
  readonly width: number;
  /** Output rows in a band; each band but the last of an odd number of them is paired with the one after it. */
  readonly height: number;
  /** Input rows that a band looks at. */
  readonly inputRows: number;
}

/** The bands of a window over two axes; undefined where a band of one row does not fit, or the lanes are too narrow. */
export function findBands({ kernel, strides, dilations, output }: Window, width: number): Bands | undefined {
  if (kernel[0]! * kernel[1]! > tileDepth) return undefined;
  const rowsFor = (height: number) => (height - 1) * strides[0]! + dilations[0]! * (kernel[0]! - 1) + 1;
  for (let pairs = 1; pairs <= output[0]!; pairs++) {
    const height = Math.ceil(output[0]! / (2 * pairs));
    if (rowsFor(height) * width <= planeRoom) return { width, height, inputRows: rowsFor(height) };
  }
  return undefined;
}

/**
 * A convolution over two axes with one channel and one filter in each group, x [N, C, H, W] and w [C, 1, h, w].
 *
 * A row of one band of outputs and the same row of the next band share their taps' weights, so their inputs share a double.
 * A window of at most `tileDepth` taps stays within a lane, whatever the bytes and zero points are.
 */
export function convolveDepthwise(
  x: NdArray,
  w: NdArray,
  window: Window,
  { width, height, inputRows }: Bands,
  xZero: number,
  wZeros: ArrayLike<number>,
  sums: Int32Array,
): void {
  const { kernel, strides, padsBegin, output } = window;
  const [batch, channels, rows, columns] = x.dims as [number, number, number, number];
  const [outputRows, outputColumns] = output as [number, number];
  const bytes = bytesOf(x);
  const blank = new Uint8Array(columns).fill(xZero);
  const low = meaningOf(x, xZero);
  const high = low.map((value) => value * lane);
  const weights = numbersOf(w);
  const size = kernel[0]! * kernel[1]!;
  memory.plane.fill(0, 0, inputRows * width);
  for (let image = 0; image < batch * channels; image++) {
    const channel = image % channels;
    const zero = wZeros[channel % wZeros.length]!;
    const taps = Float64Array.from({ length: size }, (_, t) => weights[channel * size + t]! - zero);
    for (let first = 0; first < outputRows; first += 2 * height) {
      const top = first * strides[0]! - padsBegin[0]!;
      for (let row = 0; row < inputRows; row++) {
        const y = top + row;
        const below = y + height * strides[0]!;
        const target = row * width + padsBegin[1]!;
        const inside = y >= 0 && y < rows;
        const insideBelow = below >= 0 && below < rows;
        packRow(
          inside ? bytes : blank,
          inside ? (image * rows + y) * columns : 0,
          insideBelow ? bytes : blank,
          insideBelow ? (image * rows + below) * columns : 0,
          columns,
          low,
          high,
          target,
        );
      }
      for (let row = 0; row < Math.min(height, outputRows - first); row++) {
        sumRow(window, width, row, taps);
        const at = (image * outputRows + first + row) * outputColumns;
        if (first + row + height < outputRows)
          memory.unpack(sums, at, at + height * outputColumns, outputColumns);
        else memory.unpackLow(sums, at, outputColumns);
      }
    }
  }
}

function packRow(
  bytes: Uint8Array,
  at: number,
  bytesBelow: Uint8Array,
  below: number,
  count: number,
  low: Float64Array,
  high: Float64Array,
  target: number,
): void {
  const { plane } = memory;
  for (let i = 0; i < count; i++) plane[target + i] = low[bytes[at + i]!]! + high[bytesBelow[below + i]!]!;
}

/** Packed sums of one row of outputs. */
function sumRow(
  { kernel, strides, dilations, output }: Window,
  width: number,
  row: number,
  taps: Float64Array,
): void {
  const start = row * strides[0]! * width;
  const count = output[1]!;
  const down = dilations[0]! * width;
  if (kernel[0] === 3 && kernel[1] === 3 && dilations[1] === 1) {
    memory.taps.set(taps);
    memory.slideThree(start, start + down, start + 2 * down, strides[1]!, count);
    return;
  }
  memory.row.fill(0, 0, count);
  for (let i = 0, t = 0; i < kernel[0]!; i++)
    for (let j = 0; j < kernel[1]!; j++, t++)
      memory.addTap(start + i * down + j * dilations[1]!, strides[1]!, count, taps[t]!);
}
