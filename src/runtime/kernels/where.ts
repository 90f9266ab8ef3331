import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { selectElements } from '../select.ts';

/** x where the condition holds, y elsewhere; all three broadcast. */
export const where = kernel('Where', {
  versions: [9, 16],
  types: 'bool, T, T -> T',
  where: { T: movable },
  run: ({ inputs: [condition, x, y] }) => selectElements(condition!, x!, y!),
});
