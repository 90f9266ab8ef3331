import { decoderOf, encodeElements, encoderOf, packBits } from '../../ir/elements.ts';
import { type DataType, findDataType, integerRange } from '../../ir/index.ts';
import { floatFormats, maxFinite } from '../../support/minifloat.ts';
import { excerpt, numberOf } from './lexemes.ts';
import type { Scanner } from './scanner.ts';

/** Elements of a tensor: packed little-endian bytes, or strings. */
export interface Elements {
  /** Values that were written; two for each complex element. */
  readonly count: number;
  readonly bytes?: Uint8Array;
  readonly strings?: readonly string[];
}

/** Reads `{1, 2, 3}`; the brace is still to come. Complex numbers are pairs: two values per element. */
export function readElements(scanner: Scanner, dtype: DataType): Elements {
  scanner.take('{', ' before the elements');
  const info = findDataType(dtype);
  if (info === undefined)
    scanner.fail(
      'unknown-dtype',
      `Elements of type "${dtype}" cannot be written as numbers.`,
      undefined,
      'Use raw "…" with their bytes in hexadecimal.',
    );
  if (info.kind === 'string') {
    const strings = readList(scanner, [], () => scanner.string('a string'));
    return { count: strings.length, strings: Object.freeze(strings) };
  }
  if (dtype === 'int64' || dtype === 'uint64') return readBigInts(scanner, dtype);
  if (dtype === 'float64' || dtype === 'complex128') return readWideFloats(scanner, dtype, 64);
  if (dtype === 'float32' || dtype === 'complex64') return readWideFloats(scanner, dtype, 32);
  if (info.kind === 'float') return readSmallFloats(scanner, dtype, info.bits);
  return readIntegers(scanner, dtype, info.bits);
}

/** The float32 or float64 that a decimal text stands for; too large for the type is an error, not infinity. */
export function floatOf(scanner: Scanner, text: string, bits: 32 | 64): number {
  const exact = numberOf(text);
  const value = bits === 32 ? Math.fround(exact) : exact;
  if (!Number.isFinite(value) && /\d/.test(text)) {
    scanner.fail(
      'value-out-of-range',
      `${excerpt(text)} is too large for a float of ${bits} bits.`,
      scanner.position - text.length,
      'Write inf for infinity.',
    );
  }
  return value;
}

function readList<T>(scanner: Scanner, items: T[], item: () => T): T[] {
  if (scanner.takes('}')) return items;
  do {
    const next = scanner.peek();
    if (next === '…' || next === '.')
      scanner.fail(
        'abbreviated-text',
        'Elements were left out here ("…"); this text cannot be read back.',
        undefined,
        'Print the model without `abbreviate`.',
      );
    items.push(item());
  } while (scanner.takes(','));
  if (!scanner.takes('}')) scanner.expected('"," or "}"');
  return items;
}

function readBigInts(scanner: Scanner, dtype: 'int64' | 'uint64'): Elements {
  const wrap = dtype === 'int64' ? BigInt.asIntN : BigInt.asUintN;
  const values = readList<bigint>(scanner, [], () => {
    scanner.peek();
    const at = scanner.position;
    const value = scanner.integer(`a whole number (${dtype})`);
    return wrap(64, value) === value
      ? value
      : scanner.fail('value-out-of-range', `${value} is no ${dtype}.`, at);
  });
  return { count: values.length, bytes: encodeElements(dtype, values) };
}

