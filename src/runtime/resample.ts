import { ModelError } from '../support/errors.ts';
import {
  allocateCells,
  allocateDoubles,
  type Cells,
  cellsOf,
  makeArray,
  type NdArray,
  productOf,
} from './array.ts';
import { copyRun } from './copy.ts';

/** How Resize finds and weighs the input elements of an output element. */
export interface ResizeMode {
  readonly interpolation: string;
  readonly transform: string;
  readonly nearest: string;
  readonly cubicA: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
}

/** For each output index of an axis: the input indices it takes and their weights. Resampling is done axis by axis. */
export interface AxisPlan {
  readonly length: number;
  readonly taps: readonly (readonly { readonly index: number; readonly weight: number }[])[];
  /** Output indices whose coordinate lies outside the input and that take the extrapolation value. */
  readonly outside: ReadonlySet<number>;
}

/** Plans one axis; `undefined` when it stays as it is. */
export function planAxis(
  length: number,
  size: number,
  scale: number,
  region: readonly [number, number],
  mode: ResizeMode,
): AxisPlan | undefined {
  const crops = mode.transform === 'tf_crop_and_resize';
  if (size === length && scale === 1 && !crops) return undefined;
  const outside = new Set<number>();
  const taps = Array.from({ length: size }, (_, i) => {
    const x = coordinate(i, length, size, scale, region, mode.transform);
    if (crops && (x < 0 || x > length - 1)) outside.add(i);
    return tapsAt(x, length, scale, mode);
  });
  return { length: size, taps, outside };
}

function coordinate(
  i: number,
  length: number,
  size: number,
  scale: number,
  [start, end]: readonly [number, number],
  transform: string,
): number {
  // The output length before it was rounded down; exact where a size was given.
  const extent = Math.abs(length * scale - size) < 1e-6 * size ? size : length * scale;
  switch (transform) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = size / (scale * length);
      const centre = length / 2;
      return centre * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return size > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return size > 1 ? (i * (length - 1)) / (extent - 1) : 0;
    case 'asymmetric':
      return i / scale;
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale;
    case 'tf_crop_and_resize':
      return size > 1
        ? start * (length - 1) + (i * (end - start) * (length - 1)) / (extent - 1)
        : 0.5 * (start + end) * (length - 1);
    default:
      throw new ModelError(
        'unsupported-attribute',
        `Resize has no coordinate_transformation_mode "${transform}".`,
      );
  }
}

function tapsAt(x: number, length: number, scale: number, mode: ResizeMode) {
  if (mode.interpolation === 'nearest')
    return [{ index: clamp(nearest(x, mode.nearest), length), weight: 1 }];
  const stretch = mode.antialias && scale < 1 ? scale : 1;
  const weigh = weightOf(mode);
  const support = (mode.interpolation === 'linear' ? 1 : 2) / stretch;
  const first = Math.floor(x - support) + 1;
  const last = Math.ceil(x + support) - 1;
  const raw: { index: number; weight: number }[] = [];
  for (let index = first; index <= last; index++) {
    const inside = index >= 0 && index < length;
    if (!inside && mode.excludeOutside) continue;
    raw.push({ index: clamp(index, length), weight: weigh((index - x) * stretch) });
  }
  if (raw.length === 0) return [{ index: clamp(Math.round(x), length), weight: 1 }];
  const total = raw.reduce((sum, { weight }) => sum + weight, 0);
  const divides = mode.excludeOutside || stretch !== 1;
  return divides ? raw.map(({ index, weight }) => ({ index, weight: weight / total })) : raw;
}

function weightOf({ interpolation, cubicA: a }: ResizeMode): (distance: number) => number {
  if (interpolation === 'linear') return (distance) => Math.max(0, 1 - Math.abs(distance));
  if (interpolation !== 'cubic')
    throw new ModelError('unsupported-attribute', `Resize has no mode "${interpolation}".`);
  return (distance) => {
    const d = Math.abs(distance);
    if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
    return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
  };
}

function nearest(x: number, mode: string): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      throw new ModelError('unsupported-attribute', `Resize has no nearest_mode "${mode}".`);
  }
}

