import { cumulative } from '../cumulate.ts';

/** The running product along an axis. */
export const cumProd = cumulative('CumProd', [26], 1, (total, x) => total * x);
