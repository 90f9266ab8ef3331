import { ModelError } from '../../support/errors.ts';
import { cellsOf, integersOf, makeArray, type NdArray, normalAxis, stridesOf } from '../array.ts';
import { movable, numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { copyStrided } from '../strided.ts';

/** The array repeated along each axis. */
export const tile = kernel('Tile', {
  versions: [6, 13],
  types: 'T, int64 -> T',
  where: { T: movable },
  run: ({ inputs: [x, repeats] }) => repeated(x!, integersOf(repeats!)),
});

/** Version 1 repeats along one axis; both numbers are of the array's type. */
export const tile1 = kernel('Tile', {
  versions: [1],
  types: 'T, T, T -> T',
  where: { T: numeric },
  run({ inputs: [x, count, axis] }) {
    const repeats = new Array<number>(x!.dims.length).fill(1);
    repeats[normalAxis(integersOf(axis!)[0]!, x!.dims.length)] = integersOf(count!)[0]!;
    return repeated(x!, repeats);
  },
});

function repeated(x: NdArray, repeats: readonly number[]): NdArray {
  if (repeats.length !== x.dims.length || repeats.some((count) => count < 0)) {
    throw new ModelError('shape-mismatch', `[${x.dims}] cannot be repeated [${repeats}] times.`);
  }
  // Each axis becomes two: the repetition, which does not move in x, and the axis itself.
  const strides = stridesOf(x.dims);
  const copy = copyStrided(
    x,
    repeats.flatMap((count, axis) => [count, x.dims[axis]!]),
    strides.flatMap((stride) => [0, stride]),
  );
  return makeArray(
    x.dtype,
    x.dims.map((length, axis) => length * repeats[axis]!),
    cellsOf(copy),
  );
}
