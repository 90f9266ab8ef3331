import type { NdArray } from '../array.ts';
import { doublesOf } from '../array.ts';
import { kernel } from '../kernel.ts';
import { numberAmong, updateTensors } from '../optimizer-step.ts';

/**
 * x ← x − r·g / (√h + ε) with h ← h + g², where g has the gradient of the regularization in it and r decays.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adagrad.html
 */
export const adagrad = kernel<string>('Adagrad', {
  domain: 'ai.onnx.preview.training',
  versions: [1],
  types: 'R, int64, T... -> ?...',
  where: { R: ['float32', 'float64'], T: ['float32', 'float64'] },
  run({ attributes, inputs: [rate, count, ...arrays] }) {
    const decay = numberAmong(attributes, 'decay_factor', 0);
    const epsilon = numberAmong(attributes, 'epsilon', Math.fround(1e-6));
    const regularization = numberAmong(attributes, 'norm_coefficient', 0);
    const r = doublesOf(rate!)[0]! / (1 + doublesOf(count!)[0]! * decay);
    return updateTensors(arrays as NdArray[], [3, 2], ([x, gradient, squares]) => {
      const g = regularization * x! + gradient!;
      const h = squares! + g * g;
      return [x! - (r * g) / (Math.sqrt(h) + epsilon), h];
    });
  },
});
