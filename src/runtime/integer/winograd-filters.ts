import { allocateDoubles, type NdArray, numbersOf } from '../array.ts';
import type { Window } from '../window.ts';
import { tileRows } from './tile.ts';

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

/** Filters of one group, transformed: for each four filters, block of channels, position and channel of the block two pairs. */
export interface TransformedFilters {
  readonly filters: number;
  readonly depth: number;
  readonly panels: Float64Array;
  /** Channels that are summed up in doubles. */
  readonly block: number;
}

/** Products for a square of two by two outputs. */
export const positions = 16;

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
  const load = (f: number, c: number) => {
    const zero = zeros[(first + f) % zeros.length]!;
    const from = ((first + f) * depth + c) * 9;
    for (let t = 0; t < 9; t++) g[t] = weights[from + t]! - zero;
    transformFilter(g);
  };
  for (let f = 0; f < filters; f++) {
    for (let c = 0; c < depth; c++) {
      load(f, c);
      loads[f * depth + c] = loadOf(g, largest);
    }
  }
  const block = findBlock(loads, depth);
  for (let f = 0; f < filters; f++) {
    const weight = f % 2 === 0 ? 1 : pairLane;
    const start = Math.floor(f / tileRows) * positions * 2 * depth + ((f % tileRows) >> 1);
    for (let c = 0; c < depth; c++) {
      load(f, c);
      const from = c - (c % block);
      const count = Math.min(block, depth - from);
      const at = start + positions * 2 * from + 2 * (c - from);
      for (let p = 0; p < positions; p++) panels[at + 2 * p * count]! += transformed[p]! * weight;
    }
  }
  return { filters, depth, panels, block };
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
