import type { Window } from '../window.ts';
import type { Images } from './image.ts';

/** What all ways to convolve need to know: data that a thread can be sent. */
export interface Convolution {
  readonly images: Images;
  /** Over two axes or more. */
  readonly window: Window;
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly group: number;
  /** Where the sums go, [N, M, …output]. */
  readonly sums: Int32Array;
}

/**
 * A part of the outputs: positions `top` to `bottom` of the first spatial axis, and of each group the filters `first` to
 * `last`; `first` is a multiple of four.
 */
export interface Share {
  readonly top: number;
  readonly bottom: number;
  readonly first: number;
  readonly last: number;
}
