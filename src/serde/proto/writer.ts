/**
 * Writes the protobuf wire format from the last byte to the first, so that the length of a message is known when
 * its header is due: one pass, no size computation, nothing moved.
 *
 * The result is a list of chunks. Big views (tensor data, messages nobody touched) become chunks themselves, not
 * copies; small pieces gather in pages; views that were neighbours in one buffer become one chunk again.
 *
 * Not protobufjs' Writer, which doubles and copies its buffer and writes 0 for a BigInt.
 */
export class WireWriter {
  /** Bytes written so far. */
  length = 0;
  /** Finished chunks, last first. */
  readonly #chunks: Uint8Array[] = [];
  #page: Uint8Array = empty;
  #view: DataView = new DataView(empty.buffer);
  /** The written part of the page is `#pos` to `#top`. */
  #pos = 0;
  #top = 0;
  /** A view that waits for its neighbour. */
  #span: Uint8Array | undefined;

  /** Puts bytes in front; they may be referred to, so they must not change. */
  bytes(view: Uint8Array): void {
    if (view.length === 0) return;
    this.length += view.length;
    const span = this.#span;
    if (span?.buffer === view.buffer && view.byteOffset + view.length === span.byteOffset) {
      this.#span = new Uint8Array(view.buffer, view.byteOffset, view.length + span.length);
      return;
    }
    if (span !== undefined) this.#settle(span);
    this.#span = view;
  }

  /** A varint of 64 bits, given in halves. */
  varint(lo: number, hi: number): void {
    const size = varintSize(lo, hi);
    let at = this.#reserve(size);
    const page = this.#page;
    while (hi !== 0 || lo >>> 0 > 127) {
      page[at++] = (lo & 127) | 128;
      lo = (lo >>> 7) | (hi << 25);
      hi >>>= 7;
    }
    page[at] = lo;
  }

  /** A whole number of at most 53 bits; negative ones take ten bytes. */
  integer(value: number): void {
    const hi = Math.floor(value / 2 ** 32);
    this.varint((value - hi * 2 ** 32) | 0, hi | 0);
  }

  bigint(value: bigint): void {
    this.varint(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  float(value: number): void {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
  }

  tag(field: number, wire: number): void {
    this.varint((field << 3) | wire, 0);
  }

  /** The header of a length-delimited field whose content was written since `length` was `before`. */
  header(field: number, before: number): void {
    this.integer(this.length - before);
    this.tag(field, 2);
  }

  /** Everything written, first byte first. The writer is used up. */
  finish(): Uint8Array[] {
    if (this.#span !== undefined) this.#settle(this.#span);
    this.#span = undefined;
    this.#closePage();
    return this.#chunks.reverse();
  }

  #settle(span: Uint8Array): void {
    if (span.length < copyBelow) {
      const at = this.#room(span.length);
      this.#page.set(span, at);
      return;
    }
    this.#closePage();
    this.#chunks.push(span);
  }

  #reserve(size: number): number {
    if (this.#span !== undefined) {
      this.#settle(this.#span);
      this.#span = undefined;
    }
    this.length += size;
    return this.#room(size);
  }

  #room(size: number): number {
    if (this.#pos < size) {
      this.#closePage();
      this.#page = new Uint8Array(Math.min(maxPage, Math.max(minPage, this.length)) + size);
      this.#view = new DataView(this.#page.buffer);
      this.#pos = this.#top = this.#page.length;
    }
    this.#pos -= size;
    return this.#pos;
  }

  #closePage(): void {
    if (this.#pos < this.#top) this.#chunks.push(this.#page.subarray(this.#pos, this.#top));
    this.#top = this.#pos;
  }
}

function varintSize(lo: number, hi: number): number {
  if (hi === 0) return lo >>> 0 < 128 ? 1 : Math.ceil((32 - Math.clz32(lo)) / 7);
  return Math.ceil((64 - Math.clz32(hi)) / 7);
}

/** Shorter spans are copied: a chunk of its own costs more than its bytes. */
const copyBelow = 8192;
const minPage = 256;
const maxPage = 65536;
const empty = new Uint8Array(0);
