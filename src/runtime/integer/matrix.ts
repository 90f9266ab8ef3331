import { gatherColumn, gatherSteps, setMeaning } from './gather.ts';
import { image, imageRoom } from './image.ts';
import { type Columns, multiplyPacked } from './multiply.ts';
import type { PackedRows } from './pack.ts';
import type { Part, Result, Sink } from './work.ts';

/** Products of matrices of bytes: data that a thread can be sent. */
export interface MatrixProduct {
  readonly kind: 'matrix';
  /** The left matrices, row-major, and whether they are int8. */
  readonly bytes: Uint8Array;
  readonly signed: boolean;
  /** Zero points of their rows, counted over all matrices; repeated where there are fewer. */
  readonly zeros: readonly number[];
  /** Rows and depth of a left matrix, and columns of a right one. */
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** First element of the left matrix of each product, and the right matrix, packed column by column. */
  readonly left: Int32Array;
  readonly packed: readonly PackedRows[];
  readonly right: readonly number[];
  readonly result: Result;
}

/** Whether a row fits into memory. */
export function fitsMatrix(depth: number): boolean {
  return depth <= imageRoom;
}

/** Computes sums of the products `from` to `to`. */
export function multiplyMatrix(
  work: MatrixProduct,
  { from, to, top, bottom, first, last }: Part,
  sink: Sink,
): void {
  const { bytes, depth, left, right, packed } = work;
  const { filterStep, rowStep } = sink;
  const chunk = Math.floor(imageRoom / depth);
  for (let n = from; n < to; n++) {
    for (let row = top; row < bottom; row += chunk) {
      const count = Math.min(chunk, bottom - row);
      const start = left[n]! + row * depth;
      image.set(bytes.subarray(start, start + count * depth));
      const at = sink.start + n * sink.unitStep + row * rowStep;
      const placement = { at, rowStep: filterStep, columnStep: rowStep };
      const source = rowsOf(work, start / depth, count);
      multiplyPacked(packed[right[n]!]!, first, last, count, source, sink.sums, placement);
    }
  }
}

/** Columns of the product are the loaded rows, of which the first is row `first`, counted over all matrices. */
function rowsOf({ signed, zeros, depth }: MatrixProduct, first: number, rows: number): Columns {
  const start = (row: number) => Math.min(row, rows - 1) * depth;
  if (zeros.every((zero) => zero === zeros[0])) {
    setMeaning(signed, zeros[0]!);
    return {
      prepare: () => undefined,
      gather: (row, from, to, offset) =>
        gatherSteps(start(row) + from, start(row + 1) + from, start(row + 2) + from, 1, to - from, offset),
    };
  }
  return {
    prepare: () => undefined,
    gather(row, from, to, offset) {
      for (let j = 0; j < 3; j++) {
        const at = start(row + j);
        setMeaning(signed, zeros[(first + at / depth) % zeros.length]!);
        gatherColumn(at + from, to - from, offset + j);
      }
    },
  };
}
