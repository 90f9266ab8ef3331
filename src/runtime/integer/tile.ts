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

/** The lane of the second number of a pair. */
export const lane = 2 ** 27;

/** What a sum is multiplied with to get the second number, before it is rounded. */
export const unlane = 2 ** -27;

/** Added and subtracted, it leaves a double below 2^51 no room for a fraction. */
export const rounding = 1.5 * 2 ** 52;

/**
 * The loop and the memory it reads.
 *
 * V8 folds base address and length of a typed array that a function finds in a constant of its closure, provided the
 * closure is made once; a bundler turns constants of a module into variables, hence the function around them. Views of one
 * buffer, shifted by an element each, are read at one index and need one bounds check. Six sums and their products are what
 * fits the registers, and a second loop in the function would undo the folding.
 */
const memory = (() => {
  const views = (count: number, shifts: number) => {
    const buffer = new ArrayBuffer((count + shifts) * 8);
    return Array.from({ length: shifts }, (_, i) => new Float64Array(buffer, i * 8, count));
  };
  const [rows0, rows1] = views(2 * tileDepth, 2) as [Float64Array, Float64Array];
  const [columns0, columns1, columns2] = views(panelRoom, 3) as [Float64Array, Float64Array, Float64Array];
  const sums = new Float64Array(6);

  const run = (q: number, depth: number): void => {
    let c00 = 0;
    let c01 = 0;
    let c02 = 0;
    let c10 = 0;
    let c11 = 0;
    let c12 = 0;
    const end = (depth * 2) | 0;
    for (let p = 0; p < end; p = (p + 2) | 0, q = (q + 3) | 0) {
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
    sums[0] = c00;
    sums[1] = c01;
    sums[2] = c02;
    sums[3] = c10;
    sums[4] = c11;
    sums[5] = c12;
  };
  return { rows: rows0, columns: columns0, sums, run };
})();

/** The tile's rows: row pairs (0, 1) and (2, 3) side by side for each k. */
export const rowPanel = memory.rows;

/** Panels of columns: three columns side by side for each k. */
export const columnPanels = memory.columns;

/** What the last run summed up: pair of rows, then column. */
export const packedSums = memory.sums;

/** Sums up the row panel times the column panel that starts at an index of `columnPanels`. */
export const runTile: (columnStart: number, depth: number) => void = memory.run;

/**
 * Unpacks the sums into int32 elements: row i, column j at `at + i·rowStep + j·columnStep`.
 *
 * @param add whether they are added to what is there; sums wrap around, as int32 does
 */
export function storeTile(
  target: Int32Array,
  at: number,
  rowStep: number,
  columnStep: number,
  rows: number,
  columns: number,
  add: boolean,
): void {
  for (let pair = 0; pair < rows; pair += 2) {
    for (let column = 0; column < columns; column++) {
      const sum = packedSums[(pair >> 1) * tileColumns + column]!;
      const high = sum * unlane + rounding - rounding;
      const low = sum - high * lane;
      const first = at + pair * rowStep + column * columnStep;
      target[first] = add ? target[first]! + low : low;
      if (pair + 1 < rows) target[first + rowStep] = add ? target[first + rowStep]! + high : high;
    }
  }
}
