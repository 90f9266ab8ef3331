import { productOf } from '../array.ts';
import { finishSums } from '../epilogue.ts';
import { epilogueOf, fusedDomain, fusedOutputTypes } from '../fused.ts';
import { convolveBytes } from '../integer/convolve.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { checkConvolutionSums } from '../overflow.ts';

/** Convolution of int8 codes with all that follows it up to the quantizer: norm, bias, residual and activation. */
export const integerConv = kernel<string>('IntegerConv', {
  domain: fusedDomain,
  versions: [1],
  types: 'int8, float32, int8, float32, float32, float32, float32, R, float32 -> ?',
  where: { R: ['int8', 'float32'] },
  outputTypes: fusedOutputTypes,
  run(call) {
    const { attributes, inputs, conventions } = call;
    const [x, , w] = inputs;
    if (conventions.overflow === 'error')
      checkConvolutionSums({ x: x!, w: w!, attributes, xZero: 0, wZeros: [0] });
    const { sums, dims } = convolveBytes(x!, w!, attributes, 0, [0]);
    return finishSums(sums, dims, epilogueOf(call as KernelCall, dims[1]!, productOf(dims, 2)));
  },
});
