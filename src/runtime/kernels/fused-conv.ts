import type { ConvolutionAttributes } from '../convolution.ts';
import { zipElements } from '../elementwise.ts';
import { convolveFloats } from '../float/convolve.ts';
import { activateFused } from '../fused-activation.ts';
import { kernel } from '../kernel.ts';

/** Conv, what is added to its result, and an activation. */
export const fusedConv = kernel<string>('FusedConv', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'float32, float32, float32, float32 -> float32',
  run({ attributes, inputs: [x, w, bias, addend], conventions }) {
    const y = convolveFloats(x!, w!, bias, attributes as ConvolutionAttributes, conventions.sums);
    const sum = addend === undefined ? y : zipElements(y, addend, 'float32', (a, b) => a + b);
    const numbers = attributes['activation_params'] as readonly number[] | undefined;
    return activateFused(sum, attributes['activation'], numbers ?? []);
  },
});
