import { HuffmanTable } from './huffman.ts';
import { badImage } from './image.ts';

const lengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115];
lengthBase.push(131, 163, 195, 227, 258);
const lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * What zlib or deflate has compressed.
 *
 * @param size how many bytes it has to be
 * @throws ModelError `bad-image` when it is not
 * @see https://www.rfc-editor.org/rfc/rfc1951
 */
export function inflate(bytes: Uint8Array, size: number): Uint8Array {
  // Two bits stand for 258 bytes at best: what says it is more is not made room for.
  if (size > bytes.length * 1032 + 258) throw badImage('It ends too early.');
  const bits = new BitReader(bytes, 2);
  const out = new Uint8Array(size);
  let at = 0;
  for (let last = false; !last; ) {
    last = bits.read(1) === 1;
    const kind = bits.read(2);
    if (kind === 3) throw badImage('A compressed block has no such kind.');
    if (kind === 0) {
      for (const value of bits.stored()) put(value);
      continue;
    }
    const [lengths, distances] = kind === 1 ? fixedTables() : readTables(bits);
    for (let symbol = bits.decode(lengths); symbol !== 256; symbol = bits.decode(lengths)) {
      if (symbol < 256) {
        put(symbol);
        continue;
      }
      const length = (lengthBase[symbol - 257] ?? 0) + bits.read(lengthBits[symbol - 257] ?? 0);
      const code = bits.decode(distances);
      const extra = Math.max(0, (code >> 1) - 1);
      const distance = (code < 2 ? code : (2 + (code & 1)) << extra) + 1 + bits.read(extra);
      if (distance > at) throw badImage('It copies from in front of its beginning.');
      for (let i = 0; i < length; i++) put(out[at - distance]!);
    }
  }
  if (at !== size) throw badImage(`${at} bytes were compressed instead of ${size}.`);
  return out;

  function put(value: number): void {
    if (at === size) throw badImage(`More than ${size} bytes were compressed.`);
    out[at++] = value;
  }
}

function fixedTables(): [HuffmanTable, HuffmanTable] {
  const lengths = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  return [HuffmanTable.fromLengths(lengths), HuffmanTable.fromLengths(new Array<number>(30).fill(5))];
}

function readTables(bits: BitReader): [HuffmanTable, HuffmanTable] {
  const [literals, distances, codes] = [bits.read(5) + 257, bits.read(5) + 1, bits.read(4) + 4];
  const codeLengths = new Array<number>(19).fill(0);
  for (let i = 0; i < codes; i++) codeLengths[codeOrder[i]!] = bits.read(3);
  const table = HuffmanTable.fromLengths(codeLengths);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = bits.decode(table);
    if (symbol < 16) lengths.push(symbol);
    else {
      const value = symbol === 16 ? (lengths.at(-1) ?? 0) : 0;
      const count = symbol === 16 ? 3 + bits.read(2) : symbol === 17 ? 3 + bits.read(3) : 11 + bits.read(7);
      for (let i = 0; i < count; i++) lengths.push(value);
    }
  }
  return [
    HuffmanTable.fromLengths(lengths.slice(0, literals)),
    HuffmanTable.fromLengths(lengths.slice(literals, literals + distances)),
  ];
}

/** Bits of bytes, lowest first. */
class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }

  read(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) throw badImage('It ends too early.');
      this.#held |= byte << this.#count;
      this.#count += 8;
    }
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return value;
  }

  decode(table: HuffmanTable): number {
    return table.decode(() => this.read(1));
  }

  /** A block that is not compressed. */
  stored(): Uint8Array {
    this.#held = this.#count = 0;
    const length = this.#bytes[this.#position]! + this.#bytes[this.#position + 1]! * 256;
    const block = this.#bytes.subarray(this.#position + 4, this.#position + 4 + length);
    if (!(block.length === length)) throw badImage('It ends too early.');
    this.#position += 4 + length;
    return block;
  }
}
