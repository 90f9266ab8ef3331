import { packedSums } from '../integer/tile.ts';

/** Elements of an array of any of the float types. */
export type FloatArray = Float32Array | Float64Array;

/** Stores `count` sums from `slot` on, plus an offset and rounded to the target's type, at `at` and every `step` elements. */
export const storeSums = (() => {
  const sums = packedSums;
  return (
    slot: number,
    count: number,
    offset: number,
    target: FloatArray,
    at: number,
    step: number,
  ): void => {
    const end = (slot + count) | 0;
    for (; slot < end; slot = (slot + 1) | 0, at = (at + step) | 0) target[at] = sums[slot]! + offset;
  };
})();

/** Adds `count` sums from `slot` on to those of the pieces of depth before, from `at` on. */
export const addSums = (() => {
  const sums = packedSums;
  return (slot: number, count: number, before: Float64Array, at: number, rounds: boolean): void => {
    const end = (slot + count) | 0;
    for (; slot < end; slot = (slot + 1) | 0, at = (at + 1) | 0) {
      const sum = before[at]! + sums[slot]!;
      before[at] = rounds ? Math.fround(sum) : sum;
    }
  };
})();

/** Adds the sums of the pieces of depth before, from `at` on, to `count` sums from `slot` on. */
export const takeSums = (() => {
  const sums = packedSums;
  return (slot: number, count: number, before: Float64Array, at: number, rounds: boolean): void => {
    const end = (slot + count) | 0;
    for (; slot < end; slot = (slot + 1) | 0, at = (at + 1) | 0) {
      const sum = before[at]! + sums[slot]!;
      sums[slot] = rounds ? Math.fround(sum) : sum;
    }
  };
})();
