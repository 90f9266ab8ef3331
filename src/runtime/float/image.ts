import { allocateNumbers, type NdArray, productOf, stridesOf } from '../array.ts';
import { forEachRow } from '../broadcast.ts';
import type { FloatArray } from './store.ts';

/** Images with zeros around them: position p of channel c of image n is at `(n·channels + c)·channelSize + p`. */
export interface PaddedFloats {
  readonly floats: FloatArray;
  readonly channelSize: number;
  /** From element to element along each spatial axis. */
  readonly steps: readonly number[];
}

/** The images of x [N, C, spatial…] with padding around them; shares x where there is none. */
export function padFloats(
  x: NdArray,
  padsBegin: readonly number[],
  padsEnd: readonly number[],
): PaddedFloats {
  const source = x.data as FloatArray;
  const lengths = x.dims.slice(2).map((length, i) => padsBegin[i]! + length + padsEnd[i]!);
  const steps = stridesOf(lengths);
  const channelSize = productOf(lengths);
  const planes = productOf(x.dims, 0, 2);
  if (planes * channelSize === source.length) return { floats: source, channelSize, steps };
  const floats = allocateNumbers(x.dtype, [planes, ...lengths]) as FloatArray;
  const first = padsBegin.reduce((sum, length, i) => sum + length * steps[i]!, 0);
  const row = x.dims.at(-1)!;
  forEachRow([planes, ...x.dims.slice(2)], [[channelSize, ...steps]], ([position], index) => {
    copyRun(source, index * row, floats, first + position!, row);
  });
  return { floats, channelSize, steps };
}

function copyRun(source: FloatArray, from: number, target: FloatArray, to: number, count: number): void {
  for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}
