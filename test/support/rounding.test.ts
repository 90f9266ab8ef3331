import { describe, expect, it } from 'vitest';
import { encodeFloat, floatFormats, maxFinite } from '../../src/support/minifloat.ts';
import { roundHalfAway, roundHalfEven } from '../../src/support/rounding.ts';

describe('rounding', () => {
  it('to even on ties', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, 2.6, -2.6].map(roundHalfEven)).toEqual([
      0, 2, 2, -0, -2, -2, 2, 3, -3,
    ]);
  });
  it('leaves large values, infinities and NaN as they are', () => {
    for (const x of [2 ** 52 + 1, -(2 ** 53), Infinity, -Infinity, NaN])
      expect(Object.is(roundHalfEven(x), x)).toBe(true);
  });
  it('away from zero on ties', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5].map(roundHalfAway)).toEqual([1, 2, 3, -1, -2, -3]);
  });
});

describe('small floats', () => {
  it('have the largest values their pages state', () => {
    const largest = Object.entries(floatFormats).map(([name, format]) => [name, maxFinite(format)]);
    expect(Object.fromEntries(largest)).toEqual({
      float16: 65504,
      bfloat16: 3.3895313892515355e38,
      float8e4m3fn: 448,
      float8e4m3fnuz: 240,
      float8e5m2: 57344,
      float8e5m2fnuz: 57344,
      float6e2m3: 7.5,
      float6e3m2: 28,
      float4e2m1: 6,
    });
  });
  it('round half to even before they look for overflow', () => {
    const { float8e4m3fn, float8e5m2, float4e2m1, float8e4m3fnuz } = floatFormats;
    expect(encodeFloat(float8e4m3fn, 464)).toBe(0x7e);
    expect(encodeFloat(float8e4m3fn, 464.1)).toBe(0x7f);
    expect(encodeFloat(float8e4m3fn, 1e6, true)).toBe(0x7e);
    expect(encodeFloat(float8e5m2, 1e6)).toBe(0x7c);
    expect(encodeFloat(float8e5m2, -Infinity, true)).toBe(0xfb);
    expect(encodeFloat(float4e2m1, 100)).toBe(7);
    expect(encodeFloat(float4e2m1, 2.5)).toBe(4);
    expect(encodeFloat(float8e4m3fnuz, -0)).toBe(0);
    expect(encodeFloat(float8e4m3fnuz, 1000)).toBe(0x80);
  });
});
