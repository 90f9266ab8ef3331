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
  /**
   * Most decibels of SQNR against the network without rounding that may be lost: 0 asks to be as close to it as the
   * model before was. Outputs of models that quantize no activation have to be equal.
   */
  readonly floatLoss?: number;
}

/**
 * The limits each effect class stands for: an output passes when any one of its class's alternatives holds.
 *
 * `exact` has none: every bit has to be equal. `interface` by itself asks for equal bits once both sides are dequantized.
 * `rounding` holds where elements move by float rounding or by one quantum. Behind further quantizers one flipped
 * rounding travels through the whole network, and new scales move every value on purpose. There the question is not
 * whether the outputs are the same, but whether the model is as close to the network it stands for – the one that does
 * not round – as it was.
 */
export const tolerances: Readonly<Record<AllowedEffect, readonly Tolerance[]>> = Object.freeze({
  exact: [],
  interface: [],
  rounding: [{ relative: 1e-5 }, { quanta: 1 }, { sqnr: 35 }, { floatLoss: 0.5, cosine: 0.9 }],
  closer: [{ quanta: 1 }, { sqnr: 35 }, { floatLoss: 2 }],
  scale: [{ sqnr: 20 }, { floatLoss: 0 }, { floatLoss: 3, cosine: 0.5 }],
});

/** Every effect class, strictest first. */
export const allowedEffectNames: readonly AllowedEffect[] = [
  'exact',
  'interface',
  'rounding',
  'closer',
  'scale',
];

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
  const unknown = list.find((effect) => !allowedEffectNames.includes(effect));
  if (unknown !== undefined) {
    throw new ModelError('unknown-effect', `"${unknown}" is no effect class.`, {
      fix: `One of: ${allowedEffectNames.join(', ')}.`,
    });
  }
  const given = allowedEffectNames.filter((effect) => list.includes(effect));
  return given.length === 0 ? ['exact'] : given;
}

/** A tolerance in words: `at most 1 quantum`, `SQNR at least 35 dB`. */
export function describeTolerance(tolerance: Tolerance): string {
  const { maxDifference, relative, quanta, sqnr, cosine, floatLoss } = tolerance;
  const parts = [
    maxDifference !== undefined && `difference at most ${maxDifference}`,
    relative !== undefined && `difference at most ${relative} of the largest value`,
    quanta !== undefined && `at most ${quanta} ${quanta === 1 ? 'quantum' : 'quanta'}`,
    sqnr !== undefined && `SQNR at least ${sqnr} dB`,
    floatLoss === 0 && 'no farther from the network without rounding',
    floatLoss && `at most ${floatLoss} dB farther from the network without rounding`,
    cosine !== undefined && `cosine at least ${cosine}`,
  ];
  return parts.filter(Boolean).join(' and ') || 'anything';
}