function readIntegers(scanner: Scanner, dtype: DataType, bits: number): Elements {
  const { min, max } = dtype === 'bool' ? { min: 0, max: 1 } : integerRange(dtype)!;
  const values = readList<number>(scanner, [], () => {
    if (dtype === 'bool' && scanner.takesWord('true')) return 1;
    if (dtype === 'bool' && scanner.takesWord('false')) return 0;
    const text = scanner.number(`a whole number (${dtype})`);
    if (scanner.numberKind === 'bits' && dtype === 'bool') return Number(bitsOf(scanner, text, 8));
    const value = Number(text);
    if (scanner.numberKind !== 'integer' || value < min || value > max)
      scanner.fail(
        'value-out-of-range',
        `${excerpt(text)} is no ${dtype}; the range is ${min} to ${max}, whole numbers.`,
        scanner.position - text.length,
      );
    return value;
  });
  if (dtype === 'bool') return { count: values.length, bytes: Uint8Array.from(values) };
  if (bits < 8)
    return {
      count: values.length,
      bytes: packBits(
        values.map((value) => value & ((1 << bits) - 1)),
        bits,
      ),
    };
  return { count: values.length, bytes: encodeElements(dtype, values) };
}

function readWideFloats(scanner: Scanner, dtype: DataType, bits: 32 | 64): Elements {
  const patterns: (readonly [number, bigint])[] = [];
  let index = 0;
  const values = readList<number>(scanner, [], () => {
    const text = scanner.number('a number');
    index += 1;
    if (scanner.numberKind === 'bits') patterns.push([index - 1, bitsOf(scanner, text, bits)]);
    else if (/^-nan$/i.test(text))
      patterns.push([index - 1, bits === 32 ? 0xffc00000n : 0xfff8000000000000n]);
    else return floatOf(scanner, text, bits);
    return 0;
  });
  const bytes = encodeElements(dtype, values);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [at, pattern] of patterns) {
    if (bits === 32) view.setUint32(4 * at, Number(pattern), true);
    else view.setBigUint64(8 * at, pattern, true);
  }
  return { count: values.length, bytes };
}

function readSmallFloats(scanner: Scanner, dtype: DataType, bits: number): Elements {
  const encode = encoderOf(dtype);
  const decode = decoderOf(dtype);
  const codes = readList<number>(scanner, [], () => {
    const text = scanner.number('a number');
    if (scanner.numberKind === 'bits') return Number(bitsOf(scanner, text, bits));
    const at = scanner.position - text.length;
    if (scanner.numberKind === 'integer' && Number(text) !== 0)
      scanner.fail(
        'syntax',
        `"${excerpt(text)}" could be a value or the bits of a ${dtype}.`,
        at,
        ambiguous(text),
      );
    const value = numberOf(text);
    const code = encode(value);
    if (!holds(dtype, value, decode(code)))
      scanner.fail('value-out-of-range', `${excerpt(text)} is no ${dtype}.`, at);
    return Number.isNaN(value) && text.startsWith('-') ? code | (1 << (bits - 1)) : code;
  });
  return { count: codes.length, bytes: packBits(codes, bits) };
}

/** ONNX writes the bits of a small float as a whole number; people mean the value. Only one of them can be right. */
function ambiguous(text: string): string {
  return `Write ${excerpt(text)}.0 for the value, or hexadecimal such as 0x3c00 for the bits.`;
}

/** Whether a small float type has a place for `value`, which it rounds to `stored`. */
function holds(dtype: DataType, value: number, stored: number): boolean {
  if (!Number.isFinite(value)) return Object.is(stored, value);
  if (dtype === 'float8e8m0') return value > 0 && value <= 2 ** 127;
  const format = floatFormats[dtype as keyof typeof floatFormats];
  return Number.isFinite(stored) && (format.special !== 'none' || Math.abs(value) <= maxFinite(format));
}

/** A bit pattern such as `0x7fc00001`. */
function bitsOf(scanner: Scanner, text: string, bits: number): bigint {
  const pattern = text.length <= 18 ? BigInt(text) : undefined;
  if (pattern === undefined || pattern >> BigInt(bits) !== 0n) {
    return scanner.fail(
      'value-out-of-range',
      `${excerpt(text)} has more than ${bits} bits.`,
      scanner.position - text.length,
    );
  }
  return pattern;
}
