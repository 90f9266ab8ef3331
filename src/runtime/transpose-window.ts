import { perAxis, type WindowAttributes } from './window.ts';

/** How a transposed convolution spreads its input. */
export interface TransposeWindow {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly output: readonly number[];
}

export interface TransposeAttributes extends WindowAttributes {
  readonly output_padding?: readonly number[] | undefined;
  readonly output_shape?: readonly number[] | undefined;
}

/**
 *     output = stride·(input − 1) + output_padding + dilation·(kernel − 1) + 1 − pads
 *
 * `output_shape` is met by pads, the odd one at the end except for SAME_UPPER's opposite; SAME pads so that
 * output = input · stride.
 */
export function transposeWindow(
  input: readonly number[],
  kernel: readonly number[],
  attributes: TransposeAttributes,
): TransposeWindow {
  const rank = input.length;
  const { auto_pad = 'NOTSET', output_shape } = attributes;
  const strides = perAxis('strides', attributes.strides, rank, 1);
  const dilations = perAxis('dilations', attributes.dilations, rank, 1);
  const extra = perAxis('output_padding', attributes.output_padding, rank, 0);
  const pads = perAxis('pads', attributes.pads, 2 * rank, 0);
  const wanted = output_shape?.length ? output_shape.slice(-rank) : undefined;
  const padsBegin = new Array<number>(rank);
  const output = input.map((length, i) => {
    const full = strides[i]! * (length - 1) + extra[i]! + dilations[i]! * (kernel[i]! - 1) + 1;
    const same = auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER';
    const target = wanted?.[i] ?? (same ? length * strides[i]! : undefined);
    if (target === undefined) {
      padsBegin[i] = auto_pad === 'NOTSET' ? pads[i]! : 0;
      return full - padsBegin[i]! - (auto_pad === 'NOTSET' ? pads[i + rank]! : 0);
    }
    const total = Math.max(full - target, 0);
    padsBegin[i] = auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
    return target;
  });
  return { strides, dilations, padsBegin, output };
}
