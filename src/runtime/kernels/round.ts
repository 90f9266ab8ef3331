import { roundHalfEven } from '../../support/rounding.ts';
import { unary } from '../elementwise.ts';

/** Rounds to whole numbers, halves to even. */
export const round = unary('Round', { versions: [11, 22], apply: roundHalfEven });
