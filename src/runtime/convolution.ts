import { ModelError } from '../support/errors.ts';
import { allocateDoubles, cellsOf, type NdArray, productOf } from './array.ts';
import { multiplyPanel, type Precision, packPanels, precisionOf } from './gemm.ts';
import { type PaddedImage, padImage } from './padded.ts';
import { type ColumnRange, convolutionRanges, productRanges, wholeRange } from './pieces.ts';
import { slideWindow, type Window, type WindowAttributes } from './window.ts';

export interface ConvolutionAttributes extends WindowAttributes {
  readonly group?: number | undefined;
  readonly kernel_shape?: readonly number[] | undefined;
}

/** Sums of a convolution, [N, M, …output]. */
export interface ConvolutionSums {
  readonly sums: Float64Array;
  readonly dims: readonly number[];
}

/**
 * Σ (x − xZero)·(w − wZero) over the channels of a group and the taps of the window, in the order channel, then taps in
 * row-major order. Kept in float32 for float32 inputs, else in double, exact for integers; padding counts as zero.
 *
 * @param wZero one zero point, or one per output channel
 */
export function convolve(
  x: NdArray,
  w: NdArray,
  attributes: ConvolutionAttributes,
  xZero = 0,
  wZero: ArrayLike<number> = [0],
): ConvolutionSums {
  const { group = 1 } = attributes;
  const [batch, channels] = x.dims as [number, number];
  const [filters, depth] = w.dims as [number, number];
  checkConvolution(x, w, attributes);
  const spatial = x.dims.slice(2);
  const window = slideWindow(spatial, w.dims.slice(2), attributes);
  const dims = [batch, filters, ...window.output];
  const outputSize = productOf(window.output);
  const sums = allocateDoubles(productOf(dims));
  if (sums.length === 0 || channels === 0) return { sums, dims };
  const weights = centred(w, wZero);
  const image = padImage(depth, spatial, window);
  const size = productOf(spatial);
  const perGroup = filters / group;
  const source = cellsOf(x);
  const convolveGroup =
    perGroup === 1
      ? singleFilter
      : panelGroup(weights, depth, perGroup, group, rangesOf(x, w, window, perGroup, group));
  const precision = precisionOf(x.dtype);
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < group; g++) {
      image.load(source, (n * channels + g * depth) * size, xZero);
      const start = (n * filters + g * perGroup) * outputSize;
      convolveGroup(image, weights, g, depth, sums.subarray(start, start + perGroup * outputSize), precision);
    }
  }
  return { sums, dims };
}

/** @throws ModelError `shape-mismatch` where x, w, `group` and `kernel_shape` do not fit together */
export function checkConvolution(x: NdArray, w: NdArray, attributes: ConvolutionAttributes): void {
  const { group = 1, kernel_shape } = attributes;
  if (x.dims.length < 3 || w.dims.length !== x.dims.length) {
    throw new ModelError(
      'shape-mismatch',
      `A convolution needs x [N, C, spatial…] and w [M, C/group, spatial…] of one rank; they are [${x.dims}] and [${w.dims}].`,
    );
  }
  const [, channels] = x.dims as [number, number];
  const [filters, depth] = w.dims as [number, number];
  if (group < 1 || depth * group !== channels || filters % group !== 0) {
    throw new ModelError(
      'shape-mismatch',
      `x [${x.dims}] has ${channels} channels, but w [${w.dims}] takes ${depth} in each of ${group} groups.`,
    );
  }
  if (kernel_shape !== undefined && !kernel_shape.every((k, i) => k === w.dims[i + 2])) {
    throw new ModelError('shape-mismatch', `kernel_shape is [${kernel_shape}], but w is [${w.dims}].`);
  }
}

type GroupConvolution = (
  image: PaddedImage,
  weights: Float64Array,
  group: number,
  depth: number,
  sums: Float64Array,
  precision: Precision,
) => void;

