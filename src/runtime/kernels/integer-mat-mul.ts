import { epilogueOf, fusedDomain, fusedOutputTypes } from '../fused.ts';
import { multiplyAndFinish } from '../integer/matmul.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { checkProductSums } from '../overflow.ts';

/** Matrix product of int8 codes with all that follows it up to the quantizer; channels are columns. */
export const integerMatMul = kernel<string>('IntegerMatMul', {
  domain: fusedDomain,
  versions: [1],
  types: 'int8, float32, int8, float32, float32, float32, float32, R, float32 -> ?',
  where: { R: ['int8', 'float32'] },
  outputTypes: fusedOutputTypes,
  run(call) {
    const [a, , b] = call.inputs;
    const shape = matMulShape(a!.dims, b!.dims);
    const operands = { a: a!, b: b!, aZero: undefined, bZero: undefined, shape };
    if (call.conventions.overflow === 'error') checkProductSums(operands);
    return multiplyAndFinish(operands, epilogueOf(call as KernelCall, shape.columns));
  },
});
