import { allocateCells, cellsOf, makeArray } from '../array.ts';
import { broadcastDims, broadcastStrides, collapseAxes, forEachRow } from '../broadcast.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** x where the condition holds, y elsewhere; all three broadcast. */
export const where = kernel('Where', {
  versions: [9, 16],
  types: 'bool, T, T -> T',
  where: { T: movable },
  run({ inputs }) {
    const [condition, x, y] = inputs.map((input) => cellsOf(input!)) as [
      ReturnType<typeof cellsOf>,
      ReturnType<typeof cellsOf>,
      ReturnType<typeof cellsOf>,
    ];
    const out = broadcastDims(...inputs.map((input) => input!.dims));
    const target = allocateCells(inputs[1]!.dtype, out);
    const { dims, walks } = collapseAxes(
      out,
      inputs.map((input) => broadcastStrides(input!.dims, out)),
    );
    const inner = dims.at(-1)!;
    const [stepC, stepX, stepY] = walks.map((walk) => walk.at(-1)!) as [number, number, number];
    forEachRow(dims, walks, ([c, p, q], row) => {
      for (let i = 0; i < inner; i++)
        target[row * inner + i] = condition[c! + i * stepC] ? x[p! + i * stepX]! : y[q! + i * stepY]!;
    });
    return makeArray(inputs[1]!.dtype, out, target);
  },
});
