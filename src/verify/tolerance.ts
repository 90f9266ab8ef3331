import { ModelError } from '../support/errors.ts';

/** What a change may do to the numbers; the classes that rules and passes declare. */
export type AllowedEffect = 'exact' | 'rounding' | 'closer' | 'scale' | 'interface';

/** Limits an output has to keep within. A limit that is not given is not looked at; all that are given must hold. */
export interface Tolerance {
  /** Largest absolute difference of one element. */
  readonly maxDifference?: number;
  /** Largest difference of one element as a share of the largest magnitude in the output. */
  readonly relative?: number;
  /** Largest difference of one element in quanta of the output's quantizer; an output without one has to be equal. */
  readonly quanta?: number;
  /** Least signal-to-quantization-noise ratio in decibels. */
  readonly sqnr?: number;
  /** Least cosine similarity. */
  readonly cosine?: number;
}

/**
 * The limits each effect class stands for: an output passes when any one of its class's alternatives holds.
 *
 * `exact` has none: every bit has to be equal. `rounding` holds where elements move by float rounding or by one quantum;
 * behind further quantizers one flipped rounding travels, so a whole network is judged by its noise. `interface` by
 * itself asks for equal bits once both sides are dequantized.
 */
export const tolerances: Readonly<Record<AllowedEffect, readonly Tolerance[]>> = Object.freeze({
  exact: [],
  interface: [],
  rounding: [{ relative: 1e-5 }, { quanta: 1 }, { sqnr: 35 }],
  closer: [{ quanta: 1 }, { sqnr: 20 }],
  scale: [{ sqnr: 10, cosine: 0.95 }],
});

const order: readonly AllowedEffect[] = ['exact', 'interface', 'rounding', 'closer', 'scale'];

/** The alternatives that a list of allowed effects, or a tolerance of the caller's own, comes to. */
export function alternativesOf(
  allow: readonly AllowedEffect[],
  own: Tolerance | undefined,
): readonly Tolerance[] {
  if (own !== undefined) return [own];
  return allow.flatMap((effect) => tolerances[effect]);
}

/** Checks and orders what the caller allows: strictest first, each once; `exact` when nothing is said. */
export function allowedEffects(
  allow: AllowedEffect | readonly AllowedEffect[] | undefined,
): readonly AllowedEffect[] {
  const list = allow === undefined ? [] : typeof allow === 'string' ? [allow] : allow;
  const unknown = list.find((effect) => !order.includes(effect));
  if (unknown !== undefined) {
    throw new ModelError('unknown-effect', `"${unknown}" is no effect class.`, {
      fix: `One of: ${order.join(', ')}.`,
    });
  }
  const given = order.filter((effect) => list.includes(effect));
  return given.length === 0 ? ['exact'] : given;
}

/** A tolerance in words: `at most 1 quantum`, `SQNR at least 35 dB`. */
export function describeTolerance(tolerance: Tolerance): string {
  const { maxDifference, relative, quanta, sqnr, cosine } = tolerance;
  const parts = [
    maxDifference !== undefined && `difference at most ${maxDifference}`,
    relative !== undefined && `difference at most ${relative} of the largest value`,
    quanta !== undefined && `at most ${quanta} ${quanta === 1 ? 'quantum' : 'quanta'}`,
    sqnr !== undefined && `SQNR at least ${sqnr} dB`,
    cosine !== undefined && `cosine at least ${cosine}`,
  ];
  return parts.filter(Boolean).join(' and ') || 'anything';
}
