import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, integersOf, makeArray, sizeOf } from '../array.ts';
import { kernel } from '../kernel.ts';

/**
 * Picks elements along the last axis; of a vector it makes one row.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html
 */
export const arrayFeatureExtractor = kernel<string>('ArrayFeatureExtractor', {
  domain: 'ai.onnx.ml',
  versions: [1, 2, 3, 4, 5],
  types: 'T, int64 -> T',
  where: { T: ['float32', 'float64', 'int64', 'int32', 'string'] },
  run({ inputs: [x, positions] }) {
    const width = x!.dims.at(-1) ?? 1;
    const picked = integersOf(positions!);
    const outside = picked.find((position) => position < 0 || position >= width);
    if (outside !== undefined)
      throw new ModelError('index-out-of-range', `There is no element ${outside} among ${width}.`);
    const rows = width === 0 ? 0 : sizeOf(x!) / width;
    const dims = [...(x!.dims.length > 1 ? x!.dims.slice(0, -1) : [1]), picked.length];
    const target = allocateCells(x!.dtype, dims);
    const source = cellsOf(x!);
    for (let row = 0; row < rows; row++)
      for (const [i, position] of picked.entries())
        target[row * picked.length + i] = source[row * width + position]!;
    return makeArray(x!.dtype, dims, target);
  },
});
