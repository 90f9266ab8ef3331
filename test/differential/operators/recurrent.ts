import { type Tensor, tensor } from '../../../src/ir/index.ts';
import type { Maker, Sketch, Tolerance } from '../sketch.ts';
import { when } from '../sketch.ts';
import type { Values } from '../values.ts';

/** Recurrent layers and attention. */

const within: Tolerance = { kind: 'largest', ulps: 64, largest: 4 };

function layer(opType: string, gates: number): Maker {
  return {
    opType,
    family: 'recurrent',
    since: 7,
    within,
    weight: 2,
    make(v): Sketch {
      const [length, batch, size, hidden] = [v.whole(1, 4), v.whole(1, 3), v.whole(1, 4), v.whole(1, 5)];
      const direction = v.pick(['forward', 'reverse', 'bidirectional']);
      const directions = direction === 'bidirectional' ? 2 : 1;
      const weights = (...dims: number[]) => v.small('float32', [directions, ...dims], -1, 1);
      const maybe = (make: () => Tensor) => (v.chance(0.5) ? make() : undefined);
      const lengths = () =>
        tensor(
          'int32',
          [batch],
          Array.from({ length: batch }, () => v.whole(1, length)),
        );
      const inputs = [
        v.moderate('float32', [length, batch, size]),
        weights(gates * hidden, size),
        weights(gates * hidden, hidden),
        maybe(() => weights(2 * gates * hidden)),
        maybe(lengths),
        maybe(() => v.small('float32', [directions, batch, hidden], -1, 1)),
      ];
      if (opType === 'LSTM')
        inputs.push(
          maybe(() => v.small('float32', [directions, batch, hidden], -1, 1)),
          maybe(() => weights(3 * hidden)),
        );
      const functions = opType === 'RNN' ? [v.pick(['Tanh', 'Relu', 'Sigmoid'])] : undefined;
      return {
        inputs,
        attributes: {
          hidden_size: hidden,
          direction,
          ...when(v.chance(0.3), { clip: 0.75 }),
          ...when(opType === 'GRU', { linear_before_reset: v.below(2) }),
          ...when(opType === 'LSTM', { input_forget: v.below(2) }),
          ...when(functions !== undefined, {
            activations: Array.from({ length: directions }, () => functions?.[0] ?? ''),
          }),
        },
        floats: ['clip'],
        outputs: opType === 'LSTM' ? 3 : 2,
      };
    },
  };
}

function heads(v: Values, count: number, length: number, size: number, batch: number, flat: boolean): Tensor {
  return v.moderate('float32', flat ? [batch, length, count * size] : [batch, count, length, size]);
}

export const recurrent: readonly Maker[] = [
  layer('RNN', 1),
  layer('GRU', 3),
  layer('LSTM', 4),
  {
    opType: 'Attention',
    family: 'attention',
    since: 23,
    within: { kind: 'largest', ulps: 128, largest: 4 },
    weight: 3,
    make(v): Sketch {
      const [batch, groups, share] = [v.whole(1, 2), v.whole(1, 2), v.whole(1, 2)];
      const [queries, keys, size, width] = [v.whole(1, 4), v.whole(1, 5), v.pick([2, 4, 8]), v.pick([2, 4])];
      const flat = v.chance(0.5);
      const mask = v.pick([undefined, 'float32', 'bool'] as const);
      const causal = v.below(2);
      // Where a query may see nothing, results are not defined.
      const sees = () => tensor('bool', [queries, keys], new Array<number>(queries * keys).fill(1));
      return {
        inputs: [
          heads(v, groups * share, queries, size, batch, flat),
          heads(v, groups, keys, size, batch, flat),
          heads(v, groups, keys, width, batch, flat),
          mask === undefined ? undefined : mask === 'bool' ? sees() : v.moderate('float32', [queries, keys]),
        ],
        attributes: {
          ...when(flat, { q_num_heads: groups * share, kv_num_heads: groups }),
          ...when(v.chance(0.5), { scale: v.pick([0.25, 1]) }),
          ...when(v.chance(0.3), { softcap: 2 }),
          is_causal: causal,
        },
        floats: ['scale', 'softcap'],
      };
    },
  },
];
