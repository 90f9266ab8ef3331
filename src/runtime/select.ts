import { allocateCells, cellsOf, makeArray, type NdArray } from './array.ts';
import { broadcastDims, broadcastStrides, collapseAxes, forEachRow } from './broadcast.ts';

/** x where the condition holds, y elsewhere; all three broadcast. */
export function selectElements(condition: NdArray, x: NdArray, y: NdArray): NdArray {
  const inputs = [condition, x, y];
  const [holds, yes, no] = [cellsOf(condition), cellsOf(x), cellsOf(y)];
  const out = broadcastDims(...inputs.map((input) => input.dims));
  const target = allocateCells(x.dtype, out);
  const { dims, walks } = collapseAxes(
    out,
    inputs.map((input) => broadcastStrides(input.dims, out)),
  );
  const inner = dims.at(-1)!;
  const [stepC, stepX, stepY] = walks.map((walk) => walk.at(-1)!) as [number, number, number];
  forEachRow(dims, walks, ([c, p, q], row) => {
    for (let i = 0; i < inner; i++)
      target[row * inner + i] = holds[c! + i * stepC] ? yes[p! + i * stepX]! : no[q! + i * stepY]!;
  });
  return makeArray(x.dtype, out, target);
}
