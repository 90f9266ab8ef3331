import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { dot, runRecurrent } from '../recurrent.ts';

/** Gates z (update) and r (reset), candidate h; `linear_before_reset` resets after the recurrence product. */
export const gru = kernel('GRU', {
  versions: [1, 3, 7, 14, 22],
  types: 'T, T, T, T, int32, T -> T, T',
  where: { T: floats },
  run: (call) =>
    runRecurrent(call as KernelCall, {
      gates: 3,
      activations: ['Sigmoid', 'Tanh'],
      makeCell: ({ hiddenSize: n, w, r, wBias, rBias, activation, clip }) => {
        const [gate, candidate] = [activation(0), activation(1)];
        const update = new Float64Array(n);
        const reset = new Float64Array(n);
        const next = new Float64Array(n);
        const linear = call.attributes.linear_before_reset === 1;
        return (x, hidden) => {
          for (let i = 0; i < n; i++) {
            update[i] = gate(clip(dot(w, i, x) + wBias[i]! + dot(r, i, hidden) + rBias[i]!));
            const row = n + i;
            reset[i] = gate(clip(dot(w, row, x) + wBias[row]! + dot(r, row, hidden) + rBias[row]!));
          }
          const resetHidden = hidden.map((value, i) => value * reset[i]!);
          for (let i = 0; i < n; i++) {
            const row = 2 * n + i;
            const recurrent = linear
              ? reset[i]! * (dot(r, row, hidden) + rBias[row]!)
              : dot(r, row, resetHidden) + rBias[row]!;
            next[i] = candidate(clip(dot(w, row, x) + wBias[row]! + recurrent));
          }
          for (let i = 0; i < n; i++) hidden[i] = (1 - update[i]!) * next[i]! + update[i]! * hidden[i]!;
        };
      },
    }).slice(0, 2),
});
