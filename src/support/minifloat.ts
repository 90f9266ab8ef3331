import { roundHalfEven } from './rounding.ts';

/** The shape of a small floating-point format: sign bit, exponent, mantissa, and what its top codes mean. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /**
   * `ieee`: top exponent is Inf/NaN · `all-ones`: only S.1…1 is NaN · `negative-zero`: the code of −0 is the only NaN ·
   * `none`: every code is a number.
   */
  readonly special: 'ieee' | 'all-ones' | 'negative-zero' | 'none';
}

/** Formats of https://onnx.ai/onnx/technical/float8.html and float4.html, and the two 16-bit ones. */
export const floatFormats = {
  float16: { exponentBits: 5, mantissaBits: 10, bias: 15, special: 'ieee' },
  bfloat16: { exponentBits: 8, mantissaBits: 7, bias: 127, special: 'ieee' },
  float8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, special: 'all-ones' },
  float8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, special: 'negative-zero' },
  float8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, special: 'negative-zero' },
  float6e2m3: { exponentBits: 2, mantissaBits: 3, bias: 1, special: 'none' },
  float6e3m2: { exponentBits: 3, mantissaBits: 2, bias: 3, special: 'none' },
  float4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, special: 'none' },
} as const satisfies Record<string, FloatFormat>;

/** The largest finite value of a format. */
export function maxFinite(format: FloatFormat): number {
  const { exponentBits, mantissaBits, bias, special } = format;
  const topExponent = (1 << exponentBits) - 1 - (special === 'ieee' ? 1 : 0);
  const topMantissa = (1 << mantissaBits) - 1 - (special === 'all-ones' ? 1 : 0);
  return (1 + topMantissa / (1 << mantissaBits)) * 2 ** (topExponent - bias);
}

/** The number a code stands for. */
export function decodeFloat(format: FloatFormat, code: number): number {
  const { exponentBits, mantissaBits, bias, special } = format;
  const mantissa = code & ((1 << mantissaBits) - 1);
  const exponent = (code >> mantissaBits) & ((1 << exponentBits) - 1);
  const negative = (code >> (mantissaBits + exponentBits)) & 1;
  const top = (1 << exponentBits) - 1;
  if (special === 'negative-zero' && negative && exponent === 0 && mantissa === 0) return NaN;
  if (special === 'all-ones' && exponent === top && mantissa === (1 << mantissaBits) - 1) return NaN;
  if (special === 'ieee' && exponent === top) return mantissa ? NaN : negative ? -Infinity : Infinity;
  const magnitude =
    exponent === 0
      ? (mantissa / (1 << mantissaBits)) * 2 ** (1 - bias)
      : (1 + mantissa / (1 << mantissaBits)) * 2 ** (exponent - bias);
  return negative ? -magnitude : magnitude;
}

/**
 * The code nearest to `x`, halves to even. Overflow and infinities go to the largest finite value when `saturate` is
 * set (or when the format has no other place for them), else to infinity or NaN.
 */
export function encodeFloat(format: FloatFormat, x: number, saturate = false): number {
  const { exponentBits, mantissaBits, bias, special } = format;
  const sign = 1 << (exponentBits + mantissaBits);
  const negative = x < 0 || Object.is(x, -0);
  if (Number.isNaN(x)) return nanCode(format);
  const magnitude = Math.abs(x);
  const max = maxFinite(format);
  const exponent = magnitude === 0 ? 1 - bias : Math.max(floorLog2(magnitude), 1 - bias);
  const quantum = 2 ** (exponent - mantissaBits);
  const rounded = magnitude === Infinity ? Infinity : roundHalfEven(magnitude / quantum) * quantum;
  if (rounded > max) {
    const maxCode = encodeFloat(format, max);
    const outside =
      saturate || special === 'none'
        ? maxCode
        : special === 'ieee'
          ? ((1 << exponentBits) - 1) << mantissaBits
          : nanCode(format);
    return special === 'negative-zero' && outside === nanCode(format)
      ? outside
      : negative
        ? outside | sign
        : outside;
  }
  if (rounded === 0) return negative && special !== 'negative-zero' ? sign : 0;
  const e = Math.max(floorLog2(rounded), 1 - bias);
  const q = rounded / 2 ** (e - mantissaBits);
  const normal = q >= 1 << mantissaBits;
  const code = normal ? ((e + bias) << mantissaBits) | (q - (1 << mantissaBits)) : q;
  return negative ? code | sign : code;
}

function nanCode(format: FloatFormat): number {
  const { exponentBits, mantissaBits, special } = format;
  if (special === 'negative-zero') return 1 << (exponentBits + mantissaBits);
  if (special === 'all-ones') return (1 << (exponentBits + mantissaBits)) - 1;
  if (special === 'ieee') return (((1 << exponentBits) - 1) << mantissaBits) | (1 << (mantissaBits - 1));
  return (1 << (exponentBits + mantissaBits)) - 1;
}

const scratch = new DataView(new ArrayBuffer(8));

/** ⌊log2 x⌋ for x > 0, exact: taken from the exponent bits. */
function floorLog2(x: number): number {
  scratch.setFloat64(0, x);
  const exponent = (scratch.getUint16(0) >> 4) & 0x7ff;
  return exponent === 0 ? floorLog2(x * 2 ** 54) - 54 : exponent - 1023;
}
