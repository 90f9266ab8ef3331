import { allocate, isLasting, type NdArray, numbersOf, productOf } from '../array.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import { slideWindow, type Window } from '../window.ts';
import { packedOnce } from './cache.ts';
import { depthwiseTaps, suitsDepthwise } from './depthwise.ts';
import { suitsDirect } from './direct.ts';
import { imagesOf } from './image.ts';
import { type PackedRows, packRows } from './pack.ts';
import { runWork } from './share.ts';
import { convolveSimply } from './simple.ts';
import { fitsSquares } from './winograd.ts';
import { suitsWinograd, transformFilters } from './winograd-filters.ts';
import type { Convolution, Share } from './work.ts';

/** Sums of a convolution, [N, M, …output]. */
export interface IntegerSums {
  readonly sums: Int32Array;
  readonly dims: readonly number[];
}

/**
 * Σ (x − xZero)·(w − wZero) in int32 for int8 or uint8 operands, over any number of spatial axes; padding counts as zero.
 * Sums beyond int32 wrap around.
 *
 * @param wZeros one zero point, or one per output channel
 * @param into memory for the sums; they overwrite what is there
 */
export function convolveBytes(
  x: NdArray,
  w: NdArray,
  attributes: ConvolutionAttributes,
  xZero = 0,
  wZeros: ArrayLike<number> = [0],
  into?: Int32Array,
): IntegerSums {
  checkConvolution(x, w, attributes);
  const { group = 1 } = attributes;
  const [batch, channels] = x.dims as [number, number];
  const [filters, depth] = w.dims as [number, number];
  const window = slideWindow(x.dims.slice(2), w.dims.slice(2), attributes);
  const dims = [batch, filters, ...window.output];
  const sums = into ?? (allocate('int32', dims, 'overwritten') as Int32Array);
  if (sums.length === 0 || channels === 0) return { sums: sums.fill(0), dims };
  const planar = overTwoAxes(window);
  const common = { window: planar, batch, channels, filters, group, sums };
  const all: Share = { top: 0, bottom: planar.output[0]!, first: 0, last: filters / group };
  if (isLasting(w.data) && suitsWinograd(window, w, group)) {
    const squares = { ...common, images: imagesOf(x, withWholeSquares(planar), xZero) };
    if (fitsSquares(squares)) {
      const transformed = transformedFilters(x, w, group, xZero, wZeros);
      runWork({ ...squares, kind: 'squares', transformed }, all, true);
      return { sums, dims };
    }
  }
  const direct: Convolution = { ...common, images: imagesOf(x, planar, xZero) };
  if (depth === 1 && filters === group && suitsDepthwise(direct)) {
    runWork({ ...direct, kind: 'depthwise', taps: depthwiseTaps(w, wZeros) }, all, true);
    return { sums, dims };
  }
  if (suitsDirect(direct)) {
    const packed = packedOnce(w.data, `filters ${group} ${zerosKey(wZeros)}`, () =>
      packGroups(w, group, wZeros),
    );
    runWork({ ...direct, kind: 'direct', packed }, all, isLasting(w.data));
  } else {
    sums.set(convolveSimply(x, w, attributes, xZero, wZeros).sums);
  }
  return { sums, dims };
}

/** A window over one axis as one over two, of which the first is 1 long. */
function overTwoAxes(window: Window): Window {
  if (window.kernel.length !== 1) return window;
  return {
    kernel: [1, ...window.kernel],
    strides: [1, ...window.strides],
    dilations: [1, ...window.dilations],
    padsBegin: [0, ...window.padsBegin],
    padsEnd: [0, ...window.padsEnd],
    output: [1, ...window.output],
  };
}

/** Outputs come in squares of two by two; the last may reach over the edge. */
function withWholeSquares(window: Window): Window {
  return { ...window, padsEnd: window.padsEnd.map((pad, i) => pad + (window.output[i]! % 2)) };
}

function transformedFilters(x: NdArray, w: NdArray, group: number, xZero: number, wZeros: ArrayLike<number>) {
  const perGroup = w.dims[0]! / group;
  const [low, high] = x.dtype === 'int8' ? [-128, 127] : [0, 255];
  const largest = Math.max(xZero - low!, high! - xZero);
  return packedOnce(w.data, `winograd ${group} ${largest} ${zerosKey(wZeros)}`, () =>
    Array.from({ length: group }, (_, g) => transformFilters(w, g * perGroup, perGroup, wZeros, largest)),
  );
}

/** The filters of each group, a row for each. */
function packGroups(w: NdArray, group: number, zeros: ArrayLike<number>): PackedRows[] {
  const rows = w.dims[0]! / group;
  const depth = productOf(w.dims, 1);
  return Array.from({ length: group }, (_, g) =>
    packRows({
      data: numbersOf(w),
      start: g * rows * depth,
      rows,
      depth,
      rowStep: depth,
      depthStep: 1,
      zeros: zeros.length === 1 ? zeros : Array.from({ length: rows }, (_, row) => zeros[g * rows + row]!),
    }),
  );
}

/** Zero points as part of a name; all zeros are alike however many there are. */
export function zerosKey(zeros: ArrayLike<number>): string {
  const list = Array.from(zeros);
  return list.every((zero) => zero === list[0]) ? `${list[0]}` : `${list}`;
}
