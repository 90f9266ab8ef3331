import { allocate, allocateNumbers, makeArray, type NdArray, type Numbers, productOf } from './array.ts';
import { insideOf } from './pool-planes.ts';
import type { Window } from './window.ts';

/**
 * The largest code of each window over images of two axes, of which none is empty: of each row first, then of the rows.
 *
 * Which of two codes is larger cannot be foreseen, and a branch that is not costs more than all else. The difference of two
 * 8-bit codes fits 32 bits, and its sign, spread over all of them, selects without a branch.
 */
export function largestCodes(x: NdArray, window: Window): NdArray {
  const { strides, padsBegin, dilations } = window;
  const [height, width] = x.dims.slice(2) as [number, number];
  const [outputHeight, outputWidth] = window.output as [number, number];
  const dims = [...x.dims.slice(0, 2), outputHeight, outputWidth];
  const target = allocateNumbers(x.dtype, dims, 'overwritten');
  const [plane, across, result] = [
    [height, width],
    [height, outputWidth],
    [outputHeight, outputWidth],
  ].map((lengths) => allocate('int32', lengths, 'overwritten') as Int32Array) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const columns = startsAlong(window, 1, width);
  const rows = startsAlong(window, 0, height);
  for (let c = 0; c < productOf(x.dims, 0, 2); c++) {
    plane.set((x.data as Numbers).subarray(c * plane.length, (c + 1) * plane.length));
    for (let ox = 0; ox < outputWidth; ox++) {
      const [first, taps] = columns[ox]!;
      const at = ox * strides[1]! - padsBegin[1]! + first * dilations[1]!;
      largestOf(plane, at, width, dilations[1]!, taps, across, ox, outputWidth, height);
    }
    for (let oy = 0; oy < outputHeight; oy++) {
      const [first, taps] = rows[oy]!;
      const row = oy * strides[0]! - padsBegin[0]! + first * dilations[0]!;
      const step = dilations[0]! * outputWidth;
      largestOf(across, row * outputWidth, 1, step, taps, result, oy * outputWidth, 1, outputWidth);
    }
    target.set(result, c * result.length);
  }
  return makeArray(x.dtype, dims, target);
}

/** The first tap inside the image for each output along an axis, and how many there are. */
function startsAlong(window: Window, axis: number, length: number): (readonly [number, number])[] {
  return Array.from({ length: window.output[axis]! }, (_, output) => {
    const [first, end] = insideOf(window, axis, output, length);
    return [first, end - first] as const;
  });
}

/** The largest of `taps` codes that are `tapStep` apart, for `count` starts that are `step` apart. */
function largestOf(
  source: Int32Array,
  at: number,
  step: number,
  tapStep: number,
  taps: number,
  target: Int32Array,
  to: number,
  toStep: number,
  count: number,
): void {
  const second = taps > 1 ? tapStep : 0;
  const third = taps > 2 ? 2 * tapStep : second;
  largestOfThree(source, at, step, second, third, target, to, toStep, count);
  for (let t = 3; t < taps; t += 2) {
    const next = t * tapStep;
    const last = t + 1 < taps ? next + tapStep : next;
    raiseTo(source, at + next, step, last - next, target, to, toStep, count);
  }
}

/** Three taps, of which some may be the same. */
function largestOfThree(
  source: Int32Array,
  at: number,
  step: number,
  second: number,
  third: number,
  target: Int32Array,
  to: number,
  toStep: number,
  count: number,
): void {
  let p = at | 0;
  let q = to | 0;
  for (let i = 0; i < count; i = (i + 1) | 0, p = (p + step) | 0, q = (q + toStep) | 0) {
    let best = source[p]!;
    const next = (best - source[(p + second) | 0]!) | 0;
    best = (best - (next & (next >> 31))) | 0;
    const last = (best - source[(p + third) | 0]!) | 0;
    target[q] = (best - (last & (last >> 31))) | 0;
  }
}

/** Two more taps, `apart` from each other. */
function raiseTo(
  source: Int32Array,
  at: number,
  step: number,
  apart: number,
  target: Int32Array,
  to: number,
  toStep: number,
  count: number,
): void {
  let p = at | 0;
  let q = to | 0;
  for (let i = 0; i < count; i = (i + 1) | 0, p = (p + step) | 0, q = (q + toStep) | 0) {
    let best = target[q]!;
    const next = (best - source[p]!) | 0;
    best = (best - (next & (next >> 31))) | 0;
    const last = (best - source[(p + apart) | 0]!) | 0;
    target[q] = (best - (last & (last >> 31))) | 0;
  }
}
