import { tensor } from '../ir/index.ts';
import type { NodeMatch, Value } from '../pattern/index.ts';
import type { Builder } from '../rewrite/index.ts';

/** Smallest and largest element that a value has been seen to hold. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** What calibration has seen, by the name of the value. */
export type Ranges = ReadonlyMap<string, Range>;

/** A quantizer pair that a value has already. */
export interface FoundPair {
  readonly quantize: NodeMatch<'QuantizeLinear'>;
  readonly dequantize: NodeMatch<'DequantizeLinear'>;
  readonly scale: number;
}

/**
 * The pair of integers, with one scale for the whole tensor, that stands behind a value; the one with the widest range
 * where there are several.
 */
export function pairOn(value: Value): FoundPair | undefined {
  const found = value.uses.flatMap(({ reader, index }) => {
    if (index !== 0 || reader.opType !== 'QuantizeLinear' || !reader.isStandard) return [];
    return pairOf(reader as NodeMatch<'QuantizeLinear'>) ?? [];
  });
  return found.reduce<FoundPair | undefined>(
    (best, pair) => (best === undefined || pair.scale > best.scale ? pair : best),
    undefined,
  );
}

function pairOf(quantize: NodeMatch<'QuantizeLinear'>): FoundPair | undefined {
  const [, scale, zero] = quantize.inputs;
  const dequantize = quantize.output.uses.find(
    ({ reader, index }) => index === 0 && reader.opType === 'DequantizeLinear' && reader.isStandard,
  )?.reader as NodeMatch<'DequantizeLinear'> | undefined;
  const constant = scale?.constant;
  if (dequantize === undefined || constant === undefined || constant.size !== 1) return undefined;
  const [, otherScale, otherZero] = dequantize.inputs;
  if (otherScale?.name !== scale!.name || otherZero?.name !== zero?.name) return undefined;
  return { quantize, dequantize, scale: (constant.toTypedArray() as Float32Array)[0]! };
}

/** The scale of symmetric int8 codes for a range; 1 where all is zero. */
export function scaleOf({ min, max }: Range): number {
  const amax = Math.max(Math.abs(min), Math.abs(max));
  const scale = Math.fround(amax / 127);
  return scale > 0 && Number.isFinite(scale) ? scale : 1;
}

/** x → Q → DQ with a scale of its own: int8, zero point 0. */
export function newPair(build: Builder, x: Value, scale: number): Value {
  const [s, z] = [
    build.constant(tensor('float32', [], [scale], `${x}_scale`)),
    build.constant(tensor('int8', [], [0], `${x}_zero_point`)),
  ];
  return build.DequantizeLinear(build.QuantizeLinear(x, s, z), s, z);
}

/** The symmetric scale and range of a pair, as notes give them. */
export function describeScale(scale: number): string {
  return `scale ${short(scale)}, ±${short(127 * scale)}`;
}

export function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}
