import { ModelError } from '../support/errors.ts';
import { productOf, stridesOf } from './array.ts';

/**
 * The dims two or more arrays have in common after broadcasting from the right, as numpy and ONNX do.
 *
 * @throws ModelError `shape-mismatch`
 */
export function broadcastDims(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((dims) => dims.length));
  const dims = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const offset = rank - shape.length;
    shape.forEach((length, i) => {
      const common = dims[offset + i]!;
      if (common === length || length === 1) return;
      if (common !== 1) {
        throw new ModelError(
          'shape-mismatch',
          `Shapes ${shapes.map((s) => `[${s}]`).join(' and ')} do not broadcast: ${common} and ${length} differ and neither is 1.`,
        );
      }
      dims[offset + i] = length;
    });
  }
  return dims;
}

/** Strides to walk an array of `dims` as if it had the dims `out`; 0 where it is repeated. */
export function broadcastStrides(dims: readonly number[], out: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const offset = out.length - dims.length;
  return out.map((_, i) => (i < offset || dims[i - offset] === 1 ? 0 : strides[i - offset]!));
}

/**
 * Merges neighbouring axes that all walks cross with one stride, so that inner loops are long.
 *
 * @returns at least one axis
 */
export function collapseAxes(
  dims: readonly number[],
  walks: readonly (readonly number[])[],
): { readonly dims: number[]; readonly walks: number[][] } {
  const merged: number[] = [];
  const mergedWalks: number[][] = walks.map(() => []);
  dims.forEach((length, axis) => {
    if (length === 1) return;
    const last = merged.length - 1;
    const joins = last >= 0 && walks.every((walk, w) => mergedWalks[w]![last] === walk[axis]! * length);
    if (joins) merged[last]! *= length;
    else merged.push(length);
    walks.forEach((walk, w) => {
      mergedWalks[w]![merged.length - 1] = walk[axis]!;
    });
  });
  if (merged.length > 0) return { dims: merged, walks: mergedWalks };
  return { dims: [productOf(dims)], walks: walks.map(() => [0]) };
}

/**
 * Visits the rows (innermost axis) of a strided walk.
 *
 * @param visit called with the position of each walk at the start of a row, and the row's number
 */
export function forEachRow(
  dims: readonly number[],
  walks: readonly (readonly number[])[],
  visit: (positions: Float64Array, row: number) => void,
): void {
  const outer = dims.length - 1;
  const rows = productOf(dims, 0, outer);
  if (rows === 0 || dims[outer] === 0) return;
  const positions = new Float64Array(walks.length);
  const counters = new Array<number>(outer).fill(0);
  for (let row = 0; row < rows; row++) {
    visit(positions, row);
    for (let axis = outer - 1; axis >= 0; axis--) {
      const length = dims[axis]!;
      const wraps = ++counters[axis]! === length;
      for (let w = 0; w < walks.length; w++) {
        const stride = walks[w]![axis]!;
        positions[w]! += wraps ? stride - stride * length : stride;
      }
      if (!wraps) break;
      counters[axis] = 0;
    }
  }
}
