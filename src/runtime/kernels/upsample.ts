import { ModelError } from '../../support/errors.ts';
import { type NdArray, numbersOf } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { planAxis, type ResizeMode, resample } from '../resample.ts';

const enlargeable = numeric.filter((dtype) => !dtype.endsWith('int64'));

/** Enlarges an array, nearest or linear, with coordinates divided by the scale. Replaced by Resize in opset 10. */
export const upsample = kernel('Upsample', {
  versions: [9, 10],
  types: 'T, float32 -> T',
  where: { T: enlargeable },
  run: ({ attributes: { mode }, inputs: [x, scales] }) => enlarged(x!, [...numbersOf(scales!)], mode),
});

export const upsample7 = kernel('Upsample', {
  versions: [1, 7],
  types: 'T -> T',
  where: { T: enlargeable },
  run({ attributes, inputs: [x], version }) {
    const { height_scale, width_scale } = attributes as { height_scale?: number; width_scale?: number };
    return enlarged(
      x!,
      version === 1 ? [1, 1, height_scale!, width_scale!] : attributes.scales!,
      attributes.mode,
    );
  },
});

function enlarged(x: NdArray, scales: readonly number[], mode: string): NdArray {
  if (scales.length !== x.dims.length)
    throw new ModelError('shape-mismatch', `[${x.dims}] needs ${x.dims.length} scales, not [${scales}].`);
  const how: ResizeMode = {
    interpolation:
      mode === 'nearest' ? 'nearest' : mode === 'linear' || mode === 'bilinear' ? 'linear' : mode,
    transform: 'asymmetric',
    nearest: 'floor',
    cubicA: -0.75,
    excludeOutside: false,
    antialias: false,
  };
  const plans = x.dims.map((d, i) => planAxis(d, Math.floor(d * scales[i]!), scales[i]!, [0, 1], how));
  return resample(x, plans, 0);
}
