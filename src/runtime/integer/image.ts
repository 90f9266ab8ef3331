import { allocate, type NdArray, productOf, stridesOf } from '../array.ts';
import { forEachRow } from '../broadcast.ts';
import { positions } from '../padded.ts';
import type { Window } from '../window.ts';
import { bytesOf } from './codes.ts';

/**
 * Images as bytes with their padding around them: the tap t of channel c of image n for the output position o is at
 * `(n·channels + c)·channelSize + origins[o] + taps[t]`.
 */
export interface ByteImages {
  readonly bytes: Uint8Array;
  readonly channelSize: number;
  /** Spatial lengths with padding. */
  readonly lengths: readonly number[];
  readonly taps: Int32Array;
  readonly origins: Int32Array;
}

/** The images of x [N, C, spatial…]; padding is x's zero point, so it counts as zero. Shares x where nothing is padded. */
export function byteImages(x: NdArray, window: Window, zero: number): ByteImages {
  const { kernel, strides, dilations, padsBegin, padsEnd, output } = window;
  const spatial = x.dims.slice(2);
  const lengths = spatial.map((length, i) => padsBegin[i]! + length + padsEnd[i]!);
  const steps = stridesOf(lengths);
  const tapSteps = steps.map((step, i) => step * dilations[i]!);
  const originSteps = steps.map((step, i) => step * strides[i]!);
  return {
    bytes: lengths.every((length, i) => length === spatial[i])
      ? bytesOf(x)
      : pad(x, lengths, padsBegin, zero),
    channelSize: productOf(lengths),
    lengths,
    taps: positions(kernel, tapSteps),
    origins: positions(output, originSteps),
  };
}

function pad(x: NdArray, lengths: readonly number[], begin: readonly number[], zero: number): Uint8Array {
  const planes = productOf(x.dims, 0, 2);
  const bytes = allocate('uint8', [planes, ...lengths]) as Uint8Array;
  bytes.fill(zero);
  const source = bytesOf(x);
  const steps = stridesOf(lengths);
  const first = begin.reduce((sum, length, i) => sum + length * steps[i]!, 0);
  const row = x.dims.at(-1)!;
  forEachRow([planes, ...x.dims.slice(2)], [[productOf(lengths), ...steps]], ([position], index) => {
    const to = first + position!;
    const from = index * row;
    for (let i = 0; i < row; i++) bytes[to + i] = source[from + i]!;
  });
  return bytes;
}
