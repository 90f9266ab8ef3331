import { epilogueOf, fusedDomain, fusedOutputTypes } from '../fused.ts';
import { convolveAndFinish } from '../integer/convolve.ts';
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
    const operands = { x: x!, w: w!, attributes, xZero: 0, wZeros: [0] };
    if (conventions.overflow === 'error') checkConvolutionSums(operands);
    return convolveAndFinish(operands, (dims) => epilogueOf(call as KernelCall, dims[1]!));
  },
});
