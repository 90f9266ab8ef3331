import { ModelError } from '../support/errors.ts';
import type { NdArray } from './array.ts';
import { mapElements, type UnaryFunction } from './elementwise.ts';
import { logistic32 } from './special.ts';

/**
 * Applies the function that ONNX Runtime's FusedConv and FusedGemm name in their attributes; no name is no function.
 *
 * @throws ModelError `unsupported-attribute` for one it does not fuse
 */
export function activateFused(y: NdArray, name: unknown, numbers: readonly number[]): NdArray {
  if (name === undefined || name === '') return y;
  return mapElements(y, y.dtype, functionOf(name as string, numbers, y.dtype === 'float32'));
}

function functionOf(name: string, numbers: readonly number[], single: boolean): UnaryFunction {
  switch (name) {
    case 'Relu':
      return (x) => Math.max(x, 0);
    case 'Sigmoid':
      return single ? logistic32 : (x) => 1 / (1 + Math.exp(-x));
    case 'Tanh':
      return Math.tanh;
    case 'LeakyRelu': {
      const [alpha = 0.01] = numbers;
      return (x) => (x < 0 ? alpha * x : x);
    }
    case 'Clip': {
      const [low = -Infinity, high = Infinity] = numbers;
      return (x) => Math.min(Math.max(x, low), high);
    }
    case 'HardSigmoid': {
      const [alpha = 0.2, beta = 0.5] = numbers;
      return (x) => Math.max(0, Math.min(1, alpha * x + beta));
    }
    default:
      throw new ModelError(
        'unsupported-attribute',
        `An operator with the activation "${name}" cannot be run.`,
      );
  }
}
