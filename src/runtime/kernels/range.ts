import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, isWide, makeArray } from '../array.ts';
import { numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** start, start + delta, … up to the limit (exclusive). */
export const range = kernel('Range', {
  versions: [11, 27],
  types: 'T, T, T -> T',
  where: { T: numeric },
  run({ inputs }) {
    const { dtype } = inputs[0]!;
    const [start, limit, delta] = inputs.map((input) => cellsOf(input!)[0]!) as [number, number, number];
    if (Number(delta) === 0) throw new ModelError('bad-step', 'A range cannot have a step of 0.');
    const count = Math.max(0, Math.ceil((Number(limit) - Number(start)) / Number(delta)));
    if (!Number.isFinite(count))
      throw new ModelError('bad-step', `A range from ${start} to ${limit} by ${delta} has no length.`);
    const target = allocateCells(dtype, [count]);
    for (let i = 0; i < count; i++) target[i] = start + ((isWide(dtype) ? BigInt(i) : i) as number) * delta;
    return makeArray(dtype, [count], target);
  },
});
