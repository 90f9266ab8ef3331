import { allocateDoubles, type NdArray, numbersOf } from '../array.ts';
import type { Window } from '../window.ts';
import { meaningOf } from './codes.ts';
import { byteImages } from './image.ts';
import {
  columnPanels,
  lane,
  packedSums,
  panelRoom,
  rounding,
  rowPanel,
  runTile,
  tileColumns,
  tileRows,
  unlane,
} from './tile.ts';

/**
 * Convolutions with 3×3 windows at stride 1 in 16 products for four outputs rather than 36: Winograd's F(2×2, 3×3), in whole
 * numbers (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016).
 *
 *     4·y = Aᵀ [ (2G) g (2G)ᵀ ⊙ Bᵀ d B ] A
 *
 * With 2G in place of G all is whole, and the result is four times the sum. Filters travel in pairs as in tile.ts, but 2^25
 * apart, so that a pair of results, times four, is 2^27 apart. What a double has to hold for that:
 *
 * - every partial sum: the inputs of a product are at most 4·largest, so with S = Σ|U| over channels and the nine positions
 *   that an output adds up, 4·largest·S·(1 + 2^25) ≤ 2^53;
 * - the lower result apart from the upper: largest·Σ|w| < 2^24.
 *
 * Channels are taken in blocks for which both hold with the weights at hand. Blocks of 16 always do.
 */

/** Filters of one group, transformed: for each four filters, position and channel two pairs. */
export interface TransformedFilters {
  readonly filters: number;
  readonly depth: number;
  readonly panels: Float64Array;
  /** Channels that are summed up in doubles. */
  readonly block: number;
}

const positions = 16;
const pairLane = 2 ** 25;
const sumLimit = 2 ** 28 - 8;
const resultLimit = 2 ** 24 - 1;
const smallestBlock = 16;
const largestBlock = 176;

/** Whether a convolution is of the kind, and large enough to gain from it. */
export function suitsWinograd(
  { kernel, strides, dilations, output }: Window,
  w: NdArray,
  group: number,
): boolean {
  const [filters, depth] = w.dims as [number, number];
  return (
    kernel.length === 2 &&
    kernel.every((k) => k === 3) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    output.every((length) => length >= 4) &&
    depth >= 16 &&
    filters / group >= 8
  );
}

/** Transforms the filters `first` to `first + filters` for inputs of at most `largest` in magnitude. */
export function transformFilters(
  w: NdArray,
  first: number,
  filters: number,
  zeros: ArrayLike<number>,
  largest: number,
): TransformedFilters {
  const depth = w.dims[1]!;
  const weights = numbersOf(w);
  const panels = allocateDoubles(Math.ceil(filters / tileRows) * positions * 2 * depth);
  const loads = allocateDoubles(filters * depth);
  const g = new Float64Array(9);
  for (let f = 0; f < filters; f++) {
    const zero = zeros[(first + f) % zeros.length]!;
    const weight = f % 2 === 0 ? 1 : pairLane;
    const start = Math.floor(f / tileRows) * positions * 2 * depth + ((f % tileRows) >> 1);
    for (let c = 0; c < depth; c++) {
      const from = ((first + f) * depth + c) * 9;
      for (let t = 0; t < 9; t++) g[t] = weights[from + t]! - zero;
      transformFilter(g);
      for (let p = 0; p < positions; p++) panels[start + (p * depth + c) * 2]! += transformed[p]! * weight;
      loads[f * depth + c] = loadOf(g, largest);
    }
  }
  return { filters, depth, panels, block: findBlock(loads, depth) };
}

const transformed = new Float64Array(positions);
const halfway = new Float64Array(12);

/** (2G) g (2G)ᵀ */
function transformFilter(g: Float64Array): void {
  for (let j = 0; j < 3; j++) {
    const [a, b, c] = [g[j]!, g[3 + j]!, g[6 + j]!];
    halfway[j] = 2 * a;
    halfway[3 + j] = a + b + c;
    halfway[6 + j] = a - b + c;
    halfway[9 + j] = 2 * c;
  }
  for (let i = 0; i < 4; i++) {
    const [a, b, c] = [halfway[3 * i]!, halfway[3 * i + 1]!, halfway[3 * i + 2]!];
    transformed[4 * i] = 2 * a;
    transformed[4 * i + 1] = a + b + c;
    transformed[4 * i + 2] = a - b + c;
    transformed[4 * i + 3] = 2 * c;
  }
}

