import { type NdArray, productOf } from '../array.ts';
import { positions } from '../padded.ts';
import type { Window } from '../window.ts';
import { bytesOf } from './codes.ts';

/** Images as bytes, [planes, …lengths], and the padding that belongs around them. Data that a thread can be sent. */
export interface Images {
  readonly bytes: Uint8Array;
  /** Whether the bytes are int8. */
  readonly signed: boolean;
  /** What counts as zero, and what padding consists of. */
  readonly zero: number;
  /** Spatial lengths, two or more. */
  readonly lengths: readonly number[];
  readonly begin: readonly number[];
  /** Spatial lengths with padding. */
  readonly padded: readonly number[];
}

/** Bytes there are for the padded rows that a kernel works on. */
export const imageRoom = 2 ** 22;

/** The padded rows that kernels read, [planes, rows, …padded lengths but the first]. */
export const image = new Uint8Array(imageRoom);

/** The images of x [N, C, …spatial] under a window of as many axes. */
export function imagesOf(x: NdArray, { padsBegin, padsEnd }: Window, zero: number): Images {
  const lengths = x.dims.length === 3 ? [1, x.dims[2]!] : x.dims.slice(2);
  return {
    bytes: bytesOf(x),
    signed: x.dtype === 'int8',
    zero,
    lengths,
    begin: padsBegin,
    padded: lengths.map((length, i) => padsBegin[i]! + length + padsEnd[i]!),
  };
}

/** How many output rows (of the first spatial axis) fit into memory with their inputs, for so many planes at once. */
export function rowsThatFit(
  { padded }: Images,
  planes: number,
  { kernel, strides, dilations }: Window,
): number {
  const inputs = Math.floor(imageRoom / (planes * productOf(padded, 1)));
  const extent = dilations[0]! * (kernel[0]! - 1) + 1;
  return inputs < extent ? 0 : Math.floor((inputs - extent) / strides[0]!) + 1;
}

/**
 * Brings rows `top` to `top + rows`, counted with padding, of `count` planes into memory, padding around them.
 *
 * Rows of more axes than one are rows of the first spatial axis, with all that is in them.
 */
export function loadRows(images: Images, first: number, count: number, top: number, rows: number): void {
  const { bytes, zero, lengths, begin, padded } = images;
  const rowSize = productOf(padded, 1);
  const size = productOf(lengths, 1);
  const from = Math.max(top, begin[0]!);
  const inside = Math.max(0, Math.min(top + rows, begin[0]! + lengths[0]!) - from);
  const bare = rowSize === size;
  if (!bare || inside < rows) image.fill(zero, 0, count * rows * rowSize);
  const width = bare ? inside * size : lengths.at(-1)!;
  const places = bare ? new Int32Array(1) : innerPlaces(images, inside);
  for (let plane = 0; plane < count; plane++) {
    const source = ((first + plane) * lengths[0]! + from - begin[0]!) * size;
    const target = (plane * rows + from - top) * rowSize;
    if (width >= 128) {
      for (let i = 0; i < places.length; i++)
        image.set(bytes.subarray(source + i * width, source + (i + 1) * width), target + places[i]!);
    } else {
      for (let i = 0; i < places.length; i++)
        copyBytes(bytes, source + i * width, target + places[i]!, width);
    }
  }
}

/** Where the unbroken runs of bytes in so many rows go. */
function innerPlaces({ lengths, begin, padded }: Images, rows: number): Int32Array {
  const strides = padded.map((_, i) => productOf(padded, i + 1));
  const start = begin.reduce((sum, pad, i) => (i === 0 ? 0 : sum + pad * strides[i]!), 0);
  const outer = lengths.length - 1;
  return positions([rows, ...lengths.slice(1, outer)], strides.slice(0, outer)).map((place) => place + start);
}

const copyBytes = (() => {
  const target = image;
  return (bytes: Uint8Array, source: number, start: number, count: number): void => {
    const end = (start + count) | 0;
    for (let to = start | 0, from = source | 0; to < end; to = (to + 1) | 0, from = (from + 1) | 0)
      target[to] = bytes[from]!;
  };
})();
