import { floats, minifloats } from '../dtypes.ts';
import { mapElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** Whether x is +Inf or −Inf; either can be left out. */
export const isInf = kernel('IsInf', {
  versions: [10, 20],
  types: 'T -> bool',
  where: { T: [...floats, ...minifloats] },
  run: ({ attributes: { detect_negative, detect_positive }, inputs: [x] }) =>
    mapElements(x!, 'bool', (v) =>
      (v === Infinity && detect_positive !== 0) || (v === -Infinity && detect_negative !== 0) ? 1 : 0,
    ),
});