/** How much of both limits one channel of a filter uses up; a block may use all of it. */
function loadOf(g: Float64Array, largest: number): number {
  let sum = 0;
  for (let t = 0; t < 9; t++) sum += Math.abs(g[t]!);
  let most = 0;
  for (const corner of [0, 1, 4, 5]) {
    let used = 0;
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) used += Math.abs(transformed[corner + 4 * i + j]!);
    most = Math.max(most, used);
  }
  return Math.max((4 * largest * most) / sumLimit, (largest * sum) / resultLimit);
}

/** The longest even block of channels that fits in every filter. */
function findBlock(loads: Float64Array, depth: number): number {
  for (let blocks = Math.ceil(depth / largestBlock); ; blocks++) {
    const block = Math.ceil(depth / blocks);
    if (block <= smallestBlock) return smallestBlock;
    if (fits(loads, depth, block)) return block;
  }
}

function fits(loads: Float64Array, depth: number, block: number): boolean {
  for (let row = 0; row < loads.length; row += depth) {
    for (let from = 0; from < depth; from += block) {
      let used = 0;
      for (let c = from; c < Math.min(from + block, depth); c++) used += loads[row + c]!;
      // A little below one, as the quotients are rounded.
      if (used > 0.999999) return false;
    }
  }
  return true;
}

/** The convolution of x [N, C, H, W] with the transformed filters of each group; sums are written in int32. */
export function convolveWinograd(
  x: NdArray,
  groups: readonly TransformedFilters[],
  window: Window,
  xZero: number,
  sums: Int32Array,
): void {
  const { output, padsEnd } = window;
  const [height, width] = output as [number, number];
  // Outputs come in squares of two by two; the last may reach over the edge.
  const even = padsEnd.map((pad, i) => pad + (output[i]! % 2));
  const { bytes, channelSize, lengths } = byteImages(x, { ...window, padsEnd: even }, xZero);
  const meaning = Int32Array.from(meaningOf(x, xZero));
  const [batch, channels] = x.dims as [number, number];
  const across = Math.ceil(width / 2);
  const squares = across * Math.ceil(height / 2);
  const origin = (square: number) => Math.floor(square / across) * 2 * lengths[1]! + (square % across) * 2;
  for (let n = 0; n < batch; n++) {
    groups.forEach(({ filters, depth, panels, block }, g) => {
      const panelSize = positions * block * tileColumns;
      const together = Math.floor(panelRoom / panelSize) * tileColumns;
      for (let start = 0; start < squares; start += together) {
        const end = Math.min(start + together, squares);
        for (let from = 0; from < depth; from += block) {
          const count = Math.min(block, depth - from);
          const first = (n * channels + g * depth + from) * channelSize;
          for (let s = start; s < Math.ceil(end / 3) * 3; s++) {
            const offset = Math.floor((s - start) / 3) * panelSize + ((s - start) % 3);
            const at = first + origin(Math.min(s, squares - 1));
            transformInput(bytes, at, lengths[1]!, channelSize, count, meaning, offset);
          }
          for (let f = 0; f < filters; f += tileRows) {
            multiplyPositions(
              panels,
              (f / tileRows) * positions * depth + from,
              depth,
              count,
              end - start,
              panelSize,
            );
            const plane = (n * groups.length + g) * filters + f;
            for (let s = start; s < end; s++) {
              storeSquare(
                s - start,
                sums,
                plane * height * width,
                height,
                width,
                s,
                across,
                filters - f,
                from > 0,
              );
            }
          }
        }
      }
    });
  }
}

