import type { Quantization } from '../analysis/index.ts';
import { type DataType, integerRange, type Tensor, tensor, valuesOf } from '../ir/index.ts';
import { roundHalfEven } from '../support/rounding.ts';

/** One scale and zero point for a whole tensor, as numbers. */
export interface Parameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The numbers of a per-tensor quantization; `undefined` when they are no constants, or more than one. */
export function parametersOf({ scale, zeroPoint }: Quantization): Parameters | undefined {
  if (scale?.size !== 1 || zeroPoint?.size !== 1) return undefined;
  return { scale: Number(valuesOf(scale)[0]), zeroPoint: Number(valuesOf(zeroPoint)[0]) };
}

/** The real numbers between which nothing saturates. */
export function rangeOf({ scale, zeroPoint }: Parameters, dtype: DataType): readonly [number, number] {
  const codes = integerRange(dtype) ?? { min: -1, max: 1 };
  return [scale * (codes.min - zeroPoint), scale * (codes.max - zeroPoint)];
}

/**
 * Parameters under which no value saturates that did not before: those of the member that covers all others, or, where
 * none does (zero points differ), new ones for the range from the lowest to the highest.
 *
 * The new zero point is rounded, which moves the range by up to half a quantum: no more than rounding does anyway.
 */
export function widest(members: readonly Parameters[], dtype: DataType, scaleType: DataType): Parameters {
  const ranges = members.map((member) => rangeOf(member, dtype));
  const low = ranges.reduce((least, [lo]) => Math.min(least, lo), Infinity);
  const high = ranges.reduce((most, [, hi]) => Math.max(most, hi), -Infinity);
  const covering = ranges.findIndex(([lo, hi]) => lo === low && hi === high);
  if (covering >= 0) return members[covering]!;
  const codes = integerRange(dtype)!;
  const scale = stored((high - low) / (codes.max - codes.min), scaleType);
  const zeroPoint = Math.min(codes.max, Math.max(codes.min, roundHalfEven(codes.min - low / scale)));
  return { scale, zeroPoint };
}

/** The parameters with the largest range; of several, those that reach lowest. */
export function largest(members: readonly Parameters[], dtype: DataType): Parameters {
  return members.reduce((best, member) => {
    if (member.scale !== best.scale) return member.scale > best.scale ? member : best;
    return rangeOf(member, dtype)[0] < rangeOf(best, dtype)[0] ? member : best;
  });
}

/** A number as a scale of the given type holds it. */
function stored(value: number, dtype: DataType): number {
  return Number(valuesOf(tensor(dtype, [], [value]))[0]);
}

/** A scalar under a name. */
export function scalar(dtype: DataType, value: number, name: string): Tensor {
  return tensor(dtype, [], [dtype === 'int64' || dtype === 'uint64' ? BigInt(value) : value], name);
}
