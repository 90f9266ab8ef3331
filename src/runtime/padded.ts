import { allocateDoubles, type Cells, productOf, stridesOf } from './array.ts';
import { forEachRow } from './broadcast.ts';
import type { Window } from './window.ts';

/**
 * Channels of one image as doubles with their padding around them, and where a window's taps lie in it: the tap `t` of
 * channel c for the output position o is at `origins[o] + c·channelSize + taps[t]`.
 */
export interface PaddedImage {
  readonly data: Float64Array;
  readonly channelSize: number;
  readonly taps: Int32Array;
  readonly origins: Int32Array;
  /** Copies the channels of an image, minus `zero`, between the paddings. */
  load(source: Cells, start: number, zero: number): void;
}

/** Room for `channels` channels of the given spatial lengths. */
export function padImage(channels: number, input: readonly number[], window: Window): PaddedImage {
  const { kernel, strides, dilations, padsBegin, output } = window;
  const padded = input.map((length, i) => {
    const reach = (output[i]! - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1;
    return Math.max(length + Math.max(padsBegin[i]!, 0), reach);
  });
  const lengths = stridesOf(padded);
  const channelSize = productOf(padded);
  const data = allocateDoubles(channels * channelSize);
  const begin = padsBegin.reduce((sum, pad, i) => sum + pad * lengths[i]!, 0);
  const load = (source: Cells, start: number, zero: number) => {
    const dims = [channels, ...input];
    const walk = [channelSize, ...lengths];
    const row = input.at(-1) ?? 1;
    forEachRow(dims, [walk], ([position], index) => {
      const target = position! + begin;
      const from = start + index * row;
      for (let i = 0; i < row; i++) data[target + i] = source[from + i]! - zero;
    });
  };
  const taps = positions(
    kernel,
    dilations.map((d, i) => d * lengths[i]!),
  );
  const origins = positions(
    output,
    strides.map((s, i) => s * lengths[i]!),
  );
  return { data, channelSize, taps, origins, load };
}

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
