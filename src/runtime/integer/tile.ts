/**
 * The inner loop of integer products: 4 rows × 3 columns, two rows in each double.
 *
 * Two whole numbers travel in one double as `l0 + l1·2^27`; a multiplication by a plain x serves both. All intermediate
 * values are whole, and a double holds every whole number up to 2^53, so nothing is rounded as long as |l0| and |l1| stay
 * below 2^26, at the end and on the way. Then `l1` is the sum over 2^27 rounded to the nearest whole number, which adding and
 * subtracting 1.5·2^52 does.
 */

/** Rows of a tile. */
export const tileRows = 4;

/** Columns of a tile. */
export const tileColumns = 3;

/**
 * The longest piece of depth that a tile is run over: its rows and columns then stay in the first-level cache, and the bound
 * of the lanes holds for all bytes with all zero points, as 768 · 255 · 255 < 2^26.
 */
export const tileDepth = 768;

/** Doubles there are for column panels: what a second-level cache holds besides the rows. */
export const panelRoom = 24 * tileColumns * tileDepth;

/** Doubles there are for pairs of rows. */
export const rowRoom = 8 * tileDepth;

/** Packed sums there are for each pair of rows. */
export const sumRoom = 4096;

/** The lane of the second number of a pair. */
export const lane = 2 ** 27;

/** What a sum is multiplied with to get the second number, before it is rounded. */
export const unlane = 2 ** -27;

/** Added and subtracted, it leaves a double below 2^51 no room for a fraction. */
export const rounding = 1.5 * 2 ** 52;

/** Views of a buffer, each shifted by an element: the element i of view j is the element i + j of view 0. */
export type Shifted = readonly [Float64Array, Float64Array, Float64Array];

function shifted(memory: Float64Array, start = 0, count = memory.length - 2): Shifted {
  const view = (shift: number) => memory.subarray(start + shift, start + shift + count);
  return [view(0), view(1), view(2)];
}

/** Panels of columns: three columns side by side for each k. */
export const columnPanels = shifted(new Float64Array(panelRoom + 2));

/** Rows of tiles: row pairs (0, 1) and (2, 3) side by side for each k. */
export const rowPanel = shifted(new Float64Array(rowRoom + 2));

/** Packed sums: from 0 on those of rows 0 and 1, from `sumRoom` on those of rows 2 and 3. */
export const packedSums = new Float64Array(2 * sumRoom + 2);

/**
 * Sums up the rows that start at the index `row` of the row panel times the columns that start at the index `column` of the
 * column panels, and puts the sums of the three columns at `slot` of the packed sums, and `sumRoom` further on.
 *
 * V8 folds base address and length of a typed array that a function finds in a constant of its closure, provided the
 * closure is made once; constants of a module, imported or bundled, it loads and checks each time, hence the function around it. Views of one
 * buffer, shifted by an element each, are read at one index and need one bounds check. Six sums and their products are what
 * fits the registers, and a second loop in the function would undo the folding. Indices are made 32-bit integers on entry:
 * then they stay so in the loop, whatever numbers they are computed from.
 */
export const runTile = (() => {
  const [rows0, rows1] = rowPanel;
  const [columns0, columns1, columns2] = columnPanels;
  const [low0, low1, low2] = shifted(packedSums, 0, sumRoom);
  const [high0, high1, high2] = shifted(packedSums, sumRoom, sumRoom);
  return (row: number, column: number, depth: number, slot: number): void => {
    let c00 = 0;
    let c01 = 0;
    let c02 = 0;
    let c10 = 0;
    let c11 = 0;
    let c12 = 0;
    const end = (row + depth * 2) | 0;
    for (let p = row | 0, q = column | 0; p < end; p = (p + 2) | 0, q = (q + 3) | 0) {
      const w0 = rows0[p]!;
      const w1 = rows1[p]!;
      const x0 = columns0[q]!;
      const x1 = columns1[q]!;
      const x2 = columns2[q]!;
      c00 += w0 * x0;
      c01 += w0 * x1;
      c02 += w0 * x2;
      c10 += w1 * x0;
      c11 += w1 * x1;
      c12 += w1 * x2;
    }
    const to = slot | 0;
    low0[to] = c00;
    low1[to] = c01;
    low2[to] = c02;
    high0[to] = c10;
    high1[to] = c11;
    high2[to] = c12;
  };
})();
