import { ModelError } from '../../support/errors.ts';
import type { NdArray } from '../array.ts';
import { kernel } from '../kernel.ts';
import { itemsOf, SequenceValue, sequenceOf } from '../values.ts';

/** Runs a subgraph on each element of a sequence; further sequences go along, tensors are the same in each turn. */
export const sequenceMap = kernel('SequenceMap', {
  versions: [17],
  types: '*, *... -> ?...',
  run({ attributes: { body }, inputs: [sequence, ...others], runGraph }) {
    const items = itemsOf(sequence);
    const results = body.outputs.map((): NdArray[] => []);
    items.forEach((item, turn) => {
      const along = others.map((other) => (other instanceof SequenceValue ? other.items[turn] : other));
      if (along.includes(undefined)) {
        throw new ModelError(
          'shape-mismatch',
          `A sequence that SequenceMap takes along is shorter than the first, which has ${items.length} elements.`,
        );
      }
      const values = runGraph(body, [item, ...(along as NdArray[])]);
      for (const [i, value] of values.entries()) results[i]!.push(value);
    });
    return results.map(sequenceOf);
  },
});
