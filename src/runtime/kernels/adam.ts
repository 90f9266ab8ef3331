import type { NdArray } from '../array.ts';
import { doublesOf } from '../array.ts';
import { kernel } from '../kernel.ts';
import { numberAmong, updateTensors } from '../optimizer-step.ts';

/**
 * x ← x − r·v / (√h + ε) with running means v of the gradient and h of its square, their bias corrected from the second
 * step on.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html
 */
export const adam = kernel<string>('Adam', {
  domain: 'ai.onnx.preview.training',
  versions: [1],
  types: 'R, int64, T... -> ?...',
  where: { R: ['float32', 'float64'], T: ['float32', 'float64'] },
  run({ attributes, inputs: [rate, count, ...arrays] }) {
    const alpha = numberAmong(attributes, 'alpha', Math.fround(0.9));
    const beta = numberAmong(attributes, 'beta', Math.fround(0.999));
    const epsilon = numberAmong(attributes, 'epsilon', Math.fround(1e-6));
    const before = numberAmong(attributes, 'norm_coefficient', 0);
    const after = numberAmong(attributes, 'norm_coefficient_post', 0);
    const t = doublesOf(count!)[0]!;
    const correction = t > 0 ? Math.sqrt(1 - beta ** t) / (1 - alpha ** t) : 1;
    const r = doublesOf(rate!)[0]! * correction;
    return updateTensors(arrays as NdArray[], [4, 3], ([x, gradient, mean, square]) => {
      const g = before * x! + gradient!;
      const v = alpha * mean! + (1 - alpha) * g;
      const h = beta * square! + (1 - beta) * g * g;
      return [(1 - after) * (x! - (r * v) / (Math.sqrt(h) + epsilon)), v, h];
    });
  },
});
