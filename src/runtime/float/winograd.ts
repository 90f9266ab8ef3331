import { allocateDoubles, isLasting, type NdArray, numbersOf } from '../array.ts';
import { panelRoom, rowPanel, sumRoom, tileColumns } from '../integer/tile.ts';
import type { Window } from '../window.ts';
import { padFloats } from './image.ts';
import type { FloatArray } from './store.ts';
import { inDouble, runTiles } from './sums.ts';
import { addOutput, positions, square, transformFilter, transformInput } from './winograd-transforms.ts';

/**
 * Convolutions with 3×3 windows at stride 1 by Winograd's algorithm in double precision, rounded once.
 *
 * The transforms lose digits that direct sums keep. With C channels, D the largest input that a square of outputs looks at
 * and W the sum of a filter's weights in magnitude, what is rounded is within (C + 32)·2^−43·D·W of the exact sum: every
 * value passes at most C + 32 roundings of 2^−53, and in no output do the coefficients of the transforms add up to more
 * than 29.4² < 2^10 times D·W. The half unit that rounding to float32 costs is 2^−25 of the result.
 */

/** Filters of one group, transformed: for each two filters, block of channels, position and channel of the block a pair. */
export interface TransformedFilters {
  readonly filters: number;
  readonly depth: number;
  readonly panels: Float64Array;
}

/** Channels that are multiplied at a time; more would leave room for too few squares. */
const channelBlock = 64;

/** Whether a convolution is of the kind, and large enough to gain from it. Transformed filters take eight times their memory. */
export function suitsWinograd(
  { kernel, strides, dilations, output }: Window,
  w: NdArray,
  group: number,
): boolean {
  const [filters, depth] = w.dims as [number, number];
  return (
    isLasting(w.data) &&
    kernel.length === 2 &&
    kernel.every((k) => k === 3) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    output.every((length) => length >= 7) &&
    depth >= 16 &&
    filters / group >= 8
  );
}

/** Transforms the filters of each group of w [M, C / group, 3, 3]. */
export function transformFilters(w: NdArray, group: number): TransformedFilters[] {
  const filters = w.dims[0]! / group;
  return Array.from({ length: group }, (_, g) => transformGroup(w, g * filters, filters));
}

function transformGroup(w: NdArray, first: number, filters: number): TransformedFilters {
  const depth = w.dims[1]!;
  const weights = numbersOf(w);
  const panels = allocateDoubles(Math.ceil(filters / 2) * 2 * positions * depth);
  const taps = new Float64Array(9);
  const transformed = new Float64Array(positions);
  for (let f = 0; f < filters; f++) {
    const start = (f >> 1) * 2 * positions * depth + (f & 1);
    for (let c = 0; c < depth; c++) {
      const from = c - (c % channelBlock);
      const count = Math.min(channelBlock, depth - from);
      for (let t = 0; t < 9; t++) taps[t] = weights[((first + f) * depth + c) * 9 + t]!;
      transformFilter(taps, transformed);
      const at = start + 2 * (positions * from + c - from);
      for (let p = 0; p < positions; p++) panels[at + 2 * p * count] = transformed[p]!;
    }
  }
  return { filters, depth, panels };
}