function clamp(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index));
}

/** Applies the plans, last axis first, in double precision; the result is rounded once. */
export function resample(
  x: NdArray,
  plans: readonly (AxisPlan | undefined)[],
  extrapolation: number,
): NdArray {
  const dims = x.dims.map((length, axis) => plans[axis]?.length ?? length);
  const target = allocateCells(x.dtype, dims);
  if (target.length === 0) return makeArray(x.dtype, dims, target);
  if (x.data.length === 0)
    throw new ModelError('shape-mismatch', `[${x.dims}] has nothing to resize to [${dims}].`);
  const indices = plans.map((plan, axis) => plainIndices(plan, x.dims[axis]!));
  if (indices.every((list) => list !== undefined)) pickAlong(x, indices, dims, target);
  else resampleInto(x, plans, target);
  fillOutside(target, dims, plans, extrapolation);
  return makeArray(x.dtype, dims, target);
}

/** The input index of each output index, where each takes one element as it is. */
function plainIndices(plan: AxisPlan | undefined, length: number): number[] | undefined {
  if (plan === undefined) return Array.from({ length }, (_, i) => i);
  if (plan.taps.some((taps) => taps.length !== 1 || taps[0]!.weight !== 1)) return undefined;
  return plan.taps.map((taps) => taps[0]!.index);
}

/** Elements picked along all axes; rows that come from the same input row are copied from each other. */
function pickAlong(
  x: NdArray,
  indices: readonly (readonly number[])[],
  dims: readonly number[],
  target: Cells,
): void {
  const source = cellsOf(x);
  const inner = Int32Array.from(indices.at(-1) ?? [0]);
  const width = x.dims.at(-1) ?? 1;
  const outer = dims.length - 1;
  const counters = new Array<number>(Math.max(outer, 0)).fill(0);
  let before = -1;
  for (let to = 0; to < target.length; to += inner.length) {
    const row = counters.reduce((at, index, axis) => at * x.dims[axis]! + indices[axis]![index]!, 0);
    if (row === before) copyRun(target, to - inner.length, target, to, inner.length);
    else for (let i = 0; i < inner.length; i++) target[to + i] = source[row * width + inner[i]!]!;
    before = row;
    for (let axis = outer - 1; axis >= 0 && ++counters[axis]! === dims[axis]; axis--) counters[axis] = 0;
  }
}

/** Axis by axis, the last first, in double precision. */
function resampleInto(x: NdArray, plans: readonly (AxisPlan | undefined)[], target: Cells): void {
  let values: ArrayLike<number> = cellsOf(x);
  const current = [...x.dims];
  for (let axis = plans.length - 1; axis >= 0; axis--) {
    const plan = plans[axis];
    if (plan === undefined) continue;
    values = resampleAxis(values, current, axis, plan);
    current[axis] = plan.length;
  }
  for (let i = 0; i < target.length; i++) target[i] = values[i]!;
}

function resampleAxis(
  source: ArrayLike<number>,
  dims: readonly number[],
  axis: number,
  plan: AxisPlan,
): Float64Array {
  const length = dims[axis]!;
  const inner = productOf(dims, axis + 1);
  const outer = productOf(dims, 0, axis);
  const result = allocateDoubles(outer * plan.length * inner);
  for (let row = 0; row < outer; row++) {
    plan.taps.forEach((taps, i) => {
      const to = (row * plan.length + i) * inner;
      for (const { index, weight } of taps) {
        const from = (row * length + index) * inner;
        for (let k = 0; k < inner; k++) result[to + k]! += source[from + k]! * weight;
      }
    });
  }
  return result;
}

function fillOutside(
  target: { [index: number]: number; readonly length: number },
  dims: readonly number[],
  plans: readonly (AxisPlan | undefined)[],
  value: number,
): void {
  plans.forEach((plan, axis) => {
    if (plan === undefined || plan.outside.size === 0) return;
    const inner = productOf(dims, axis + 1);
    for (let i = 0; i < target.length; i++)
      if (plan.outside.has(Math.floor(i / inner) % dims[axis]!)) target[i] = value;
  });
}
