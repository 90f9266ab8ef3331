import { floats } from '../dtypes.ts';
import { sumOf, variadic } from '../elementwise.ts';

/** Σ inputs, in double precision from left to right. */
export const sum = variadic('Sum', [1, 6, 8, 13], floats, (inputs) => sumOf(inputs));