/** A group with one filter, as in depthwise convolutions: one output element at a time. */
function singleFilter(
  image: PaddedImage,
  weights: Float64Array,
  group: number,
  depth: number,
  sums: Float64Array,
  precision: Precision,
): void {
  const { data, taps, origins, channelSize } = image;
  const length = depth * taps.length;
  const first = group * length;
  const places = Int32Array.from(
    { length },
    (_, k) => Math.floor(k / taps.length) * channelSize + taps[k % taps.length]!,
  );
  const dot = precision === 'single' ? dotByFours : dotInDouble;
  for (let o = 0; o < origins.length; o++) sums[o] = dot(data, origins[o]!, places, weights, first);
}

function dotInDouble(
  data: Float64Array,
  origin: number,
  places: Int32Array,
  weights: Float64Array,
  first: number,
): number {
  let sum = 0;
  for (let k = 0; k < places.length; k++) sum += data[origin + places[k]!]! * weights[first + k]!;
  return sum;
}

/** Products rounded to float32 and summed by fours, as ONNX Runtime multiplies a matrix of one row. */
function dotByFours(
  data: Float64Array,
  origin: number,
  places: Int32Array,
  weights: Float64Array,
  first: number,
): number {
  let sum = 0;
  for (let k = 0; k < places.length; ) {
    const end = Math.min(k + 4, places.length);
    let four = Math.fround(data[origin + places[k]!]! * weights[first + k]!);
    for (k++; k < end; k++)
      four = Math.fround(four + Math.fround(data[origin + places[k]!]! * weights[first + k]!));
    sum = Math.fround(sum + four);
  }
  return sum;
}

/** Four output positions at a time: their taps are gathered into a panel that all filters are multiplied with. */
function panelGroup(
  weights: Float64Array,
  depth: number,
  filters: number,
  groups: number,
  ranges: readonly ColumnRange[],
): GroupConvolution {
  const size = weights.length / groups;
  const length = size / filters;
  const packed = Array.from({ length: groups }, (_, g) =>
    packPanels(weights, g * size, filters, length, length, 1),
  );
  const panel = new Float64Array(4 * length);
  return (image, _, group, __, sums, precision) => {
    const count = image.origins.length;
    for (const { start, end, piece } of ranges) {
      for (let o = start; o < end; o += 4) {
        gatherTaps(image, depth, o, panel);
        multiplyPanel(packed[group]!, panel, 0, length, sums, filters, count, o, end, piece, precision);
      }
    }
  };
}

/** The taps of four neighbouring output positions, side by side for each channel and tap. */
function gatherTaps(image: PaddedImage, depth: number, position: number, panel: Float64Array): void {
  const { data, taps, origins, channelSize } = image;
  const last = origins.length - 1;
  const o0 = origins[position]!;
  const o1 = origins[Math.min(position + 1, last)]!;
  const o2 = origins[Math.min(position + 2, last)]!;
  const o3 = origins[Math.min(position + 3, last)]!;
  let p = 0;
  for (let c = 0; c < depth; c++) {
    const base = c * channelSize;
    for (let t = 0; t < taps.length; t++, p += 4) {
      const tap = base + taps[t]!;
      panel[p] = data[tap + o0]!;
      panel[p + 1] = data[tap + o1]!;
      panel[p + 2] = data[tap + o2]!;
      panel[p + 3] = data[tap + o3]!;
    }
  }
}

/** Images and groups are shared among threads before positions are. */
function rangesOf(x: NdArray, w: NdArray, window: Window, filters: number, group: number): ColumnRange[] {
  const count = productOf(window.output);
  const length = productOf(w.dims, 1);
  const { strides, padsBegin, padsEnd } = window;
  const plain = productOf(window.kernel) === 1 && strides.every((s) => s === 1);
  if (x.dims[0]! > 1 || group > 1) return wholeRange(count, length);
  if (plain && [...padsBegin, ...padsEnd].every((p) => p === 0)) return productRanges(filters, count, length);
  return convolutionRanges(filters, count, length);
}

/** Weights minus their zero points, as doubles. */
function centred(w: NdArray, zeros: ArrayLike<number>): Float64Array {
  const source = cellsOf(w);
  const filters = w.dims[0]!;
  const size = productOf(w.dims, 1);
  const result = allocateDoubles(source.length);
  for (let f = 0; f < filters; f++) {
    const zero = zeros.length === 1 ? zeros[0]! : zeros[f]!;
    for (let i = f * size; i < (f + 1) * size; i++) result[i] = source[i]! - zero;
  }
  return result;
}
