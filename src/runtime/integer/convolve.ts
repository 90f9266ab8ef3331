import {
  allocate,
  isLasting,
  makeArray,
  type NdArray,
  type Numbers,
  numbersOf,
  productOf,
} from '../array.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import { type Finish, finishedType, finishSums } from '../finish.ts';
import { slideWindow, type Window } from '../window.ts';
import { fitsBands } from './band.ts';
import { packedOnce } from './cache.ts';
import { depthwiseTaps, suitsDepthwise } from './depthwise.ts';
import { suitsDirect } from './direct.ts';
import { imagesOf } from './image.ts';
import { type PackedRows, packRows } from './pack.ts';
import { runWork, type Unfinished, type Work } from './share.ts';
import { convolveSimply } from './simple.ts';
import { fitsSquares } from './winograd.ts';
import { suitsWinograd, transformFilters } from './winograd-filters.ts';

/** Sums of a convolution, [N, M, …output]. */
export interface IntegerSums {
  readonly sums: Int32Array;
  readonly dims: readonly number[];
}

/** The operands of a convolution of int8 or uint8 codes, over any number of spatial axes. */
export interface CodedConvolution {
  readonly x: NdArray;
  readonly w: NdArray;
  readonly attributes: ConvolutionAttributes;
  readonly xZero: number;
  /** One zero point, or one per output channel. */
  readonly wZeros: ArrayLike<number>;
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
  const operands = { x, w, attributes, xZero, wZeros };
  const dims = outputDims(operands);
  const sums = into ?? (allocate('int32', dims, 'overwritten') as Int32Array);
  const task = isEmpty(dims, x) ? undefined : taskOf(operands);
  if (isEmpty(dims, x)) sums.fill(0);
  else if (task === undefined) sums.set(convolveSimply(x, w, attributes, xZero, wZeros).sums);
  else runWork({ ...task.work, result: { sums } }, task.lasting);
  return { sums, dims };
}

/**
 * What becomes of the same sums: `finish` says it for the dims [N, M, …output] of the result. Sums are finished band by
 * band, in a small memory.
 */
export function convolveAndFinish(
  operands: CodedConvolution,
  finish: (dims: readonly number[]) => Finish,
): NdArray {
  const { x, w, attributes, xZero, wZeros } = operands;
  const dims = outputDims(operands);
  const finishing = finish(dims);
  const task = isEmpty(dims, x) ? undefined : taskOf(operands);
  if (task === undefined || !fitsBands(task.work)) {
    const { sums } = convolveBytes(x, w, attributes, xZero, wZeros);
    return finishSums(sums, dims, finishing, productOf(dims, 2));
  }
  const dtype = finishedType(finishing);
  const target = allocate(dtype, dims, 'overwritten') as Numbers;
  runWork({ ...task.work, result: { finish: finishing, target } }, task.lasting);
  return makeArray(dtype, dims, target);
}

function outputDims({ x, w, attributes }: CodedConvolution): number[] {
  checkConvolution(x, w, attributes);
  const { output } = slideWindow(x.dims.slice(2), w.dims.slice(2), attributes);
  return [x.dims[0]!, w.dims[0]!, ...output];
}

function isEmpty(dims: readonly number[], x: NdArray): boolean {
  return productOf(dims) === 0 || x.dims[1] === 0;
}

/** The fastest way to compute a convolution, and whether its weights are constants; `undefined` where none is for it. */
function taskOf({
  x,
  w,
  attributes,
  xZero,
  wZeros,
}: CodedConvolution): { readonly work: Unfinished<Work>; readonly lasting: boolean } | undefined {
  const { group = 1 } = attributes;
  const [batch, channels] = x.dims as [number, number];
  const [filters, depth] = w.dims as [number, number];
  const window = slideWindow(x.dims.slice(2), w.dims.slice(2), attributes);
  const planar = overTwoAxes(window);
  const common = { window: planar, batch, channels, filters, group };
  const lasting = isLasting(w.data);
  if (lasting && suitsWinograd(window, w, group)) {
    const squares = { ...common, images: imagesOf(x, withWholeSquares(planar), xZero) };
    if (fitsSquares(squares)) {
      const transformed = transformedFilters(x, w, group, xZero, wZeros);
      return { work: { ...squares, kind: 'squares', transformed }, lasting };
    }
  }
  const direct = { ...common, images: imagesOf(x, planar, xZero) };
  if (depth === 1 && filters === group && suitsDepthwise(direct))
    return { work: { ...direct, kind: 'depthwise', taps: tapsOf(w, wZeros) }, lasting: true };
  if (!suitsDirect(direct)) return undefined;
  const packed = packedOnce(w.data, `filters ${group} ${zerosKey(wZeros)}`, () =>
    packGroups(w, group, wZeros),
  );
  return { work: { ...direct, kind: 'direct', packed }, lasting };
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

function tapsOf(w: NdArray, wZeros: ArrayLike<number>): Float64Array {
  return packedOnce(w.data, `taps ${zerosKey(wZeros)}`, () => depthwiseTaps(w, wZeros));
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
