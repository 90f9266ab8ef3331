import { floats } from '../dtypes.ts';
import { type KernelCall, kernel } from '../kernel.ts';
import { dot, runRecurrent } from '../recurrent.ts';

/** Gates i, o and f with peepholes, candidate c; `input_forget` couples i and f. */
export const lstm = kernel('LSTM', {
  versions: [1, 7, 14, 22],
  types: 'T, T, T, T, int32, T, T, T -> T, T, T',
  where: { T: floats },
  run: (call) =>
    runRecurrent(call as KernelCall, {
      gates: 4,
      activations: ['Sigmoid', 'Tanh', 'Tanh'],
      makeCell: ({ hiddenSize: n, w, r, wBias, rBias, peephole, activation, clip }) => {
        const [f, g, h] = [activation(0), activation(1), activation(2)];
        const next = new Float64Array(n);
        const coupled = call.attributes.input_forget === 1;
        return (x, hidden, memory) => {
          const sum = (row: number) => dot(w, row, x) + wBias[row]! + dot(r, row, hidden) + rBias[row]!;
          for (let i = 0; i < n; i++) {
            const before = memory[i]!;
            const input = f(clip(sum(i) + peephole[i]! * before));
            const forget = coupled ? 1 - input : f(clip(sum(2 * n + i) + peephole[2 * n + i]! * before));
            const cell = forget * before + input * g(clip(sum(3 * n + i)));
            const output = f(clip(sum(n + i) + peephole[n + i]! * cell));
            memory[i] = cell;
            next[i] = output * h(cell);
          }
          hidden.set(next);
        };
      },
    }),
});
