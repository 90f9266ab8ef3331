/**
 * Where ONNX Runtime cuts float32 sums.
 *
 * Its SGEMM adds up a piece of k in registers, then adds the piece to the output. How long the pieces are depends on how
 * many columns a thread gets; a thread of the widest machine it knows, 16 threads, is what is followed here, so that
 * outputs recorded on servers are met to the bit. Rules as in MLAS (sgemm.cpp, convolve.cpp).
 */

/** A range of columns and the length of the pieces that its sums are cut into. */
export interface ColumnRange {
  readonly start: number;
  readonly end: number;
  readonly piece: number;
}

const mostThreads = 16;
const workPerThread = 64 * 1024;
const columnAlignment = 16;

/** The ranges of a matrix product: threads share the columns if there are more of them than rows. */
export function productRanges(rows: number, columns: number, depth: number): ColumnRange[] {
  if (columns <= rows) return [range(0, columns, depth)];
  const blocks = Math.ceil(columns / columnAlignment);
  const threads = Math.min(threadsFor(rows * columns * depth), blocks);
  return partition(blocks, threads).map(([start, end]) =>
    range(start * columnAlignment, Math.min(end * columnAlignment, columns), depth),
  );
}

/** The ranges of a convolution that is not a plain product: threads share the output positions. */
export function convolutionRanges(filters: number, positions: number, depth: number): ColumnRange[] {
  if (filters > positions) return productRanges(filters, positions, depth);
  return partition(positions, threadsFor(filters * positions * depth)).map(([start, end]) =>
    range(start, end, depth),
  );
}

/** One range for all columns: the piece is 128 long, longer where there are few columns. */
export function wholeRange(columns: number, depth: number): ColumnRange[] {
  return [range(0, columns, depth)];
}

function range(start: number, end: number, depth: number): ColumnRange {
  const columns = end - start;
  let piece = 128;
  if (columns < depth) for (let stride = 128; stride > 16 && stride / 2 >= columns; stride /= 2) piece *= 2;
  return { start, end, piece };
}

function threadsFor(work: number): number {
  return Math.min(mostThreads, Math.floor(work / workPerThread) + 1);
}

/** Equal shares; the first ones take what is left over. */
function partition(total: number, shares: number): (readonly [number, number])[] {
  const size = Math.floor(total / shares);
  const extra = total % shares;
  return Array.from({ length: shares }, (_, i) => {
    const start = size * i + Math.min(i, extra);
    return [start, start + size + (i < extra ? 1 : 0)] as const;
  }).filter(([start, end]) => end > start);
}
