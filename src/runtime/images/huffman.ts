import { badImage } from './image.ts';

/** A canonical Huffman code: codes of one length follow each other, the shorter ones first. */
export class HuffmanTable {
  /** How many codes have each length, from 1 on. */
  readonly #counts: readonly number[];
  /** The symbols in the order of their codes. */
  readonly #symbols: ArrayLike<number>;

  constructor(counts: readonly number[], symbols: ArrayLike<number>) {
    this.#counts = counts;
    this.#symbols = symbols;
  }

  /** The code in which symbol i has `lengths[i]` bits; none where that is 0. */
  static fromLengths(lengths: readonly number[]): HuffmanTable {
    const counts = Array.from({ length: 15 }, (_, i) => lengths.filter((length) => length === i + 1).length);
    const symbols = counts.flatMap((_, i) =>
      lengths.flatMap((length, symbol) => (length === i + 1 ? [symbol] : [])),
    );
    return new HuffmanTable(counts, symbols);
  }

  /** The symbol of the next bits. */
  decode(bit: () => number): number {
    let [code, first, index] = [0, 0, 0];
    for (const count of this.#counts) {
      code |= bit();
      if (code - first < count) return this.#symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw badImage('It has bits that are no code.');
  }
}
