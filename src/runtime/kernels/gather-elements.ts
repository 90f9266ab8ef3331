import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, makeArray, normalAxis, stridesOf } from '../array.ts';
import { forEachRow } from '../broadcast.ts';
import { indices, movable } from '../dtypes.ts';
import { indexList } from '../indexing.ts';
import { kernel } from '../kernel.ts';

/** Element by element: y[i, j, …] is x at the same place, but with the index along one axis looked up. */
export const gatherElements = kernel('GatherElements', {
  versions: [11, 13],
  types: 'T, I -> T',
  where: { T: movable, I: indices },
  run({ attributes, inputs: [x, picks] }) {
    const { dims } = picks!;
    const axis = normalAxis(attributes.axis, x!.dims.length);
    if (dims.length !== x!.dims.length || dims.some((d, i) => i !== axis && d > x!.dims[i]!)) {
      throw new ModelError(
        'shape-mismatch',
        `Indices [${dims}] do not fit x [${x!.dims}] along axis ${axis}.`,
      );
    }
    const chosen = indexList(picks!, x!.dims[axis]!);
    const strides = stridesOf(x!.dims);
    const along = strides[axis]!;
    const walk = strides.map((stride, i) => (i === axis ? 0 : stride));
    const inner = dims.at(-1)!;
    const step = walk.at(-1)!;
    const target = allocateCells(x!.dtype, dims);
    const source = cellsOf(x!);
    forEachRow(dims, [walk], ([base], row) => {
      for (let i = 0; i < inner; i++) {
        const at = row * inner + i;
        target[at] = source[base! + i * step + chosen[at]! * along]!;
      }
    });
    return makeArray(x!.dtype, dims, target);
  },
});
