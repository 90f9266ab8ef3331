import { ModelError } from '../../support/errors.ts';
import type { NdArray } from '../array.ts';
import { doublesOf } from '../array.ts';
import { kernel } from '../kernel.ts';
import { numberAmong, updateTensors } from '../optimizer-step.ts';

/**
 * x ← x − r·v with v ← α·v + β·g, where β is 1 in the first step; Nesterov's way steps along g + α·v.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Momentum.html
 */
export const momentum = kernel<string>('Momentum', {
  domain: 'ai.onnx.preview.training',
  versions: [1],
  types: 'R, int64, T... -> ?...',
  where: { R: ['float32', 'float64'], T: ['float32', 'float64'] },
  check({ attributes: { mode } }) {
    if (mode !== 'standard' && mode !== 'nesterov')
      throw new ModelError('unsupported-attribute', `Momentum has no mode "${mode}".`, {
        fix: 'It can be standard or nesterov.',
      });
  },
  run({ attributes, inputs: [rate, count, ...arrays] }) {
    const alpha = numberAmong(attributes, 'alpha', 0);
    const beta = doublesOf(count!)[0]! > 0 ? numberAmong(attributes, 'beta', 0) : 1;
    const regularization = numberAmong(attributes, 'norm_coefficient', 0);
    const nesterov = attributes['mode'] === 'nesterov';
    const r = doublesOf(rate!)[0]!;
    return updateTensors(arrays as NdArray[], [3, 2], ([x, gradient, velocity]) => {
      const g = regularization * x! + gradient!;
      const v = alpha * velocity! + beta * g;
      return [x! - r * (nesterov ? g + alpha * v : v), v];
    });
  },
});
