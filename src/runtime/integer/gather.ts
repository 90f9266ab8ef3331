import { image } from './image.ts';
import { columnPanels, tileDepth } from './tile.ts';

/**
 * The loops that bring bytes of the loaded image into the column panels, as the numbers they mean.
 *
 * Each lives in a function of its own and finds all its memory in constants, for the reasons that tile.ts gives.
 */

/** What each byte means; see `setMeaning`. */
export const meaning = new Float64Array(256);

/** Lets bytes mean the number that they are as int8 or uint8, minus a zero point. */
export function setMeaning(signed: boolean, zero: number): void {
  for (let byte = 0; byte < 256; byte++) meaning[byte] = (signed ? (byte << 24) >> 24 : byte) - zero;
}

/** Where the elements of a column lie, seen from its origin, for `gatherPlaces`. */
export const places = new Int32Array(tileDepth);

/** Three columns whose elements lie at the same places seen from three origins. */
export const gatherPlaces = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  const bytes = image;
  const table = meaning;
  const steps = places;
  return (first: number, second: number, third: number, count: number, q: number): void => {
    const o0 = first | 0;
    const o1 = second | 0;
    const o2 = third | 0;
    for (let k = 0, p = q | 0; k < count; k = (k + 1) | 0, p = (p + 3) | 0) {
      const place = steps[k]!;
      columns0[p] = table[bytes[(o0 + place) | 0]!]!;
      columns1[p] = table[bytes[(o1 + place) | 0]!]!;
      columns2[p] = table[bytes[(o2 + place) | 0]!]!;
    }
  };
})();

/** Three columns that start at three origins, with the same step from element to element. */
export const gatherSteps = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  const bytes = image;
  const table = meaning;
  return (first: number, second: number, third: number, step: number, count: number, q: number): void => {
    let o0 = first | 0;
    let o1 = second | 0;
    let o2 = third | 0;
    for (let k = 0, p = q | 0; k < count; k = (k + 1) | 0, p = (p + 3) | 0) {
      columns0[p] = table[bytes[o0]!]!;
      columns1[p] = table[bytes[o1]!]!;
      columns2[p] = table[bytes[o2]!]!;
      o0 = (o0 + step) | 0;
      o1 = (o1 + step) | 0;
      o2 = (o2 + step) | 0;
    }
  };
})();

/** One column, from neighbouring elements. */
export const gatherColumn = (() => {
  const [columns] = columnPanels;
  const bytes = image;
  const table = meaning;
  return (start: number, count: number, q: number): void => {
    for (let k = 0, p = q | 0; k < count; k = (k + 1) | 0, p = (p + 3) | 0)
      columns[p] = table[bytes[(start + k) | 0]!]!;
  };
})();
