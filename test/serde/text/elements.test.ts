import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensor, tensorFromBytes } from '../../../src/ir/index.ts';
import { parseGraph, printTensor } from '../../../src/serde/index.ts';

const parse = (text: string) => parseGraph(`g () => () <${text}> {}`).initializers[0]!;
const hex = (text: string) => Buffer.from(parse(text).toBytes()).toString('hex');

describe('elements', () => {
  it.each([
    ['float[3] w = {1, -2.5, 1e-3}', '0000803f000020c06f12833a'],
    ['double w = {0.1}', '9a9999999999b93f'],
    ['float16[3] w = {1.0, -2.0, 65504.0}', '003c00c0ff7b'],
    ['float16 w = {0x3c00}', '003c'],
    ['bfloat16[2] w = {1.0, 3.14}', '803f4940'],
    ['float8e4m3fn[3] w = {1.0, 448.0, nan}', '387e7f'],
    ['float8e5m2[2] w = {1.0, inf}', '3c7c'],
    ['float8e4m3fnuz[2] w = {1.0, nan}', '4080'],
    ['float8e8m0[2] w = {1.0, 2.0}', '7f80'],
    ['float4e2m1[3] w = {0.5, -6.0, 1.0}', 'f102'],
    ['int4[3] w = {-8, 7, -1}', '780f'],
    ['uint4[2] w = {15, 1}', '1f'],
    ['int2[4] w = {-2, -1, 0, 1}', '4e'],
    ['int8[2] w = {-128, 127}', '807f'],
    ['uint16 w = {65535}', 'ffff'],
    ['int32 w = {-2147483648}', '00000080'],
    ['int64 w = {9223372036854775807}', 'ffffffffffffff7f'],
    ['uint64 w = {18446744073709551615}', 'ffffffffffffffff'],
    ['bool[4] w = {1, 0, true, false}', '01000100'],
    ['complex64[1] w = {1, 2}', '0000803f00000040'],
    ['float[4] w = {nan, -nan, inf, -0}', '0000c07f0000c0ff0000807f00000080'],
    ['float w = {0x7f800001}', '0100807f'],
    ['double w = {0xfff0000000000001}', '010000000000f0ff'],
    ['float[0] w = {}', ''],
    ['float[] w = {1}', '0000803f'],
  ])('%s', (text, bytes) => {
    expect(hex(text)).toBe(bytes);
  });

  it('are strings in quotes in a string tensor', () => {
    expect(parse(String.raw`string[3] w = {"a", "", "\"\\\n"}`).toStrings()).toEqual(['a', '', '"\\\n']);
  });

  it('are raw bytes where no number can stand for them', () => {
    const unknown = tensorFromBytes('unknown:57', [2], Uint8Array.of(1, 255), 'w');
    expect(printTensor(unknown)).toBe('unknown:57[2] w = raw "01ff"');
    expect(printTensor(tensorFromBytes('int4', [1], Uint8Array.of(0x81)))).toBe('int4[1] = raw "81"');
  });
});

describe('printed floats', () => {
  it.each([
    [
      [0.1, 1, -2.5, 16777216, 1e-5, 3.4028234663852886e38, 1.401298464324817e-45],
      '0.1, 1, -2.5, 16777216, 0.00001, 3.4028235e+38, 1e-45',
    ],
    [[NaN, Infinity, -Infinity, -0], 'nan, inf, -inf, -0'],
    [[1 / 3, 0.3, 1e10, 123456.789], '0.33333334, 0.3, 10000000000, 123456.79'],
  ])('%j', (values, text) => {
    expect(printTensor(tensor('float32', [values.length], values))).toBe(`float[${values.length}] {${text}}`);
  });

  it('of 16 bits and fewer have a point; 8-bit ones are exact', () => {
    expect(printTensor(tensor('float16', [3], [1, 0.1, 65504]))).toBe('float16[3] {1.0, 0.1, 65500.0}');
    expect(printTensor(tensor('bfloat16', [2], [3.140625, -0]))).toBe('bfloat16[2] {3.14, -0.0}');
    expect(printTensor(tensor('float8e4m3fn', [2], [0.001953125, 240]))).toBe(
      'float8e4m3fn[2] {0.001953125, 240.0}',
    );
  });

  it('are the shortest that read back to the same float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = printTensor(tensor('float32', [], [value])).slice('float {'.length, -1);
        expect(Object.is(Math.fround(Number(text)), value)).toBe(true);
        const digits = (written: string) =>
          written.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;
        for (let shorter = 1; shorter < digits(text); shorter++) {
          expect(Math.fround(Number(value.toPrecision(shorter)))).not.toBe(value);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('read back bit for bit in every 16-bit code', () => {
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const bytes = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer);
      const all = tensorFromBytes(dtype, [65536], bytes, 'w');
      expect(Buffer.from(parse(printTensor(all)).toBytes()).equals(bytes)).toBe(true);
    }
  });
});
