import { ModelError } from '../support/errors.ts';

/** Integer quotient, truncated towards zero. Throws `division-by-zero`. */
export function divideIntegers(a: number, b: number): number {
  if (b === 0) throw byZero(a);
  return Math.trunc(a / b);
}

/** The same for 64-bit integers. */
export function divideBigints(a: bigint, b: bigint): bigint {
  if (b === 0n) throw byZero(a);
  return a / b;
}

/** Remainder with the sign of the divisor, as in Python. Throws `division-by-zero`. */
export function floorModulo(a: number, b: number): number {
  if (b === 0) throw byZero(a);
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** The same for 64-bit integers. */
export function floorModuloBigints(a: bigint, b: bigint): bigint {
  if (b === 0n) throw byZero(a);
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function byZero(a: number | bigint): ModelError {
  return new ModelError('division-by-zero', `The integer ${a} is divided by zero.`, {
    fix: 'The result is undefined in ONNX; check the input that holds the divisor.',
  });
}

/** Remainder with the sign of the dividend, as in C. Throws `division-by-zero`. */
export function remainder(a: number, b: number): number {
  if (b === 0) throw byZero(a);
  return a % b;
}

/** The same for 64-bit integers. */
export function remainderOfBigints(a: bigint, b: bigint): bigint {
  if (b === 0n) throw byZero(a);
  return a % b;
}
