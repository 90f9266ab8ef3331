import { ModelError } from '../../support/errors.ts';
import { arrayOf, type NdArray } from '../array.ts';
import { kernel } from '../kernel.ts';
import { stack } from '../stack.ts';

/**
 * Runs a subgraph again and again, up to a trip count and while its condition holds. Carried values go from turn to
 * turn; what else the body yields is stacked.
 */
export const loop = kernel('Loop', {
  versions: [1, 11, 13, 16, 19, 21, 23, 24, 25],
  types: 'int64, bool, *... -> ?...',
  run({ attributes: { body }, inputs: [trips, condition, ...initial], runGraph, discard, maxIterations }) {
    const most = trips === undefined ? 2n ** 63n : (trips.data[0] as bigint);
    let carried = initial as NdArray[];
    let goesOn = condition === undefined || condition.data[0] === 1;
    const collected: NdArray[][] = body.outputs.slice(1 + carried.length).map(() => []);
    for (let turn = 0; goesOn && turn < most; turn++) {
      if (turn >= maxIterations) {
        throw new ModelError('endless-loop', `The loop has turned ${maxIterations} times.`, {
          fix: 'Give execute() a larger limits.iterations if it is meant to go on.',
        });
      }
      const counters = [arrayOf('int64', [], [turn]), arrayOf('bool', [], [1])];
      const [next, ...values] = runGraph(body, [...counters, ...carried]);
      goesOn = next!.data[0] === 1;
      // What the loop was given is not its own to discard.
      discard(turn === 0 ? [...counters, next!] : [...counters, next!, ...carried]);
      carried = values.slice(0, carried.length);
      for (const [i, items] of collected.entries()) items.push(values[carried.length + i]!);
    }
    const types = body.outputs.slice(1 + carried.length).map(({ type }) => type);
    return [...carried, ...collected.map((items, i) => stack(items, 0, types[i]))];
  },
});
