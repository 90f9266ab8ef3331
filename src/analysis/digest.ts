/**
 * A 128-bit digest of a sequence of words, numbers, texts and bytes: MurmurHash3_x86_128 over what was written.
 *
 * The same on every machine and in every release. It tells things apart, it does not protect against an attacker.
 *
 * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3
 */
export class Digest {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #length = 0;
  #block = new Int32Array(4);
  #filled = 0;

  /** Adds 32 bits. */
  word(value: number): void {
    this.#block[this.#filled++] = value;
    this.#length += 4;
    if (this.#filled < 4) return;
    this.#mix(this.#block[0]!, this.#block[1]!, this.#block[2]!, this.#block[3]!);
    this.#filled = 0;
  }

  /** Adds a number by the bits of its float64, so 0 and −0 differ. */
  number(value: number): void {
    scratch.setFloat64(0, value, true);
    this.word(scratch.getInt32(0, true));
    this.word(scratch.getInt32(4, true));
  }

  /** Adds a text and its length. */
  text(value: string): void {
    this.word(value.length);
    for (let i = 0; i < value.length; i += 2)
      this.word(value.charCodeAt(i) | ((i + 1 < value.length ? value.charCodeAt(i + 1) : 0) << 16));
  }

  /** Adds bytes and their number. */
  bytes(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole = bytes.length & ~15;
    let i = 0;
    for (; this.#filled === 0 && i < whole; i += 16) {
      this.#mix(
        view.getInt32(i, true),
        view.getInt32(i + 4, true),
        view.getInt32(i + 8, true),
        view.getInt32(i + 12, true),
      );
      this.#length += 16;
    }
    for (; i + 4 <= bytes.length; i += 4) this.word(view.getInt32(i, true));
    let rest = 0;
    for (let shift = 0; i < bytes.length; i++, shift += 8) rest |= bytes[i]! << shift;
    this.word(rest);
    this.word(bytes.length);
  }

  /** The digest so far as 32 hexadecimal digits; more may be written afterwards. */
  hex(): string {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    const [w0, w1, w2] = [this.#block[0]!, this.#block[1]!, this.#block[2]!];
    if (this.#filled > 2) c ^= Math.imul(rotate(Math.imul(w2, c3), 17), c4);
    if (this.#filled > 1) b ^= Math.imul(rotate(Math.imul(w1, c2), 16), c3);
    if (this.#filled > 0) a ^= Math.imul(rotate(Math.imul(w0, c1), 15), c2);
    a ^= this.#length;
    b ^= this.#length;
    c ^= this.#length;
    d ^= this.#length;
    a = (a + b + c + d) | 0;
    b = (b + a) | 0;
    c = (c + a) | 0;
    d = (d + a) | 0;
    [a, b, c, d] = [avalanche(a), avalanche(b), avalanche(c), avalanche(d)];
    a = (a + b + c + d) | 0;
    return [a, b + a, c + a, d + a].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(w0: number, w1: number, w2: number, w3: number): void {
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    a ^= Math.imul(rotate(Math.imul(w0, c1), 15), c2);
    a = (Math.imul((rotate(a, 19) + b) | 0, 5) + 0x561ccd1b) | 0;
    b ^= Math.imul(rotate(Math.imul(w1, c2), 16), c3);
    b = (Math.imul((rotate(b, 17) + c) | 0, 5) + 0x0bcaa747) | 0;
    c ^= Math.imul(rotate(Math.imul(w2, c3), 17), c4);
    c = (Math.imul((rotate(c, 15) + d) | 0, 5) + 0x96cd1c35) | 0;
    d ^= Math.imul(rotate(Math.imul(w3, c4), 18), c1);
    d = (Math.imul((rotate(d, 13) + a) | 0, 5) + 0x32ac3b17) | 0;
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}

const c1 = 0x239b961b;
const c2 = 0xab0e9789 | 0;
const c3 = 0x38b34ae5;
const c4 = 0xa1e38b93 | 0;
const scratch = new DataView(new ArrayBuffer(8));

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

function avalanche(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}
