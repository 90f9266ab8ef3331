import { allocateNumbers, makeArray, type NdArray, numbersOf, productOf } from '../array.ts';
import { type ConvolutionSums, convolve } from '../convolution.ts';
import { floats } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Convolution over any number of spatial axes; the bias is added to the sum of the products. */
export const conv = kernel('Conv', {
  versions: [1, 11, 22],
  types: 'T, T, T -> T',
  where: { T: floats },
  run: ({ attributes, inputs: [x, w, bias] }) => addBias(convolve(x!, w!, attributes), bias, x!.dtype),
});

function addBias(
  { sums, dims }: ConvolutionSums,
  bias: NdArray | undefined,
  dtype: NdArray['dtype'],
): NdArray {
  const target = allocateNumbers(dtype, dims);
  const channels = dims[1]!;
  const size = productOf(dims, 2);
  const offsets = bias && numbersOf(bias);
  for (let start = 0, row = 0; start < sums.length; start += size, row++) {
    const offset = offsets?.[row % channels] ?? 0;
    for (let i = start; i < start + size; i++) target[i] = sums[i]! + offset;
  }
  return makeArray(dtype, dims, target);
}
