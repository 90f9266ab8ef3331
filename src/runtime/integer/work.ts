import type { Numbers } from '../array.ts';
import type { Finish } from '../finish.ts';
import type { Window } from '../window.ts';
import type { Images } from './image.ts';

/** What becomes of sums: they stay as they are, or are finished band by band and never all there at once. */
export type Result =
  | { readonly sums: Int32Array; readonly finish?: undefined }
  | { readonly finish: Finish; readonly target: Numbers };

/** What all ways to convolve need to know: data that a thread can be sent. */
export interface Convolution {
  readonly images: Images;
  /** Over two axes or more. */
  readonly window: Window;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly group: number;
  /** Of what comes out, [N, M, …output]. */
  readonly result: Result;
}

/**
 * A part of the outputs: of each unit – a group of an image, or a matrix – positions `top` to `bottom` of the first
 * spatial axis or rows, and filters or columns `first` to `last`; `first` is a multiple of four.
 */
export interface Share {
  readonly top: number;
  readonly bottom: number;
  readonly first: number;
  readonly last: number;
}

/** A share of some units, those of all images or matrices counted through. */
export interface Part extends Share {
  readonly from: number;
  readonly to: number;
}

/**
 * Where sums go: those of unit u, filter f and row r begin at `start + u·unitStep + f·filterStep + r·rowStep`; columns of a
 * matrix count as filters.
 */
export interface Sink {
  readonly sums: Int32Array;
  readonly start: number;
  readonly unitStep: number;
  readonly filterStep: number;
  readonly rowStep: number;
}
