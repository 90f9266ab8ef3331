import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { dot, runRecurrent } from '../recurrent.ts';

/** h = f(W·x + b_W + R·h + b_R) */
export const rnn = kernel('RNN', {
  versions: [1, 7, 14, 22],
  types: 'T, T, T, T, int32, T -> T, T',
  where: { T: floats },
  run: (call) =>
    runRecurrent(call as KernelCall, {
      gates: 1,
      activations: ['Tanh'],
      makeCell: ({ hiddenSize, w, r, wBias, rBias, activation, clip }) => {
        const f = activation(0);
        const next = new Float64Array(hiddenSize);
        return (x, hidden) => {
          for (let i = 0; i < hiddenSize; i++)
            next[i] = f(clip(dot(w, i, x) + wBias[i]! + dot(r, i, hidden) + rBias[i]!));
          hidden.set(next);
        };
      },
    }).slice(0, 2),
});
