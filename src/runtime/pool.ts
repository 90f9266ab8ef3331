import { ModelError } from '../support/errors.ts';
import {
  allocate,
  allocateNumbers,
  cellsOf,
  makeArray,
  type NdArray,
  productOf,
  stridesOf,
} from './array.ts';
import { slideWindow, type Window, type WindowAttributes } from './window.ts';

export interface PoolAttributes extends WindowAttributes {
  readonly kernel_shape?: readonly number[] | undefined;
}

/** The taps of one window that lie inside the input, as positions within the channel. */
export interface WindowTaps {
  readonly positions: Int32Array;
  /** How many of `positions` are in use. */
  count: number;
  /** Taps including those in the padding, but not beyond it (a window that `ceil_mode` lets reach further). */
  padded: number;
}

/** Makes one number of the taps of a window; gets the source, the channel's first position, the taps and the output position. */
export type WindowReduction = (
  source: ArrayLike<number>,
  base: number,
  taps: WindowTaps,
  output: number,
) => number;

/** Slides a pool's window over each channel and stores what `reduce` makes of the taps inside the input. */
export function pool(x: NdArray, attributes: PoolAttributes, reduce: WindowReduction): NdArray {
  const { spatial, window } = poolWindow(x, attributes);
  const dims = [...x.dims.slice(0, 2), ...window.output];
  const target = allocateNumbers(x.dtype, dims);
  const source = cellsOf(x);
  const channels = productOf(x.dims, 0, 2);
  const size = productOf(spatial);
  const outputSize = productOf(window.output);
  if (target.length === 0) return makeArray(x.dtype, dims, target);
  forEachWindow(spatial, window, (taps, position) => {
    for (let c = 0; c < channels; c++) {
      const output = c * outputSize + position;
      target[output] = reduce(source, c * size, taps, output);
    }
  });
  return makeArray(x.dtype, dims, target);
}

/** The window of a pool over x. */
export function poolWindow(
  x: NdArray,
  attributes: PoolAttributes,
): { readonly spatial: readonly number[]; readonly window: Window } {
  const spatial = x.dims.slice(2);
  if (spatial.length === 0)
    throw new ModelError('shape-mismatch', `A pool needs x [N, C, spatial…]; it is [${x.dims}].`);
  const { kernel_shape } = attributes;
  if (kernel_shape === undefined)
    throw new ModelError('missing-attribute', 'A pool needs the attribute "kernel_shape".');
  return { spatial, window: slideWindow(spatial, kernel_shape, attributes) };
}

/** Visits every output position in row-major order with the taps of its window, in row-major order. */
export function forEachWindow(
  spatial: readonly number[],
  window: Window,
  visit: (taps: WindowTaps, position: number) => void,
): void {
  const { kernel, output } = window;
  const rank = spatial.length;
  const strides = stridesOf(spatial);
  const taps: WindowTaps = {
    positions: allocate('int32', [productOf(kernel)]) as Int32Array,
    count: 0,
    padded: 0,
  };
  const index = new Array<number>(rank).fill(0);
  const total = productOf(output);
  for (let position = 0; position < total; position++) {
    collectTaps(spatial, strides, window, index, taps);
    visit(taps, position);
    for (let axis = rank - 1; axis >= 0 && ++index[axis]! === output[axis]; axis--) index[axis] = 0;
  }
}

function collectTaps(
  spatial: readonly number[],
  lengths: readonly number[],
  window: Window,
  index: readonly number[],
  taps: WindowTaps,
): void {
  const { kernel, strides, dilations, padsBegin, padsEnd } = window;
  const { positions } = taps;
  positions[0] = 0;
  taps.count = 1;
  taps.padded = 1;
  for (let axis = 0; axis < spatial.length; axis++) {
    const first = index[axis]! * strides[axis]! - padsBegin[axis]!;
    const dilation = dilations[axis]!;
    const length = spatial[axis]!;
    const skipped = first < 0 ? Math.ceil(-first / dilation) : 0;
    const inside = Math.max(0, Math.min(kernel[axis]!, Math.ceil((length - first) / dilation)) - skipped);
    taps.padded *= Math.min(kernel[axis]!, Math.ceil((length + padsEnd[axis]! - first) / dilation));
    expand(taps, first + skipped * dilation, dilation, inside, lengths[axis]!);
  }
}

/** Replaces each position by `count` positions along one axis, from the last to the first so that none is overwritten. */
function expand(taps: WindowTaps, first: number, dilation: number, count: number, stride: number): void {
  const { positions } = taps;
  for (let i = taps.count - 1; i >= 0; i--) {
    const base = positions[i]!;
    for (let k = count - 1; k >= 0; k--) positions[i * count + k] = base + (first + k * dilation) * stride;
  }
  taps.count *= count;
}
