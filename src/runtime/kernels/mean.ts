import { floats } from '../dtypes.ts';
import { sumOf, variadic } from '../elementwise.ts';

/** The average of all inputs, in double precision. */
export const mean = variadic('Mean', [1, 6, 8, 13], floats, (inputs) => sumOf(inputs, inputs.length));
