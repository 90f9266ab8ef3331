import { activateFused } from '../fused-activation.ts';
import { kernel } from '../kernel.ts';
import { generalProduct } from './gemm.ts';

/** Gemm and an activation. */
export const fusedGemm = kernel<string>('FusedGemm', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'float32, float32, float32 -> float32',
  run({ attributes, inputs: [a, b, c], conventions }) {
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes as Readonly<Record<string, number>>;
    const y = generalProduct(a!, b!, c, { alpha, beta, transA, transB }, conventions.sums);
    const numbers = ['alpha', 'beta', 'gamma'].map((name) => attributes[`activation_${name}`]);
    const given = numbers.filter((value): value is number => typeof value === 'number');
    return activateFused(y, attributes['activation'], given);
  },
});
