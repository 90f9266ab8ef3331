import { columnPanels } from './tile.ts';

/**
 * The loops that bring bytes into the column panels, as the numbers that a table says they mean.
 *
 * Each lives in a function of its own and finds panels and table in constants, for the reasons that tile.ts gives.
 */

/** What each byte means, for the loops here: set before they are called. */
export const meaning = new Float64Array(256);

/** Three columns whose elements lie at the same places seen from three origins. */
export const gatherPlaces = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  const table = meaning;
  return (
    bytes: Uint8Array,
    o0: number,
    o1: number,
    o2: number,
    places: Int32Array,
    from: number,
    to: number,
    p: number,
  ): void => {
    for (let k = from; k < to; k = (k + 1) | 0, p = (p + 3) | 0) {
      const place = places[k]!;
      columns0[p] = table[bytes[(o0 + place) | 0]!]!;
      columns1[p] = table[bytes[(o1 + place) | 0]!]!;
      columns2[p] = table[bytes[(o2 + place) | 0]!]!;
    }
  };
})();

/** Three columns that start at three origins, with the same step from element to element. */
export const gatherSteps = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  const table = meaning;
  return (
    bytes: Uint8Array,
    o0: number,
    o1: number,
    o2: number,
    step: number,
    count: number,
    p: number,
  ): void => {
    for (let k = 0; k < count; k = (k + 1) | 0, p = (p + 3) | 0) {
      columns0[p] = table[bytes[o0]!]!;
      columns1[p] = table[bytes[o1]!]!;
      columns2[p] = table[bytes[o2]!]!;
      o0 = (o0 + step) | 0;
      o1 = (o1 + step) | 0;
      o2 = (o2 + step) | 0;
    }
  };
})();

/** One column, from bytes that follow each other and mean what `table` says. */
export const gatherRow = (() => {
  const [columns] = columnPanels;
  return (bytes: Uint8Array, start: number, count: number, table: Float64Array, p: number): void => {
    for (let k = 0; k < count; k = (k + 1) | 0, p = (p + 3) | 0) columns[p] = table[bytes[(start + k) | 0]!]!;
  };
})();
