import {
  allocateDoubles,
  allocateNumbers,
  makeArray,
  type NdArray,
  type Numbers,
  productOf,
} from './array.ts';
import type { Window } from './window.ts';

/**
 * Pools over images of two axes, a plane at a time: the same results as `pool` gives tap by tap.
 *
 * A plane is copied into doubles, which hold elements of all types that are pooled, so that the loops see one kind of array.
 */
export function poolPlanes(x: NdArray, window: Window, poolPlane: PlanePool): NdArray {
  const dims = [...x.dims.slice(0, 2), ...window.output];
  const target = allocateNumbers(x.dtype, dims, 'overwritten');
  const source = x.data as Numbers;
  const [height, width] = x.dims.slice(2) as [number, number];
  const [outputHeight, outputWidth] = window.output as [number, number];
  const plane = allocateDoubles(height * width, 'overwritten');
  const result = allocateDoubles(outputHeight * outputWidth, 'overwritten');
  const across = allocateDoubles(height * outputWidth, 'overwritten');
  for (let c = 0; c < productOf(x.dims, 0, 2); c++) {
    plane.set(source.subarray(c * plane.length, (c + 1) * plane.length));
    poolPlane(plane, height, width, window, across, result);
    target.set(result, c * result.length);
  }
  return makeArray(x.dtype, dims, target);
}

/**
 * Pools one plane.
 *
 * @param across room for a value for each input row and output column
 */
export type PlanePool = (
  plane: Float64Array,
  height: number,
  width: number,
  window: Window,
  across: Float64Array,
  result: Float64Array,
) => void;

/** Whether an image has two axes, and every window a tap inside it. */
export function suitsPlanes(spatial: readonly number[], window: Window): boolean {
  return spatial.length === 2 && !hasEmptyWindow(spatial, window);
}

/** Whether some window has no tap inside the image. */
export function hasEmptyWindow(spatial: readonly number[], window: Window): boolean {
  return window.output.some((count, axis) => {
    for (let output = 0; output < count; output++) {
      const [first, end] = insideOf(window, axis, output, spatial[axis]!);
      if (first >= end) return true;
    }
    return false;
  });
}

/** The first tap of a window that is inside an axis, and the one behind the last. */
export function insideOf(window: Window, axis: number, output: number, length: number): [number, number] {
  const start = output * window.strides[axis]! - window.padsBegin[axis]!;
  const dilation = window.dilations[axis]!;
  const first = start < 0 ? Math.ceil(-start / dilation) : 0;
  return [first, Math.min(window.kernel[axis]!, Math.ceil((length - start) / dilation))];
}

/**
 * The largest element of each window: of each row first, then of the rows. Of equal ones the first counts, NaN is larger than
 * any.
 */
export const largestOfPlane: PlanePool = (plane, height, width, window, across, result) => {
  const { strides, padsBegin, dilations, output } = window;
  const [outputHeight, outputWidth] = output as [number, number];
  for (let ox = 0; ox < outputWidth; ox++) {
    const [first, end] = insideOf(window, 1, ox, width);
    const at = ox * strides[1]! - padsBegin[1]! + first * dilations[1]!;
    largestInRows(plane, at, width, dilations[1]!, end - first, across, ox, outputWidth, height);
  }
  for (let oy = 0; oy < outputHeight; oy++) {
    const [first, end] = insideOf(window, 0, oy, height);
    const row = oy * strides[0]! - padsBegin[0]! + first * dilations[0]!;
    const [at, step] = [row * outputWidth, dilations[0]! * outputWidth];
    largestInRows(across, at, 1, step, end - first, result, oy * outputWidth, 1, outputWidth);
  }
};

/** The largest of `taps` elements that are `tapStep` apart, for `count` starts that are `step` apart. */
function largestInRows(
  source: Float64Array,
  at: number,
  step: number,
  tapStep: number,
  taps: number,
  target: Float64Array,
  to: number,
  toStep: number,
  count: number,
): void {
  if (taps === 2 || taps === 3) {
    largestOfFew(source, at, step, tapStep, taps === 3 ? 2 * tapStep : tapStep, target, to, toStep, count);
    return;
  }
  let start = at | 0;
  let q = to | 0;
  for (let i = 0; i < count; i = (i + 1) | 0, start = (start + step) | 0, q = (q + toStep) | 0) {
    let best = source[start]!;
    for (let t = 1, p = (start + tapStep) | 0; t < taps; t = (t + 1) | 0, p = (p + tapStep) | 0) {
      const value = source[p]!;
      if (value > best || Number.isNaN(value)) best = value;
    }
    target[q] = best;
  }
}

/** The same for three taps, of which the last two may be one: the windows that most networks have. */
function largestOfFew(
  source: Float64Array,
  at: number,
  step: number,
  second: number,
  third: number,
  target: Float64Array,
  to: number,
  toStep: number,
  count: number,
): void {
  let p = at | 0;
  let q = to | 0;
  for (let i = 0; i < count; i = (i + 1) | 0, p = (p + step) | 0, q = (q + toStep) | 0) {
    let best = source[p]!;
    const next = source[(p + second) | 0]!;
    const last = source[(p + third) | 0]!;
    if (next > best || Number.isNaN(next)) best = next;
    if (last > best || Number.isNaN(last)) best = last;
    target[q] = best;
  }
}

/** The average of each window, over its taps inside the image or those in the padding as well. */
export function averageOfPlane(includePad: boolean): PlanePool {
  return (plane, height, width, window, _, result) => {
    const { strides, padsBegin, dilations, output } = window;
    const rows = Array.from({ length: output[0]! }, (_, o) => insideOf(window, 0, o, height));
    const columns = Array.from({ length: output[1]! }, (_, o) => insideOf(window, 1, o, width));
    let to = 0;
    rows.forEach(([firstRow, endRow], oy) => {
      const row = oy * strides[0]! - padsBegin[0]! + firstRow * dilations[0]!;
      columns.forEach(([first, end], ox) => {
        const at = row * width + ox * strides[1]! - padsBegin[1]! + first * dilations[1]!;
        const sum = sumOfWindow(
          plane,
          at,
          dilations[0]! * width,
          endRow - firstRow,
          dilations[1]!,
          end - first,
        );
        const counted = includePad
          ? tapsWithPadding(window, 0, oy, height) * tapsWithPadding(window, 1, ox, width)
          : (endRow - firstRow) * (end - first);
        result[to++] = sum / counted;
      });
    });
  };
}

function sumOfWindow(
  plane: Float64Array,
  at: number,
  down: number,
  rows: number,
  right: number,
  columns: number,
): number {
  let sum = 0;
  for (let i = 0; i < rows; i++, at += down)
    for (let j = 0, p = at; j < columns; j++, p += right) sum += plane[p]!;
  return sum;
}

/** Taps before the end of the padding. */
function tapsWithPadding(window: Window, axis: number, output: number, length: number): number {
  const start = output * window.strides[axis]! - window.padsBegin[axis]!;
  const room = length + window.padsEnd[axis]! - start;
  return Math.min(window.kernel[axis]!, Math.ceil(room / window.dilations[axis]!));
}
