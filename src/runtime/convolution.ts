import { ModelError } from '../support/errors.ts';
import type { NdArray } from './array.ts';
import type { WindowAttributes } from './window.ts';

export interface ConvolutionAttributes extends WindowAttributes {
  readonly group?: number | undefined;
  readonly kernel_shape?: readonly number[] | undefined;
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
