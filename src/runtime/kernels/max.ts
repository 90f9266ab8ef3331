import { numeric } from '../dtypes.ts';
import { variadic, zipElements } from '../elementwise.ts';

/** The largest of all inputs; NaN wins. */
export const max = variadic('Max', [1, 6, 8, 12, 13], numeric, (inputs) =>
  inputs.reduce((a, b) => zipElements(a, b, a.dtype, (x, y) => (x > y || Number.isNaN(x) ? x : y))),
);
