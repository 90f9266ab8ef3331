import { ModelError } from '../support/errors.ts';
import { allocate, cellsOf, makeArray, normalAxis, productOf } from './array.ts';
import { numeric } from './dtypes.ts';
import { type Kernel, kernel } from './kernel.ts';

/** Kernel of an operator that finds where the best element along an axis is; the first or last of equals. */
export function argument(opType: string, isBetter: (candidate: number, best: number) => boolean): Kernel {
  return kernel<string>(opType, {
    versions: [1, 11, 12, 13],
    types: 'T -> int64',
    where: { T: numeric },
    run({ attributes, inputs: [x] }) {
      const { dims } = x!;
      const axis = normalAxis(attributes['axis'] as number, dims.length);
      const last = attributes['select_last_index'] === 1;
      const length = dims[axis]!;
      const inner = productOf(dims, axis + 1);
      const source = cellsOf(x!);
      const kept = dims.map((d, i) => (i === axis ? 1 : d));
      const target = allocate('int64', kept) as BigInt64Array;
      if (length === 0 && target.length > 0)
        throw new ModelError(
          'empty-axis',
          `${opType} has no element to choose along axis ${axis} of [${dims}].`,
        );
      for (let i = 0; i < target.length; i++) {
        const start = Math.floor(i / inner) * length * inner + (i % inner);
        let best = 0;
        for (let k = 1; k < length; k++) {
          const candidate = source[start + k * inner]!;
          const champion = source[start + best * inner]!;
          if (isBetter(candidate, champion) || (last && candidate === champion)) best = k;
        }
        target[i] = BigInt(best);
      }
      const keeps = attributes['keepdims'] !== 0;
      return makeArray('int64', keeps ? kept : dims.filter((_, i) => i !== axis), target);
    },
  });
}
