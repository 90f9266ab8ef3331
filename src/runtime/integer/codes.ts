import type { NdArray, Numbers } from '../array.ts';

/** The bytes of an int8 or uint8 array as they lie in memory. */
export function bytesOf({ data }: NdArray): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as Numbers;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What each byte means: the number it is in the array's type minus a zero point. */
export function meaningOf({ dtype }: NdArray, zero: number): Float64Array {
  return Float64Array.from(
    { length: 256 },
    (_, byte) => (dtype === 'int8' ? (byte << 24) >> 24 : byte) - zero,
  );
}
