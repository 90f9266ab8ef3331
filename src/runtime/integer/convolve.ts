import { allocate, isLasting, type NdArray, numbersOf, productOf } from '../array.ts';
import { type ConvolutionAttributes, checkConvolution } from '../convolution.ts';
import { slideWindow } from '../window.ts';
import { packedOnce } from './cache.ts';
import { meaningOf } from './codes.ts';
import { convolveDepthwise, findBands } from './depthwise.ts';
import { gatherPlaces, gatherSteps, meaning } from './gather.ts';
import { type ByteImages, byteImages } from './image.ts';
import { type Gather, multiplyPacked } from './multiply.ts';
import { type PackedRows, packRows } from './pack.ts';
import { convolveWinograd } from './winograd.ts';
import { suitsWinograd, transformFilters } from './winograd-filters.ts';

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
 */
export function convolveBytes(
  x: NdArray,
  w: NdArray,
  attributes: ConvolutionAttributes,
  xZero = 0,
  wZeros: ArrayLike<number> = [0],
): IntegerSums {
  checkConvolution(x, w, attributes);
  const { group = 1 } = attributes;
  const [batch, channels] = x.dims as [number, number];
  const [filters, depth] = w.dims as [number, number];
  const window = slideWindow(x.dims.slice(2), w.dims.slice(2), attributes);
  const dims = [batch, filters, ...window.output];
  const sums = allocate('int32', dims) as Int32Array;
  if (sums.length === 0 || channels === 0) return { sums, dims };
  if (depth === 1 && filters === group && x.dims.length === 4) {
    const width = window.padsBegin[1]! + x.dims[3]! + window.padsEnd[1]!;
    const bands = findBands(window, width);
    if (bands !== undefined) {
      convolveDepthwise(x, w, window, bands, xZero, wZeros, sums);
      return { sums, dims };
    }
  }
  if (isLasting(w.data) && suitsWinograd(window, w, group)) {
    const perGroup = filters / group;
    const meant = meaningOf(x, xZero);
    const largest = Math.max(...meant.map(Math.abs));
    const groups = packedOnce(w.data, `winograd ${group} ${largest} ${zerosKey(wZeros)}`, () =>
      Array.from({ length: group }, (_, g) => transformFilters(w, g * perGroup, perGroup, wZeros, largest)),
    );
    convolveWinograd(x, groups, window, xZero, sums);
    return { sums, dims };
  }
  const images = byteImages(x, window, xZero);
  const packed = packedOnce(w.data, `filters ${group} ${zerosKey(wZeros)}`, () =>
    packGroups(w, group, wZeros),
  );
  const places = placesOf(images, depth);
  meaning.set(meaningOf(x, xZero));
  const size = images.origins.length;
  for (let n = 0; n < batch; n++) {
    packed.forEach((rows, g) => {
      const first = (n * channels + g * depth) * images.channelSize;
      const at = (n * filters + g * rows.rows) * size;
      const gather =
        images.taps.length === 1 ? gatherPoints(images, first) : gatherTaps(images, first, places);
      multiplyPacked(rows, size, gather, sums, { at, rowStep: size, columnStep: 1 });
    });
  }
  return { sums, dims };
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

/** Where the taps of all channels of a group lie, seen from the origin of an output position. */
function placesOf({ taps, channelSize }: ByteImages, depth: number): Int32Array {
  const places = new Int32Array(depth * taps.length);
  for (let c = 0, k = 0; c < depth; c++)
    for (let t = 0; t < taps.length; t++, k++) places[k] = c * channelSize + taps[t]!;
  return places;
}

/** Columns are output positions. */
function gatherTaps({ bytes, origins }: ByteImages, first: number, places: Int32Array): Gather {
  const last = origins.length - 1;
  return (column, from, to, offset) => {
    const o0 = first + origins[column]!;
    const o1 = first + origins[Math.min(column + 1, last)]!;
    const o2 = first + origins[Math.min(column + 2, last)]!;
    gatherPlaces(bytes, o0, o1, o2, places, from, to, offset);
  };
}

/** As `gatherTaps`, for windows of one tap. */
function gatherPoints({ bytes, origins, channelSize }: ByteImages, first: number): Gather {
  const last = origins.length - 1;
  return (column, from, to, offset) => {
    const start = first + from * channelSize;
    const o0 = start + origins[column]!;
    const o1 = start + origins[Math.min(column + 1, last)]!;
    const o2 = start + origins[Math.min(column + 2, last)]!;
    gatherSteps(bytes, o0, o1, o2, channelSize, to - from, offset);
  };
}

/** Zero points as part of a name; all zeros are alike however many there are. */
export function zerosKey(zeros: ArrayLike<number>): string {
  const list = Array.from(zeros);
  return list.every((zero) => zero === list[0]) ? `${list[0]}` : `${list}`;
}
