/**
 * What a rewrite may do to the numbers.
 *
 * - `exact`: every output bit is equal under the reference executor, for finite inputs
 * - `rounding`: outputs differ by float rounding, or by at most one quantum
 * - `closer`: a rounding is removed; outputs move toward the float model
 * - `scale`: calibration changes
 * - `interface`: a graph input or output changes its type
 */
export type Effect = 'exact' | 'rounding' | 'closer' | 'scale' | 'interface';

export const effects: readonly Effect[] = ['exact', 'rounding', 'closer', 'scale', 'interface'];
