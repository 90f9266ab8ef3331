import { ModelError } from '../support/errors.ts';

/** How a convolution's or pool's window slides over the spatial axes. Every list has one entry per axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** Output lengths. */
  readonly output: readonly number[];
}

/** Attributes that describe a window, as Conv and the pools name them. */
export interface WindowAttributes {
  readonly auto_pad?: string | undefined;
  readonly strides?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly ceil_mode?: number | undefined;
}

/**
 * The window over an input of the given spatial lengths.
 *
 *     output = ⌊(input + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1
 *
 * With `ceil_mode` the division rounds up, and a last window that would start in the end padding is dropped. SAME pads
 * so that output = ⌈input / stride⌉, the odd element at the end (SAME_UPPER) or the beginning (SAME_LOWER).
 */
export function slideWindow(
  input: readonly number[],
  kernel: readonly number[],
  attributes: WindowAttributes,
): Window {
  const rank = input.length;
  const { auto_pad = 'NOTSET', ceil_mode = 0 } = attributes;
  const strides = perAxis('strides', attributes.strides, rank, 1);
  const dilations = perAxis('dilations', attributes.dilations, rank, 1);
  const pads = perAxis('pads', auto_pad === 'NOTSET' ? attributes.pads : undefined, 2 * rank, 0);
  if (kernel.length !== rank) {
    throw new ModelError('shape-mismatch', `A window of ${kernel.length} axes cannot slide over ${rank}.`);
  }
  if (strides.some((s) => s < 1) || dilations.some((d) => d < 1) || kernel.some((k) => k < 1)) {
    throw new ModelError(
      'bad-window',
      `A window needs kernel, strides and dilations of at least 1, not [${kernel}], [${strides}], [${dilations}].`,
    );
  }
  if (pads.some((pad) => pad < 0)) {
    throw new ModelError('bad-window', `A window cannot be padded by a negative number: [${pads}].`);
  }
  const padsBegin = pads.slice(0, rank);
  const padsEnd = pads.slice(rank);
  const output = input.map((length, i) => {
    const extent = dilations[i]! * (kernel[i]! - 1) + 1;
    const stride = strides[i]!;
    if (auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER') {
      const count = Math.ceil(length / stride);
      const total = Math.max((count - 1) * stride + extent - length, 0);
      padsBegin[i] = auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      padsEnd[i] = total - padsBegin[i]!;
      return count;
    }
    const room = length + padsBegin[i]! + padsEnd[i]! - extent;
    if (room < 0) {
      throw new ModelError(
        'shape-mismatch',
        `A window of ${extent} does not fit axis ${i} of ${length} with padding ${padsBegin[i]} and ${padsEnd[i]}.`,
      );
    }
    if (ceil_mode !== 1) return Math.floor(room / stride) + 1;
    const count = Math.ceil(room / stride) + 1;
    return (count - 1) * stride >= length + padsBegin[i]! ? count - 1 : count;
  });
  return { kernel, strides, dilations, padsBegin, padsEnd, output };
}

/** A list attribute with its default; its length is checked. */
export function perAxis(
  name: string,
  values: readonly number[] | undefined,
  length: number,
  fallback: number,
): number[] {
  if (values === undefined || values.length === 0) return new Array<number>(length).fill(fallback);
  if (values.length === length) return [...values];
  throw new ModelError('shape-mismatch', `"${name}" is [${values}]; ${length} numbers are needed.`);
}
