import type { Call, Register } from './call.ts';
import { type Facts, tensorFacts } from './facts.ts';

/** Recurrent layers: sequence, direction, batch and hidden axes, batch in front when `layout` is 1. */
export function registerRecurrent(register: Register): void {
  register('RNN GRU LSTM', (call): readonly Facts[] => {
    call.requireRank(0, (rank) => rank === 3, '3');
    const [x, recurrence] = [call.shape(0), call.shape(2)];
    const dtype = call.dtype(0);
    const directions = directionsOf(call);
    const hidden = call.findInt('hidden_size') ?? recurrence?.[2];
    const batchFirst = call.int('layout', 0) !== 0;
    const [length, batch] = batchFirst ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]];
    const all = batchFirst ? [batch, length, directions, hidden] : [length, directions, batch, hidden];
    const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
    return [tensorFacts(dtype, all), tensorFacts(dtype, last), tensorFacts(dtype, last)];
  });
}

function directionsOf(call: Call): number {
  return call.text('direction', 'forward') === 'bidirectional' ? 2 : 1;
}
