import { type DataType, dataTypeFromCode } from '../../ir/index.ts';
import type { Register } from './call.ts';
import { tensorFacts } from './facts.ts';

/** Normalization layers and Dropout: the first output looks like the first input. */
export function registerNormalization(register: Register): void {
  register(
    'InstanceNormalization GroupNormalization RMSNormalization RotaryEmbedding TensorScatter',
    (call) => [tensorFacts(call.dtype(0), call.shape(0))],
  );
  register('BatchNormalization', (call) => {
    call.requireRank(0, (rank) => rank >= 1, 'at least 1');
    const shape = call.shape(0);
    // Up to version 7 there may be statistics for each element instead of each channel.
    const perElement = call.opset < 9 && call.int('spatial', 1) === 0;
    for (const index of perElement ? [] : [1, 2, 3, 4]) {
      call.requireRank(index, (rank) => rank === 1, '1');
      if (shape !== undefined && shape.length > 1 && call.shape(index) !== undefined && call.opset >= 9)
        call.equalDims(shape[1], call.shape(index)![0], 'the number of channels');
    }
    const statistics = tensorFacts(call.dtype(3), call.shape(3));
    return [tensorFacts(call.dtype(0), shape), statistics, statistics, statistics, statistics];
  });
  register('LayerNormalization', (call) => {
    const shape = call.shape(0);
    const axis = shape && call.axis(call.int('axis', -1), shape.length);
    const reduced = shape?.map((dim, i) => (i >= axis! ? 1 : dim));
    const stash = dataTypeFromCode(call.int('stash_type', 1));
    return [tensorFacts(call.dtype(0), shape), tensorFacts(stash, reduced), tensorFacts(stash, reduced)];
  });
  register('Dropout', (call) => {
    const mask: DataType | undefined = call.opset < 10 ? call.dtype(0) : 'bool';
    return [tensorFacts(call.dtype(0), call.shape(0)), tensorFacts(mask, call.shape(0))];
  });
}