/** Bᵀ d B for one square of `count` channels, every third element of the panel of each position. */
function transformInput(
  bytes: Uint8Array,
  at: number,
  row: number,
  channelSize: number,
  count: number,
  meaning: Int32Array,
  offset: number,
): void {
  const step = count * 3;
  for (let c = 0; c < count; c++, at += channelSize, offset += 3) {
    const at1 = at + row;
    const at2 = at1 + row;
    const at3 = at2 + row;
    const c0 = meaning[bytes[at2]!]!;
    const c1 = meaning[bytes[at2 + 1]!]!;
    const c2 = meaning[bytes[at2 + 2]!]!;
    const c3 = meaning[bytes[at2 + 3]!]!;
    const b0 = meaning[bytes[at1]!]!;
    const b1 = meaning[bytes[at1 + 1]!]!;
    const b2 = meaning[bytes[at1 + 2]!]!;
    const b3 = meaning[bytes[at1 + 3]!]!;
    const a0 = meaning[bytes[at]!]! - c0;
    const a1 = meaning[bytes[at + 1]!]! - c1;
    const a2 = meaning[bytes[at + 2]!]! - c2;
    const a3 = meaning[bytes[at + 3]!]! - c3;
    const d0 = b0 - meaning[bytes[at3]!]!;
    const d1 = b1 - meaning[bytes[at3 + 1]!]!;
    const d2 = b2 - meaning[bytes[at3 + 2]!]!;
    const d3 = b3 - meaning[bytes[at3 + 3]!]!;
    let p = offset;
    columnPanels[p] = a0 - a2;
    columnPanels[(p += step)] = a1 + a2;
    columnPanels[(p += step)] = a2 - a1;
    columnPanels[(p += step)] = a1 - a3;
    columnPanels[(p += step)] = b0 + c0 - b2 - c2;
    columnPanels[(p += step)] = b1 + c1 + b2 + c2;
    columnPanels[(p += step)] = b2 + c2 - b1 - c1;
    columnPanels[(p += step)] = b1 + c1 - b3 - c3;
    columnPanels[(p += step)] = c0 - b0 - c2 + b2;
    columnPanels[(p += step)] = c1 - b1 + c2 - b2;
    columnPanels[(p += step)] = c2 - b2 - c1 + b1;
    columnPanels[(p += step)] = c1 - b1 - c3 + b3;
    columnPanels[(p += step)] = d0 - d2;
    columnPanels[(p += step)] = d1 + d2;
    columnPanels[(p += step)] = d2 - d1;
    columnPanels[(p += step)] = d1 - d3;
  }
}

/** Products of a block: six packed sums of each position, for each panel of squares. */
const products = new Float64Array((panelRoom / (smallestBlock * tileColumns)) * 6);

/** Multiplies four filters with all squares, position by position. */
function multiplyPositions(
  panels: Float64Array,
  start: number,
  depth: number,
  count: number,
  squares: number,
  panelSize: number,
): void {
  for (let position = 0; position < positions; position++) {
    const first = 2 * (start + position * depth);
    rowPanel.set(panels.subarray(first, first + 2 * count));
    let offset = position * count * tileColumns;
    for (
      let s = 0, to = position * 6;
      s < squares;
      s += tileColumns, to += positions * 6, offset += panelSize
    ) {
      runTile(offset, count);
      for (let i = 0; i < 6; i++) products[to + i] = packedSums[i]!;
    }
  }
}

/** Aᵀ M A for the filters and one square, unpacked and stored as far as there are such filters and outputs. */
function storeSquare(
  index: number,
  sums: Int32Array,
  plane: number,
  height: number,
  width: number,
  square: number,
  across: number,
  filters: number,
  add: boolean,
): void {
  const y = Math.floor(square / across) * 2;
  const x = (square % across) * 2;
  const right = x + 1 < width;
  const below = y + 1 < height;
  const size = height * width;
  for (let pair = 0; pair < 2 && 2 * pair < filters; pair++) {
    const m = Math.floor(index / 3) * positions * 6 + pair * 3 + (index % 3);
    const at = plane + 2 * pair * size + y * width + x;
    const both = 2 * pair + 1 < filters;
    const t0 = products[m]! + products[m + 24]! + products[m + 48]!;
    const t1 = products[m + 6]! + products[m + 30]! + products[m + 54]!;
    const t2 = products[m + 12]! + products[m + 36]! + products[m + 60]!;
    const t3 = products[m + 18]! + products[m + 42]! + products[m + 66]!;
    storePair(t0 + t1 + t2, sums, at, size, both, add);
    if (right) storePair(t1 - t2 - t3, sums, at + 1, size, both, add);
    if (!below) continue;
    const u0 = products[m + 24]! - products[m + 48]! - products[m + 72]!;
    const u1 = products[m + 30]! - products[m + 54]! - products[m + 78]!;
    const u2 = products[m + 36]! - products[m + 60]! - products[m + 84]!;
    const u3 = products[m + 42]! - products[m + 66]! - products[m + 90]!;
    storePair(u0 + u1 + u2, sums, at + width, size, both, add);
    if (right) storePair(u1 - u2 - u3, sums, at + width + 1, size, both, add);
  }
}

/** Four times a pair of results, 2^27 apart. */
function storePair(
  sum: number,
  sums: Int32Array,
  at: number,
  size: number,
  both: boolean,
  add: boolean,
): void {
  const high = sum * unlane + rounding - rounding;
  const low = (sum - high * lane) * 0.25;
  sums[at] = add ? sums[at]! + low : low;
  if (both) sums[at + size] = add ? sums[at + size]! + high : high;
}
