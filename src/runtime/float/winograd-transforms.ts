import { columnPanels, packedSums } from '../integer/tile.ts';

/**
 * Winograd's F(4×4, 3×3): sixteen outputs in 36 products rather than 144,
 *
 *     y = Aᵀ [ G g Gᵀ ⊙ Bᵀ d B ] A
 *
 * with the points 0, ±1, ±2 and ∞ (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, section 4.3).
 */

/** Outputs come in squares of this length. */
export const square = 4;

/** Products for a square. */
export const positions = 36;

/** G g Gᵀ for the nine taps of one channel of one filter. */
export function transformFilter(taps: Float64Array, to: Float64Array): void {
  const half = new Float64Array(18);
  for (let j = 0; j < 3; j++) spread(taps[j]!, taps[3 + j]!, taps[6 + j]!, half, j, 3);
  for (let i = 0; i < 6; i++) spread(half[3 * i]!, half[3 * i + 1]!, half[3 * i + 2]!, to, 6 * i, 1);
}

function spread(a: number, b: number, c: number, to: Float64Array, at: number, step: number): void {
  to[at] = a / 4;
  to[at + step] = -(a + b + c) / 6;
  to[at + 2 * step] = -(a - b + c) / 6;
  to[at + 3 * step] = (a + 2 * b + 4 * c) / 24;
  to[at + 4 * step] = (a - 2 * b + 4 * c) / 24;
  to[at + 5 * step] = c;
}

/**
 * Bᵀ d B of the square at `at` for `count` channels: every third element of the column panels from `offset` on, the next
 * position `step` further on.
 */
export const transformInput = (() => {
  const [columns] = columnPanels;
  const half = new Float64Array(positions);
  return (
    floats: Float32Array,
    at: number,
    row: number,
    channelSize: number,
    count: number,
    offset: number,
    step: number,
  ): void => {
    for (let c = 0; c < count; c = (c + 1) | 0) {
      const at1 = (at + row) | 0;
      const at2 = (at1 + row) | 0;
      const at3 = (at2 + row) | 0;
      const at4 = (at3 + row) | 0;
      const at5 = (at4 + row) | 0;
      for (let i = 0; i < 6; i = (i + 1) | 0) {
        const d1 = floats[(at1 + i) | 0]!;
        const d2 = floats[(at2 + i) | 0]!;
        const d3 = floats[(at3 + i) | 0]!;
        const d4 = floats[(at4 + i) | 0]!;
        const a = d4 - 4 * d2;
        const b = d3 - 4 * d1;
        const e = d4 - d2;
        const f = 2 * (d3 - d1);
        half[i] = 4 * floats[(at + i) | 0]! - 5 * d2 + d4;
        half[(i + 6) | 0] = a + b;
        half[(i + 12) | 0] = a - b;
        half[(i + 18) | 0] = e + f;
        half[(i + 24) | 0] = e - f;
        half[(i + 30) | 0] = 4 * d1 - 5 * d3 + floats[(at5 + i) | 0]!;
      }
      let p = offset;
      for (let i = 0; i < 36; i = (i + 6) | 0) {
        const d1 = half[(i + 1) | 0]!;
        const d2 = half[(i + 2) | 0]!;
        const d3 = half[(i + 3) | 0]!;
        const d4 = half[(i + 4) | 0]!;
        const a = d4 - 4 * d2;
        const b = d3 - 4 * d1;
        const e = d4 - d2;
        const f = 2 * (d3 - d1);
        columns[p] = 4 * half[i]! - 5 * d2 + d4;
        columns[(p = (p + step) | 0)] = a + b;
        columns[(p = (p + step) | 0)] = a - b;
        columns[(p = (p + step) | 0)] = e + f;
        columns[(p = (p + step) | 0)] = e - f;
        columns[(p = (p + step) | 0)] = 4 * d1 - 5 * d3 + half[(i + 5) | 0]!;
        p = (p + step) | 0;
      }
      at = (at + channelSize) | 0;
      offset = (offset + 3) | 0;
    }
  };
})();

/** Adds Aᵀ M A to the outputs of a square, row by row from `at` on; the position p of M is the packed sum `slot + p·slots`. */
export const addOutput = (() => {
  const sums = packedSums;
  const half = new Float64Array(24);
  return (slot: number, slots: number, target: Float64Array, at: number): void => {
    const down = (6 * slots) | 0;
    for (let j = 0; j < 6; j = (j + 1) | 0, slot = (slot + slots) | 0) {
      let p = slot;
      const m0 = sums[p]!;
      const m1 = sums[(p = (p + down) | 0)]!;
      const m2 = sums[(p = (p + down) | 0)]!;
      const m3 = sums[(p = (p + down) | 0)]!;
      const m4 = sums[(p = (p + down) | 0)]!;
      const a = m1 + m2;
      const b = m1 - m2;
      const e = m3 + m4;
      const f = m3 - m4;
      half[j] = m0 + a + e;
      half[(j + 6) | 0] = b + 2 * f;
      half[(j + 12) | 0] = a + 4 * e;
      half[(j + 18) | 0] = b + 8 * f + sums[(p + down) | 0]!;
    }
    for (let i = 0; i < 24; i = (i + 6) | 0, at = (at + 4) | 0) {
      const m1 = half[(i + 1) | 0]!;
      const m2 = half[(i + 2) | 0]!;
      const m3 = half[(i + 3) | 0]!;
      const m4 = half[(i + 4) | 0]!;
      const a = m1 + m2;
      const b = m1 - m2;
      const e = m3 + m4;
      const f = m3 - m4;
      target[at]! += half[i]! + a + e;
      target[(at + 1) | 0]! += b + 2 * f;
      target[(at + 2) | 0]! += a + 4 * e;
      target[(at + 3) | 0]! += b + 8 * f + half[(i + 5) | 0]!;
    }
  };
})();
