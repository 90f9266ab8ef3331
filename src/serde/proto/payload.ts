import { packBits } from '../../ir/elements.ts';
import { type DataType, findDataType } from '../../ir/index.ts';
import type { Payload } from './decode.ts';
import { WireReader } from './wire.ts';

/** The typed fields of TensorProto: elements that are not in `raw_data`. */
export type PayloadField = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';

/** The one typed field that holds elements of a type. */
export function payloadFieldOf(dtype: DataType): PayloadField {
  return fieldOfType.get(dtype) ?? 'int32Data';
}

/** The elements, if they are in one piece and already laid out as `raw_data` is: floats, packed. */
export function densePayload(
  body: Uint8Array,
  payload: Payload,
  field: PayloadField,
): Uint8Array | undefined {
  const dense = payload.packed && payload.slots === 1 && (field === 'floatData' || field === 'doubleData');
  return dense ? body.subarray(payload.start, payload.end) : undefined;
}

/**
 * The elements in a typed field as `raw_data` would hold them. Walks the body of the tensor message, for there may be
 * many slots, packed or not. Every entry is cut to its type's width, so that 200 and -56 are the same int8.
 *
 * @param at place of the tensor, for errors
 */
export function readPayload(body: Uint8Array, field: PayloadField, dtype: DataType, at: string): Uint8Array {
  const spans = spansOf(body, field, at);
  if (field === 'floatData' || field === 'doubleData') return joined(spans);
  const words = field === 'int32Data' || dtype === 'uint32' ? 1 : 2;
  const entries = readVarints(spans, words, at);
  return words === 2 ? new Uint8Array(entries.buffer) : narrow(entries, dtype);
}

/** The bytes of all slots of a field, in order: values one after the other. */
function spansOf(body: Uint8Array, field: PayloadField, at: string): Uint8Array[] {
  const reader = new TensorReader(body, at);
  const spans: Uint8Array[] = [];
  const { number, wire } = wireOf[field];
  while (reader.pos < reader.end) {
    reader.tag();
    if (reader.field === number && reader.wire === 2) {
      const end = reader.length();
      spans.push(body.subarray(reader.pos, end));
      reader.pos = end;
    } else {
      const start = reader.pos;
      const wanted = reader.field === number && reader.wire === wire;
      reader.skip();
      if (wanted) spans.push(body.subarray(start, reader.pos));
    }
  }
  return spans;
}

function joined(spans: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(spans.reduce((sum, span) => sum + span.length, 0));
  let at = 0;
  for (const span of spans) {
    all.set(span, at);
    at += span.length;
  }
  return all;
}

/** Varints to 32-bit words, one or two (low first) each: no number[] and no bigint per element. */
function readVarints(spans: readonly Uint8Array[], words: 1 | 2, at: string): Int32Array {
  const out = new Int32Array(countVarints(spans) * words);
  let next = 0;
  for (const span of spans) {
    const reader = new TensorReader(span, at);
    while (reader.pos < reader.end) {
      const byte = span[reader.pos]!;
      if (byte < 128) {
        out[next] = byte;
        reader.pos += 1;
      } else {
        reader.varint();
        out[next] = reader.lo;
        if (words === 2) out[next + 1] = reader.hi;
      }
      next += words;
    }
  }
  return out;
}

function countVarints(spans: readonly Uint8Array[]): number {
  let count = 0;
  for (const span of spans) for (let i = 0; i < span.length; i++) count += span[i]! < 128 ? 1 : 0;
  return count;
}

function narrow(entries: Int32Array, dtype: DataType): Uint8Array {
  const { bits, kind } = findDataType(dtype)!;
  if (kind === 'bool') return Uint8Array.from(entries, (entry) => (entry === 0 ? 0 : 1));
  if (bits === 32) return new Uint8Array(entries.buffer);
  if (bits === 16) return new Uint8Array(Uint16Array.from(entries).buffer);
  if (bits === 6)
    return packBits(
      entries.map((entry) => entry & 63),
      6,
    );
  // 8 bits: an element an entry; 4 and 2 bits: an entry is a byte of two or four elements.
  return Uint8Array.from(entries);
}

/** Reads the inside of a tensor long after decoding: errors name the tensor. */
class TensorReader extends WireReader {
  readonly #at: string;

  constructor(bytes: Uint8Array, at: string) {
    super(bytes);
    this.#at = at;
  }

  override place(): string {
    return this.#at;
  }

  override fail(_: string, message: string, fix?: string): never {
    return super.fail('malformed', `The elements of a tensor are damaged. ${message}`, fix);
  }
}

const fieldOfType = new Map<DataType, PayloadField>([
  ['float32', 'floatData'],
  ['complex64', 'floatData'],
  ['float64', 'doubleData'],
  ['complex128', 'doubleData'],
  ['int64', 'int64Data'],
  ['uint32', 'uint64Data'],
  ['uint64', 'uint64Data'],
]);

const wireOf = {
  floatData: { number: 4, wire: 5 },
  int32Data: { number: 5, wire: 0 },
  int64Data: { number: 7, wire: 0 },
  doubleData: { number: 10, wire: 1 },
  uint64Data: { number: 11, wire: 0 },
} as const;
