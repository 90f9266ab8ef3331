import { allocateNumbers, makeArray, type NdArray, numbersOf, productOf } from '../array.ts';
import type { SumConvention } from '../conventions.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import { packedOnce } from '../integer/cache.ts';
import { positions } from '../padded.ts';
import { type ColumnRange, convolutionRanges, productRanges, wholeRange } from '../pieces.ts';
import { slideWindow, type Window } from '../window.ts';
import { gatherFourPlaces, gatherFourSteps, gatherThreePlaces, gatherThreeSteps } from './gather.ts';
import { type PaddedFloats, padFloats } from './image.ts';
import { type Gather, multiplyPaired } from './multiply.ts';
import { type PairedRows, pairRows } from './pack.ts';
import { convolveSingleFilters, slidesAlone } from './single-filters.ts';
import type { FloatArray } from './store.ts';
import { inDouble, oneRange, summationOf } from './sums.ts';
import { allFinite, convolveWinograd, suitsWinograd, transformFilters } from './winograd.ts';

/**
 * A convolution over any number of spatial axes, plus a bias: Σ x·w over the channels of a group and the taps of the window.
 *
 * Sums of float32 numbers are kept as the convention says, those of other types in double; the bias is added to the sum.
 */
export function convolveFloats(
  x: NdArray,
  w: NdArray,
  bias: NdArray | undefined,
  attributes: ConvolutionAttributes,
  sums: SumConvention,
): NdArray {
  checkConvolution(x, w, attributes);
  const { group = 1 } = attributes;
  const [batch, channels] = x.dims as [number, number];
  const [filters, depth] = w.dims as [number, number];
  const window = slideWindow(x.dims.slice(2), w.dims.slice(2), attributes);
  const dims = [batch, filters, ...window.output];
  const target = allocateNumbers(x.dtype, dims) as FloatArray;
  const result = makeArray(x.dtype, dims, target);
  if (target.length === 0) return result;
  const offsets = bias && numbersOf(bias);
  const summation = summationOf(x.dtype, sums);
  const perGroup = filters / group;
  if (slidesAlone(window, depth, perGroup, summation)) {
    convolveSingleFilters(x, w, window, offsets, target, summation);
    return result;
  }
  if (summation === inDouble && x.data instanceof Float32Array && suitsWinograd(window, w, group)) {
    const transformed = packedOnce(w.data, `winograd ${group}`, () =>
      allFinite(numbersOf(w)) ? transformFilters(w, group) : undefined,
    );
    if (transformed !== undefined && allFinite(x.data)) {
      convolveWinograd(x, transformed, window, offsets, target);
      return result;
    }
  }
  const image = padFloats(x, window.padsBegin, window.padsEnd);
  const packed = packedOnce(w.data, `rows ${group}`, () => packGroups(w, group));
  const gatherFrom = gatherer(image, window, depth, summation.width);
  const size = productOf(window.output);
  const ranges =
    summation === inDouble ? oneRange(size, productOf(w.dims, 1)) : rangesOf(x, w, window, perGroup, group);
  for (let n = 0; n < batch; n++) {
    packed.forEach((rows, g) => {
      const gather = gatherFrom((n * channels + g * depth) * image.channelSize);
      const place = { target, at: (n * filters + g * perGroup) * size, rowStep: size, columnStep: 1 };
      for (const { start, end, piece } of ranges) {
        const part = { firstRow: 0, endRow: perGroup, firstColumn: start, endColumn: end, piece };
        multiplyPaired(rows, part, gather, place, summation, offsets?.subarray(g * perGroup));
      }
    });
  }
  return result;
}

/** The filters of each group, a row for each. */
function packGroups(w: NdArray, group: number): PairedRows[] {
  const rows = w.dims[0]! / group;
  const depth = productOf(w.dims, 1);
  const data = numbersOf(w);
  return Array.from({ length: group }, (_, g) =>
    pairRows({ data, start: g * rows * depth, rows, depth, rowStep: depth, depthStep: 1 }),
  );
}

/** Columns are output positions; the result takes where the channels of a group begin. */
function gatherer(
  { floats, channelSize, steps }: PaddedFloats,
  { kernel, strides, dilations, output }: Window,
  depth: number,
  width: number,
): (first: number) => Gather {
  const originSteps = steps.map((step, i) => step * strides[i]!);
  const origins = positions(output, originSteps);
  const last = origins.length - 1;
  const originOf = (position: number) => origins[Math.min(position, last)]!;
  if (productOf(kernel) === 1) {
    return (first) => (column, from, to, offset) => {
      const start = first + from * channelSize;
      const o0 = start + originOf(column);
      const o1 = start + originOf(column + 1);
      const o2 = start + originOf(column + 2);
      if (width === 3) gatherThreeSteps(floats, o0, o1, o2, channelSize, to - from, offset);
      else gatherFourSteps(floats, o0, o1, o2, start + originOf(column + 3), channelSize, to - from, offset);
    };
  }
  const tapSteps = steps.map((step, i) => step * dilations[i]!);
  const places = positions([depth, ...kernel], [channelSize, ...tapSteps]);
  return (first) => (column, from, to, offset) => {
    const o0 = first + originOf(column);
    const o1 = first + originOf(column + 1);
    const o2 = first + originOf(column + 2);
    if (width === 3) gatherThreePlaces(floats, o0, o1, o2, places, from, to, offset);
    else gatherFourPlaces(floats, o0, o1, o2, first + originOf(column + 3), places, from, to, offset);
  };
}

/** Where ONNX Runtime cuts sums: images and groups are shared among threads before positions are. */
function rangesOf(x: NdArray, w: NdArray, window: Window, filters: number, group: number): ColumnRange[] {
  const count = productOf(window.output);
  const length = productOf(w.dims, 1);
  const { strides, padsBegin, padsEnd } = window;
  const plain = productOf(window.kernel) === 1 && strides.every((s) => s === 1);
  if (x.dims[0]! > 1 || group > 1) return wholeRange(count, length);
  if (plain && [...padsBegin, ...padsEnd].every((p) => p === 0)) return productRanges(filters, count, length);
  return convolutionRanges(filters, count, length);
}
