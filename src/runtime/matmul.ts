import { ModelError } from '../support/errors.ts';
import { broadcastDims, broadcastStrides } from './broadcast.ts';
import { positions } from './padded.ts';

/** How numpy multiplies two arrays of matrices. */
export interface MatMulShape {
  /** Dims of the product, without the axes that one-dimensional operands do not have. */
  readonly dims: readonly number[];
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Start of the left and right matrix of each product. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** @throws ModelError `shape-mismatch` */
export function matMulShape(a: readonly number[], b: readonly number[]): MatMulShape {
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const depth = left.at(-1);
  if (a.length === 0 || b.length === 0 || depth !== right.at(-2)) {
    throw new ModelError(
      'shape-mismatch',
      `Matrices [${a}] and [${b}] cannot be multiplied: the inner lengths differ.`,
    );
  }
  const rows = left.at(-2)!;
  const columns = right.at(-1)!;
  const batch = broadcastDims(left.slice(0, -2), right.slice(0, -2));
  const starts = (dims: readonly number[], size: number) =>
    positions(
      batch,
      broadcastStrides(dims.slice(0, -2), batch).map((stride) => stride * size),
    );
  return {
    dims: [...batch, ...(a.length === 1 ? [] : [rows]), ...(b.length === 1 ? [] : [columns])],
    rows,
    depth: depth!,
    columns,
    left: starts(left, rows * depth!),
    right: starts(right, depth! * columns),
  };
}
