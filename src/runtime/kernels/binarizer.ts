import { allocate, doublesOf, isWide, makeArray } from '../array.ts';
import { kernel } from '../kernel.ts';

/**
 * 1 where an element is above `threshold` (0 by default), else 0.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxml_Binarizer.html
 */
export const binarizer = kernel<string>('Binarizer', {
  domain: 'ai.onnx.ml',
  versions: [1, 2, 3, 4, 5],
  types: 'T -> T',
  where: { T: ['float32', 'float64', 'int64', 'int32'] },
  run({ attributes, inputs: [x] }) {
    const threshold = (attributes['threshold'] as number | undefined) ?? 0;
    const [zero, one] = isWide(x!.dtype) ? [0n, 1n] : [0, 1];
    const target = allocate(x!.dtype, x!.dims) as unknown as (number | bigint)[];
    doublesOf(x!).forEach((value, i) => {
      target[i] = value > threshold ? one : zero;
    });
    return makeArray(x!.dtype, x!.dims, target as never);
  },
});
