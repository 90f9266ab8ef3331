import { decoderOf, encoderOf } from '../../ir/elements.ts';
import type { DataType } from '../../ir/index.ts';

/** Floating-point numbers as the shortest text that reads back to the same bits. */

/** A float32, given as the number it widens to. */
export function printFloat32(value: number): string {
  if (!Number.isFinite(value)) return printSpecial(value);
  if (Object.is(value, -0)) return '-0';
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24) return String(value);
  const rounded = Math.fround(value);
  // A normal float32 is at least 6 digits precise: fewer digits are the same 6 with zeros at the end.
  for (let digits = Math.abs(value) < smallestNormal ? 1 : 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === rounded) return String(candidate);
  }
  return String(Number(value.toPrecision(9)));
}

export function printFloat64(value: number): string {
  if (!Number.isFinite(value)) return printSpecial(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A code of a float of 16 bits or fewer; bits in hexadecimal for a NaN that the word `nan` does not stand for. */
export function printSmallFloat(dtype: DataType, code: number): string {
  const texts = known.get(dtype) ?? new Map<number, string>();
  known.set(dtype, texts);
  const text = texts.get(code) ?? smallFloatText(dtype, code);
  texts.set(code, text);
  return text;
}

/** The text with a point, so that it is no whole number. */
export function withPoint(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const smallestNormal = 2 ** -126;

const known = new Map<DataType, Map<number, string>>();

function printSpecial(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

function smallFloatText(dtype: DataType, code: number): string {
  const encode = encoderOf(dtype);
  const value = decoderOf(dtype)(code);
  if (encode(value) !== code) return `0x${code.toString(16)}`;
  if (!Number.isFinite(value) || value === 0) return withPoint(printFloat64(value));
  // The values of 8-bit and smaller types are short as they are; a rounder number would only mislead.
  for (let digits = 1; digits < 6 && dtype.endsWith('float16'); digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (encode(candidate) === code) return withPoint(String(candidate));
  }
  return withPoint(String(value));
}
