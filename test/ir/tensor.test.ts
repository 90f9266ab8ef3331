import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DataType,
  dataTypes,
  elementCount,
  integerRange,
  Tensor,
  tensor,
  tensorFromBytes,
} from '../../src/ir/index.ts';

describe('tensor()', () => {
  it.each([
    ['float32', [1, -0, Infinity], [0, 0, 128, 63, 0, 0, 0, 128, 0, 0, 128, 127]],
    ['float64', [1], [0, 0, 0, 0, 0, 0, 240, 63]],
    ['int8', [-128, 127], [128, 127]],
    ['uint16', [258], [2, 1]],
    ['int64', [-1n], [255, 255, 255, 255, 255, 255, 255, 255]],
    ['bool', [true, false], [1, 0]],
    ['float16', [1, -2, 65504, 6e-8], [0, 60, 0, 192, 255, 123, 1, 0]],
    ['bfloat16', [1, 3.140625], [128, 63, 73, 64]],
    ['int4', [-8, 7, 1], [0x78, 1]],
    ['uint4', [1, 15], [0xf1]],
    ['int2', [-2, -1, 0, 1, 1], [0b01_00_11_10, 1]],
    ['uint2', [0, 1, 2, 3, 1], [228, 1]],
    ['float8e4m3fn', [448, -448, 2 ** -9], [0x7e, 0xfe, 1]],
    ['float8e5m2', [57344, 1], [0x7b, 0x3c]],
    ['float8e4m3fnuz', [240, 2 ** -10], [0x7f, 1]],
    ['float8e5m2fnuz', [57344, 2 ** -17], [0x7f, 1]],
    ['float4e2m1', [0.5, 6, -1.5], [0x71, 0x0b]],
    ['float6e2m3', [7.5, 0.125, 1, 2], [0x5f, 0x80, 0x40]],
    ['float8e8m0', [1, 0.5], [127, 126]],
    ['complex64', [1, 2], [0, 0, 128, 63, 0, 0, 0, 64]],
  ] as [DataType, (number | bigint | boolean)[], number[]][])(
    'packs %s as raw_data does',
    (dtype, values, bytes) => {
      const count = dtype === 'complex64' ? 1 : values.length;
      const made = tensor(dtype, [count], values);
      expect([...made.toBytes()]).toEqual(bytes);
      const back = [...(made.toTypedArray() as Iterable<number | bigint>)];
      if (dtype === 'float16') expect(back).toEqual([1, -2, 65504, 2 ** -24]);
      else expect(back).toEqual(values.map((value) => (typeof value === 'boolean' ? Number(value) : value)));
    },
  );

  it('refuses values that do not fit', () => {
    const codeOf = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return 'fine';
    };
    expect(codeOf(() => tensor('int8', [1], [128]))).toBe('value-out-of-range');
    expect(codeOf(() => tensor('int4', [1], [8]))).toBe('value-out-of-range');
    expect(codeOf(() => tensor('uint8', [1], [-1]))).toBe('value-out-of-range');
    expect(codeOf(() => tensor('int32', [1], [0.5]))).toBe('value-out-of-range');
    expect(codeOf(() => tensor('int64', [1], [2 ** 60]))).toBe('value-out-of-range');
    expect(codeOf(() => tensor('uint64', [1], [-1n]))).toBe('value-out-of-range');
    expect(codeOf(() => tensor('float32', [2], [1]))).toBe('shape-mismatch');
    expect(codeOf(() => tensor('unknown:99', [1], [1]))).toBe('unknown-dtype');
    expect(codeOf(() => tensorFromBytes('float32', [2], new Uint8Array(7)))).toBe('tensor-too-short');
    expect(codeOf(() => elementCount([2 ** 31, 2 ** 31]))).toBe('dims-overflow');
    expect(codeOf(() => elementCount([-1]))).toBe('negative-dimension');
    expect(codeOf(() => tensor('string', [1], ['a']).toTypedArray())).toBe('no-typed-array');
    expect(codeOf(() => tensor('int8', [1], [1]).toStrings())).toBe('not-a-string-tensor');
  });

  it('has scalars, empty tensors and strings', () => {
    expect(tensor('float32', [], [2]).size).toBe(1);
    expect(tensor('float32', [3, 0], []).toTypedArray()).toEqual(new Float32Array(0));
    expect(tensor('string', [2], ['a', 'é']).toStrings()).toEqual(['a', 'é']);
  });
});

describe('a tensor', () => {
  it('keeps its elements to itself', () => {
    const source = new Float32Array([1, 2]);
    const made = tensor('float32', [2], source);
    source[0] = 9;
    made.toTypedArray()[1] = 9;
    made.toBytes()[0] = 9;
    expect([...made.toTypedArray()]).toEqual([1, 2]);
    expect(Object.isFrozen(made)).toBe(true);
    expect(Object.isFrozen(made.dims)).toBe(true);
  });
  it('gives changed copies of the same elements', () => {
    const made = tensor('int8', [2, 3], [1, 2, 3, 4, 5, 6], 'w');
    expect(made.withName('v')).toMatchObject({ name: 'v', dims: [2, 3] });
    expect(made.withDims([6]).toTypedArray()).toEqual(made.toTypedArray());
    expect(() => made.withDims([5])).toThrow('has 6 elements');
  });
  it('is read only when asked', () => {
    let reads = 0;
    const lazy = new Tensor({
      dtype: 'int8',
      dims: [2],
      storage: {
        kind: 'lazy',
        load: () => {
          reads += 1;
          return Uint8Array.of(255, 1);
        },
      },
    });
    expect([lazy.size, lazy.byteLength, reads]).toEqual([2, 2, 0]);
    expect([...lazy.toTypedArray()]).toEqual([-1, 1]);
  });
  it('reads unaligned bytes', () => {
    const bytes = new Uint8Array([9, 0, 0, 128, 63]).subarray(1);
    expect([...tensorFromBytes('float32', [1], bytes).toTypedArray()]).toEqual([1]);
  });
});

describe('every element type', () => {
  const integers = dataTypes.filter((info) => integerRange(info.name) !== undefined && info.bits < 64);
  it.each(integers.map((info) => info.name))('%s keeps every value of its range', (dtype) => {
    const { min, max } = integerRange(dtype)!;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min, max: Math.min(max, 2 ** 31 - 1) }), { maxLength: 20 }),
        (values) => {
          expect(
            Array.from(tensor(dtype, [values.length], values).toTypedArray() as ArrayLike<number>),
          ).toEqual(values);
        },
      ),
      { seed: 5 },
    );
  });
  const small = dataTypes.filter((info) => info.kind === 'float' && info.bits <= 16);
  it.each(small.map((info) => [info.name, info.bits] as const))(
    '%s: every code is read and written back',
    (dtype, bits) => {
      const count = 2 ** bits;
      const codes = Uint16Array.from({ length: count }, (_, i) => i);
      const packed = new Uint8Array(Math.ceil((count * bits) / 8));
      codes.forEach((code, i) => {
        for (let bit = 0; bit < bits; bit++)
          if ((code >> bit) & 1) packed[(i * bits + bit) >> 3]! |= 1 << ((i * bits + bit) & 7);
      });
      const values = tensorFromBytes(dtype, [count], packed).toTypedArray() as Float32Array;
      const again = tensor(dtype, [count], values).toTypedArray() as Float32Array;
      for (let i = 0; i < count; i++) expect(Object.is(again[i], values[i])).toBe(true);
    },
  );
});
