import { ModelError } from '../../support/errors.ts';

/**
 * Reads the protobuf wire format: tags, varints, lengths, and over what it does not know.
 *
 * Not protobufjs' Reader, which answers bad input with a bare RangeError, cuts lengths to 32 bits, makes a Long object
 * of every 64-bit number and number[] of packed fields, and skips nested groups by recursion.
 */
export class WireReader {
  /** Never used; see `Decoder.kept`. */
  static readonly kept: object = new WireReader(new Uint8Array(0));

  bytes: Uint8Array;
  pos: number;
  /** End of the message being read; nothing is read at or behind it. */
  end: number;
  /** Low and high 32 bits (as signed integers) of the last varint. */
  lo = 0;
  hi = 0;
  /** Field number and wire type of the last tag. */
  field = 0;
  wire = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.pos = 0;
    this.end = bytes.length;
  }

  /** Where the reader is, for errors. */
  place(): string {
    return `byte ${this.pos}`;
  }

  fail(code: string, message: string, fix?: string): never {
    throw new ModelError(code, message, { at: this.place(), fix });
  }

  /** Reads `field` and `wire`. */
  tag(): void {
    this.varint();
    this.field = this.lo >>> 3;
    this.wire = this.lo & 7;
    if (this.hi !== 0 || this.field === 0) this.fail('malformed', 'A field has no valid number.', damaged);
  }

  /** Reads up to ten bytes into `lo` and `hi`; longer than needed is fine, as for every protobuf reader. */
  varint(): void {
    const { bytes, end } = this;
    let { pos } = this;
    let byte = pos < end ? bytes[pos++]! : this.#overrun();
    let lo = byte & 127;
    let hi = 0;
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 63) this.fail('malformed', 'A number is longer than ten bytes.', damaged);
      if (pos >= end) this.#overrun();
      byte = bytes[pos++]!;
      const bits = byte & 127;
      if (shift < 32) lo |= bits << shift;
      if (shift === 28) hi = bits >>> 4;
      if (shift > 32) hi |= bits << (shift - 32);
    }
    this.pos = pos;
    this.lo = lo;
    this.hi = hi;
  }

  /** The last varint as a signed 64-bit number; beyond 2^53 the nearest double. */
  get int64(): number {
    return this.hi * 2 ** 32 + (this.lo >>> 0);
  }

  get uint64(): number {
    return (this.hi >>> 0) * 2 ** 32 + (this.lo >>> 0);
  }

  get bigint(): bigint {
    if (this.hi === 0 && this.lo >>> 0 < small.length) return small[this.lo]!;
    if (this.hi === this.lo >> 31) return BigInt(this.lo);
    return (BigInt(this.hi) << 32n) | BigInt(this.lo >>> 0);
  }

  /** Reads a length and checks that so many bytes are there; returns where they end, leaves `pos` at their start. */
  length(): number {
    this.varint();
    return this.#past(this.uint64);
  }

  /** Steps over `size` bytes; returns where they start. */
  take(size: number): number {
    const start = this.pos;
    this.pos = this.#past(size);
    return start;
  }

  /** Steps over the value of a field, groups with all they hold. */
  skip(): void {
    let depth = 0;
    const { field } = this;
    const groups: number[] = [];
    for (;;) {
      if (this.wire === 0) this.varint();
      else if (this.wire === 1) this.take(8);
      else if (this.wire === 2) this.pos = this.length();
      else if (this.wire === 5) this.take(4);
      else if (this.wire === 3) {
        if (depth === maxGroups)
          this.fail('too-deep', `Groups are nested deeper than ${maxGroups}.`, damaged);
        groups[depth++] = this.field;
      } else if (this.wire !== 4 || depth === 0 || groups[--depth] !== this.field) {
        this.fail('malformed', `Field ${this.field} has the impossible wire type ${this.wire}.`, damaged);
      }
      if (depth === 0) break;
      this.tag();
    }
    this.field = field;
  }

  #past(length: number): number {
    if (length > this.end - this.pos) {
      if (this.pos + length > this.bytes.length) this.#overrun(length);
      this.fail('malformed', `A field of ${length} bytes does not fit the message that holds it.`, damaged);
    }
    return this.pos + length;
  }

  #overrun(length = 1): never {
    if (this.end < this.bytes.length)
      this.fail('malformed', 'A field runs past the end of the message that holds it.', damaged);
    const missing = this.pos + length - this.bytes.length;
    this.fail(
      'truncated',
      `The data ends ${missing > 1 ? `${missing} bytes too early` : 'too early'}, after ${this.bytes.length} bytes.`,
      'Copy or download the file again.',
    );
  }
}

/** Pads, strides and axes: most integers are small, and these are shared. */
const small = Array.from({ length: 256 }, (_, i) => BigInt(i));
const maxGroups = 100;
const damaged = 'The file is damaged or no ONNX model; copy or export it again.';