/** The convolution of x [N, C, H, W] with the transformed filters of each group, plus a bias, into [N, M, H′, W′]. */
export function convolveWinograd(
  x: NdArray,
  groups: readonly TransformedFilters[],
  { output, padsBegin, padsEnd }: Window,
  bias: ArrayLike<number> | undefined,
  target: FloatArray,
): void {
  const batch = x.dims[0]!;
  const [height, width] = output as [number, number];
  const across = Math.ceil(width / square);
  const squares = across * Math.ceil(height / square);
  // The last squares may reach over the edge.
  const reach = padsEnd.map((pad, i) => pad + Math.ceil(output[i]! / square) * square - output[i]!);
  const { floats, channelSize, steps } = padFloats(x, padsBegin, reach);
  const row = steps[0]!;
  const { filters, depth } = groups[0]!;
  const panelSize = positions * Math.min(channelBlock, depth) * tileColumns;
  const together = blockOf(squares, panelSize);
  const strip = together * square * square;
  const sums = allocateDoubles(filters * strip);
  for (let image = 0; image < batch * groups.length; image++) {
    const { panels } = groups[image % groups.length]!;
    for (let start = 0; start < squares; start += together) {
      const count = Math.min(together, squares - start);
      sums.fill(0);
      for (let from = 0; from < depth; from += channelBlock) {
        const deep = Math.min(channelBlock, depth - from);
        const first = (image * depth + from) * channelSize;
        transformSquares(
          floats as Float32Array,
          first,
          row,
          channelSize,
          deep,
          start,
          count,
          across,
          squares,
          panelSize,
        );
        for (let f = 0; f < filters; f += 2) {
          const pair = 2 * positions * ((f >> 1) * depth + from);
          rowPanel[0].set(panels.subarray(pair, pair + 2 * positions * deep));
          multiplyPositions(deep, count, together, panelSize);
          for (let i = 0; i < 2 && f + i < filters; i++)
            addSquares(i * sumRoom, count, together, sums, (f + i) * strip);
        }
      }
      for (let f = 0; f < filters; f++) {
        const plane = image * filters + f;
        const offset = bias?.[plane % (filters * groups.length)] ?? 0;
        storeSquares(sums, f * strip, start, count, offset, target, plane * height * width, height, width);
      }
    }
  }
}

/** Squares to take at a time, in blocks of much the same length. */
function blockOf(squares: number, panelSize: number): number {
  const panels = Math.min(Math.floor(panelRoom / panelSize), Math.floor(sumRoom / positions / tileColumns));
  const blocks = Math.ceil(squares / (panels * tileColumns));
  return Math.ceil(squares / blocks / tileColumns) * tileColumns;
}

/** Transforms the squares from `start` on; the last panel is filled up with the last square. */
function transformSquares(
  floats: Float32Array,
  first: number,
  row: number,
  channelSize: number,
  deep: number,
  start: number,
  count: number,
  across: number,
  squares: number,
  panelSize: number,
): void {
  for (let s = 0; s < Math.ceil(count / tileColumns) * tileColumns; s++) {
    const n = Math.min(start + s, squares - 1);
    const at = first + Math.floor(n / across) * square * row + (n % across) * square;
    const offset = Math.floor(s / tileColumns) * panelSize + (s % tileColumns);
    transformInput(floats, at, row, channelSize, deep, offset, deep * tileColumns);
  }
}

function addSquares(slot: number, count: number, slots: number, sums: Float64Array, at: number): void {
  for (let s = 0; s < count; s++) addOutput(slot + s, slots, sums, at + s * square * square);
}

/** Multiplies two filters with all squares, position by position: the sums of position p start at the slot p · `slots`. */
function multiplyPositions(count: number, squares: number, slots: number, panelSize: number): void {
  const { runTile, width } = inDouble;
  for (let position = 0; position < positions; position++) {
    const at = position * count;
    runTiles(runTile, width, 2 * at, width * at, count, panelSize, position * slots, squares);
  }
}

/** Stores the outputs of the squares from `start` on that lie inside the map, plus an offset and rounded. */
function storeSquares(
  sums: Float64Array,
  from: number,
  start: number,
  count: number,
  offset: number,
  target: FloatArray,
  plane: number,
  height: number,
  width: number,
): void {
  const across = Math.ceil(width / square);
  for (let s = 0; s < count; s++) {
    const x = ((start + s) % across) * square;
    const y = Math.floor((start + s) / across) * square;
    const wide = Math.min(square, width - x);
    for (let i = 0; i < square && y + i < height; i++) {
      const to = plane + (y + i) * width + x;
      const at = from + (s * square + i) * square;
      for (let j = 0; j < wide; j++) target[to + j] = sums[at + j]! + offset;
    }
  }
}

/** Whether all numbers are finite: one that is not would spoil the outputs of its square that do not depend on it. */
export function allFinite(numbers: ArrayLike<number>): boolean {
  let zero = 0;
  for (let i = 0; i < numbers.length; i++) zero += numbers[i]! * 0;
  return zero === 0;
}
