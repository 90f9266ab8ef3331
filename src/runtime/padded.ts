import { productOf } from './array.ts';
import { forEachRow } from './broadcast.ts';

/** Σ index·stride for every index of a box, in row-major order. */
export function positions(dims: readonly number[], strides: readonly number[]): Int32Array {
  const result = new Int32Array(productOf(dims));
  const inner = dims.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  forEachRow(dims.length === 0 ? [1] : dims, [dims.length === 0 ? [0] : strides], ([position], row) => {
    for (let i = 0; i < inner; i++) result[row * inner + i] = position! + i * step;
  });
  return result;
}
