import { type Attributes, when } from '../sketch.ts';
import type { Values } from '../values.ts';

/** Dims of a convolution of one to three spatial axes, and its attributes. */
export interface Window {
  readonly dims: readonly number[];
  readonly weights: readonly number[];
  readonly filters: number;
  readonly attributes: Attributes;
}

/** A random convolution: kernels, strides, dilations, paddings, groups, depthwise at times. */
export function windowOf(v: Values): Window {
  const axes = v.pick([1, 2, 2, 2, 3]);
  const group = v.pick([1, 1, 1, 2, 3, 4]);
  const perGroup = v.chance(0.3) ? 1 : v.whole(1, axes === 3 ? 3 : 5);
  const filters = group * v.pick([1, 1, 2, 3, axes === 2 ? 8 : 2]);
  const { kernel, size, attributes } = slidesOf(v, axes);
  return {
    dims: [v.whole(1, 2), group * perGroup, ...size],
    weights: [filters, perGroup, ...kernel],
    filters,
    attributes: {
      ...attributes,
      ...when(group > 1 || v.chance(0.5), { group }),
      ...when(v.chance(0.5), { kernel_shape: kernel }),
    },
  };
}

/** A convolution of floats, with a bias or without. */
export function floatConvolution(v: Values) {
  const { dims, weights, filters, attributes } = windowOf(v);
  const inputs = [
    v.moderate('float32', dims),
    v.moderate('float32', weights),
    v.chance(0.5) ? v.moderate('float32', [filters]) : undefined,
  ];
  return { inputs, attributes };
}

/** A kernel with sizes it fits in; `dilated: false` for pools of versions without dilations. */
export function slidesOf(v: Values, axes: number, { dilated = true } = {}) {
  const each = (make: () => number) => Array.from({ length: axes }, make);
  const kernel = each(() => v.pick([1, 2, 3, 3, 4, 5].slice(0, axes === 3 ? 3 : 6)));
  const dilations = each(() => (dilated ? v.pick([1, 1, 1, 2, 3]) : 1));
  const size = kernel.map(
    (k, i) => (k - 1) * dilations[i]! + v.whole(1, axes === 1 ? 30 : axes === 2 ? 8 : 4),
  );
  const attributes: Record<string, number | string | readonly number[]> = {};
  if (v.chance(0.6)) attributes['strides'] = each(() => v.whole(1, 3));
  if (dilated && (dilations.some((d) => d > 1) || v.chance(0.3))) attributes['dilations'] = dilations;
  const padding = v.pick(['none', 'pads', 'pads', 'auto']);
  // Where windows leave gaps, ONNX Runtime takes the padding of SAME to be negative.
  const strides = (attributes['strides'] ?? []) as readonly number[];
  const gaps = strides.some((stride, i) => stride > kernel[i]!);
  if (padding === 'auto')
    attributes['auto_pad'] = v.pick(
      gaps || dilations.some((d) => d > 1) ? ['VALID'] : ['SAME_UPPER', 'SAME_LOWER', 'VALID'],
    );
  if (padding === 'pads') attributes['pads'] = [...kernel, ...kernel].map((k) => v.whole(0, k - 1));
  return { kernel, size, attributes, dilations };
}
