/** A protobuf writer of its own, as plain as can be: what tests hold the codec against. */

export type Bytes = readonly number[];

/** A varint of a number or 64-bit integer, `extra` bytes longer than it has to be. */
export function varint(value: number | bigint, extra = 0): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 127n));
    rest >>= 7n;
  } while (rest > 0n);
  for (let i = 0; i < extra; i++) bytes.push(0);
  return bytes.map((byte, i) => (i < bytes.length - 1 ? byte | 128 : byte));
}

export function int(field: number, value: number | bigint, extra = 0): Bytes {
  return [...varint(field * 8), ...varint(value, extra)];
}

export function len(field: number, ...content: (Bytes | string)[]): Bytes {
  const body = content.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : [...part]));
  return [...varint(field * 8 + 2), ...varint(body.length), ...body];
}

export function f32(field: number, value: number): Bytes {
  return [...varint(field * 8 + 5), ...new Uint8Array(new Float32Array([value]).buffer)];
}

export function f64(field: number, value: number): Bytes {
  return [...varint(field * 8 + 1), ...new Uint8Array(new Float64Array([value]).buffer)];
}

export function group(field: number, ...content: Bytes[]): Bytes {
  return [...varint(field * 8 + 3), ...content.flat(), ...varint(field * 8 + 4)];
}

export function bytes(...parts: Bytes[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}

/** A model of one graph: its fields, then the fields of the model itself. */
export function modelOf(graph: readonly Bytes[], ...rest: Bytes[]): Uint8Array {
  return bytes(int(1, 8), len(7, graph.flat()), ...rest);
}
