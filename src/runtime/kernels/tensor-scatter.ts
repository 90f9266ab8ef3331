import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, integersOf, makeArray, normalAxis, productOf } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** A cache with an update written into it along an axis, from a position per batch element on; `circular` wraps around. */
export const tensorScatter = kernel('TensorScatter', {
  versions: [24],
  types: 'T, T, int64 -> T',
  where: { T: movable },
  run({ attributes: { axis: axisGiven, mode }, inputs: [cache, update, startInput] }) {
    const { dims, dtype } = cache!;
    const axis = normalAxis(axisGiven, dims.length);
    const fits = dims.every((d, i) => (i === axis ? update!.dims[i]! <= d : d === update!.dims[i]));
    if (axis === 0 || update!.dims.length !== dims.length || !fits)
      throw new ModelError(
        'shape-mismatch',
        `[${update!.dims}] cannot be written into [${dims}] along axis ${axis}.`,
      );
    if (mode !== 'linear' && mode !== 'circular')
      throw new ModelError('unsupported-attribute', `TensorScatter has no mode "${mode}".`);
    const length = dims[axis]!;
    const count = update!.dims[axis]!;
    const starts = startInput === undefined ? new Array<number>(dims[0]!).fill(0) : integersOf(startInput);
    const inner = productOf(dims, axis + 1);
    const perBatch = productOf(dims, 1, axis);
    const target = allocateCells(dtype, dims);
    const [old, fresh] = [cellsOf(cache!), cellsOf(update!)];
    for (let i = 0; i < target.length; i++) target[i] = old[i]!;
    for (let row = 0; row < dims[0]! * perBatch; row++) {
      const start = starts[Math.floor(row / perBatch)]!;
      if (start < 0 || (mode === 'linear' && start + count > length))
        throw new ModelError('index-out-of-range', `${count} slices do not fit at ${start} of ${length}.`);
      for (let s = 0; s < count; s++) {
        const to = (row * length + ((start + s) % length)) * inner;
        for (let i = 0; i < inner; i++) target[to + i] = fresh[(row * count + s) * inner + i]!;
      }
    }
    return makeArray(dtype, dims, target);
  },
});
