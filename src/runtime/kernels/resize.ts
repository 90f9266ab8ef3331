import { ModelError } from '../../support/errors.ts';
import { checkSize, integersOf, type NdArray, normalAxis, numbersOf } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { type AxisPlan, planAxis, type ResizeMode, resample } from '../resample.ts';

const resizable = numeric.filter((dtype) => !dtype.endsWith('64') || dtype === 'float64');

/** Resamples an array: nearest, linear or cubic, per axis. Versions 10 to 19. */
export const resize = kernel('Resize', {
  versions: [11, 13, 18, 19],
  types: 'T, R, float32, int64 -> T',
  where: { T: resizable, R: ['float32', 'float64', 'float16', 'bfloat16'] },
  run: (call) => resized(call as KernelCall, call.inputs[0]!, call.inputs[1], call.inputs[2], call.inputs[3]),
});

/** Version 10 has scales as its second input, asymmetric coordinates and rounds nearest downwards. */
export const resize10 = kernel('Resize', {
  versions: [10],
  types: 'T, float32 -> T',
  where: { T: resizable },
  run: (call) => {
    const attributes = {
      ...call.attributes,
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    };
    return resized(
      { ...(call as KernelCall), attributes },
      call.inputs[0]!,
      undefined,
      call.inputs[1],
      undefined,
    );
  },
});

function resized(
  { attributes }: KernelCall,
  x: NdArray,
  roi: NdArray | undefined,
  scalesInput: NdArray | undefined,
  sizesInput: NdArray | undefined,
): NdArray {
  const rank = x.dims.length;
  const axesGiven = attributes['axes'] as readonly number[] | undefined;
  const axes = axesGiven?.map((axis) => normalAxis(axis, rank)) ?? x.dims.map((_, axis) => axis);
  const scales = scalesInput && scalesInput.data.length > 0 ? [...numbersOf(scalesInput)] : undefined;
  const sizes = sizesInput && sizesInput.data.length > 0 ? integersOf(sizesInput) : undefined;
  const given = scales ?? sizes;
  if (given === undefined || given.length !== axes.length) {
    throw new ModelError(
      'shape-mismatch',
      `Resize needs a scale or a size for each of ${axes.length} axes, not ${given?.length ?? 'none'}.`,
    );
  }
  if (scales?.some((scale) => !(scale > 0 && scale < Infinity)))
    throw new ModelError('bad-scale', `Resize cannot scale by [${scales}].`);
  const regions = roi && roi.data.length > 0 ? [...numbersOf(roi)] : undefined;
  const wanted = sizes && keepAspectRatio(sizes, axes, x.dims, attributes['keep_aspect_ratio_policy']);
  const mode: ResizeMode = {
    interpolation: (attributes['mode'] as string | undefined) ?? 'nearest',
    transform: (attributes['coordinate_transformation_mode'] as string | undefined) ?? 'half_pixel',
    nearest: (attributes['nearest_mode'] as string | undefined) ?? 'round_prefer_floor',
    cubicA: (attributes['cubic_coeff_a'] as number | undefined) ?? -0.75,
    excludeOutside: attributes['exclude_outside'] === 1,
    antialias: attributes['antialias'] === 1,
  };
  const lengths = axes.map((axis, i) =>
    scales ? Math.floor(x.dims[axis]! * scales[i]!) : wanted!.sizes[i]!,
  );
  checkSize(
    x.dtype,
    x.dims.map((length, axis) => lengths[axes.indexOf(axis)] ?? length),
  );
  const plans: (AxisPlan | undefined)[] = new Array(rank).fill(undefined);
  axes.forEach((axis, i) => {
    const length = x.dims[axis]!;
    const scale = scales?.[i] ?? wanted!.scales[i]!;
    const size = lengths[i]!;
    const region: readonly [number, number] = regions ? [regions[i]!, regions[i + axes.length]!] : [0, 1];
    plans[axis] = planAxis(length, size, scale, region, mode);
  });
  return resample(x, plans, (attributes['extrapolation_value'] as number | undefined) ?? 0);
}

/** Sizes and scales, made equal over the axes when the aspect ratio has to be kept. */
function keepAspectRatio(
  sizes: readonly number[],
  axes: readonly number[],
  dims: readonly number[],
  policy: unknown,
): { readonly sizes: readonly number[]; readonly scales: readonly number[] } {
  const scales = sizes.map((size, i) => size / dims[axes[i]!]!);
  if (policy !== 'not_larger' && policy !== 'not_smaller') return { sizes, scales };
  const scale = policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales);
  return {
    sizes: axes.map((axis) => Math.floor(scale * dims[axis]! + 0.5)),
    scales: axes.map(() => scale),
  };
}
