import { describe, expect, it } from 'vitest';
import type { DataType } from '../../../src/ir/index.ts';
import { dataTypeToCode } from '../../../src/ir/index.ts';
import { decodeTensor, type ExternalReference } from '../../../src/serde/proto/index.ts';
import { type Bytes, bytes, f32, f64, int, len, varint } from './bytes.ts';

const code = dataTypeToCode;
const packed = (field: number, ...values: (number | bigint)[]): Bytes =>
  len(field, ...values.map((value) => varint(value)));
const one = (dtype: DataType, count: number, ...data: Bytes[]): Uint8Array =>
  bytes(int(1, count), int(2, code(dtype)), ...data);
const read = (file: Uint8Array): unknown[] => [...(decodeTensor(file).toTypedArray() as Iterable<unknown>)];

const floatBits = (...values: number[]): number[] => [...new Uint8Array(new Float32Array(values).buffer)];
const doubleBits = (...values: number[]): number[] => [...new Uint8Array(new Float64Array(values).buffer)];

describe('typed fields', () => {
  // Expected values: onnx-facts (c) and (d) 10, which were measured on onnx's own helpers.
  it.each<[DataType, number, Bytes, unknown[]]>([
    ['float32', 2, len(4, floatBits(1.5, -0)), [1.5, -0]],
    ['complex64', 1, len(4, floatBits(1, 2)), [1, 2]],
    ['float64', 2, len(10, doubleBits(0.1, 2)), [0.1, 2]],
    ['complex128', 1, len(10, doubleBits(0.1, 2)), [0.1, 2]],
    ['int32', 3, packed(5, 1, -1, -(2 ** 31)), [1, -1, -(2 ** 31)]],
    ['int64', 3, packed(7, 1, -1, 2n ** 63n - 1n), [1n, -1n, 2n ** 63n - 1n]],
    ['uint64', 2, packed(11, 1, 2n ** 64n - 1n), [1n, 2n ** 64n - 1n]],
    ['uint32', 2, packed(11, 1, 2 ** 32 - 1), [1, 2 ** 32 - 1]],
    ['int8', 3, packed(5, -1, 127, -128), [-1, 127, -128]],
    ['int8', 2, packed(5, 255, 128), [-1, -128]],
    ['uint8', 2, packed(5, 255, 0), [255, 0]],
    ['int16', 2, packed(5, -2, 65535), [-2, -1]],
    ['uint16', 1, packed(5, 65535), [65535]],
    ['bool', 3, packed(5, 1, 0, 1), [1, 0, 1]],
    ['float16', 2, packed(5, 0x3c00, 0xc000), [1, -2]],
    ['bfloat16', 2, packed(5, 0x3f80, 0xc000), [1, -2]],
    ['float8e4m3fn', 2, packed(5, 0x38, 0x7e), [1, 448]],
    ['float8e5m2', 1, packed(5, 0x3c), [1]],
    ['float8e8m0', 2, packed(5, 127, 128), [1, 2]],
    ['int4', 3, packed(5, 120, 1), [-8, 7, 1]],
    ['uint4', 3, packed(5, 0xf1, 2), [1, 15, 2]],
    ['uint2', 5, packed(5, 228, 1), [0, 1, 2, 3, 1]],
    ['int2', 4, packed(5, 228), [0, 1, -2, -1]],
    ['float4e2m1', 2, packed(5, 0x72), [1, 6]],
    ['float6e2m3', 2, packed(5, 0x08, 0x1f), [1, 7.5]],
  ])('of %s, %i elements', (dtype, count, data, expected) => {
    expect(read(one(dtype, count, data))).toEqual(expected);
  });

  it('are read whether packed, one by one, or both', () => {
    expect(read(one('int32', 3, int(5, 1), packed(5, 2), int(5, -3)))).toEqual([1, 2, -3]);
    expect(read(one('float32', 3, f32(4, 1), len(4, floatBits(2)), f32(4, 3)))).toEqual([1, 2, 3]);
    expect(read(one('float64', 2, f64(10, 1), f64(10, 2)))).toEqual([1, 2]);
    expect(read(one('int64', 2, int(7, 1, 3), int(7, -1)))).toEqual([1n, -1n]);
  });

  it('step aside for raw data', () => {
    expect(read(one('int32', 1, packed(5, 1), len(9, [2, 0, 0, 0])))).toEqual([2]);
  });

  it('may be longer than the dims say', () => {
    expect(read(one('int32', 1, packed(5, 1, 2, 3)))).toEqual([1]);
    expect(read(one('uint8', 1, len(9, [1, 2, 3])))).toEqual([1]);
  });

  it('of strings hold any bytes', () => {
    const file = one('string', 3, len(6, 'é'), len(6), len(6, [0xff]));
    expect(decodeTensor(file).toStrings()).toEqual(['é', '', '\udcff']);
  });

  it('may be absent when a dimension is 0', () => {
    expect(read(one('float32', 0))).toEqual([]);
  });

  it('keep the payload of a NaN', () => {
    const bits = [0x01, 0x00, 0xa0, 0x7f];
    expect([...decodeTensor(one('float32', 1, len(4, bits))).toBytes()]).toEqual(bits);
  });
});

describe('raw data', () => {
  it('is a view of the file', () => {
    const file = one('uint8', 4, len(9, [1, 2, 3, 4]));
    const tensor = decodeTensor(file);
    expect(tensor.origin!.bytes.buffer).toBe(file.buffer);
    expect(tensor.toBytes().buffer).not.toBe(file.buffer);
  });

  it('that is too short is an error that counts', () => {
    expect(() => read(one('float32', 2, len(9, [1, 2, 3])))).toThrow(
      'A tensor is float32[2] and needs 8 bytes, but holds 3.',
    );
  });

  it('of a type nobody knows survives but cannot be read', () => {
    const tensor = decodeTensor(bytes(int(1, 2), int(2, 57), len(9, [1, 2])));
    expect(tensor.dtype).toBe('unknown:57');
    expect(() => tensor.toTypedArray()).toThrow(expect.objectContaining({ code: 'no-typed-array' }));
  });
});

describe('what cannot be read', () => {
  const fails = (file: Uint8Array, code: string): void =>
    expect(() => decodeTensor(file).toTypedArray()).toThrow(expect.objectContaining({ code }));

  it('is a tensor in segments', () =>
    fails(one('uint8', 1, len(3, int(1, 0)), len(9, [1])), 'segments-unsupported'));
  it('is a negative dimension', () => fails(one('uint8', -1), 'negative-dimension'));
  it('is a dimension beyond 2^53', () => fails(bytes(int(1, 2n ** 60n), int(2, 2)), 'dims-overflow'));
  it('is a product of dimensions beyond 2^53', () =>
    fails(bytes(int(1, 2 ** 40), int(1, 2 ** 40), int(2, 2)), 'dims-overflow'));
  it('is a typed field with half an element', () => fails(one('float32', 1, len(4, [1, 2, 3])), 'malformed'));
  it('is a varint cut off inside packed data', () => fails(one('int32', 1, len(5, [0x80])), 'malformed'));
  it('is a varint that never ends', () =>
    fails(one('int32', 1, len(5, [...Array<number>(12).fill(0x80), 0])), 'malformed'));
  it('is a string tensor with too few strings', () =>
    expect(() => decodeTensor(one('string', 2, len(6, 'a'))).toStrings()).toThrow(
      expect.objectContaining({ code: 'tensor-too-short' }),
    ));
});

describe('external data', () => {
  const entry = (key: string, value: string): Bytes => len(13, len(1, key), len(2, value));
  const external = (...entries: Bytes[]): Uint8Array =>
    bytes(int(1, 4), int(2, 2), len(8, 'w'), ...entries, int(14, 1));
  const file = external(
    entry('location', 'w.bin'),
    entry('offset', '8'),
    entry('length', '4'),
    entry('color', 'red'),
  );

  it('is missing without a resolver, and says so', () => {
    const tensor = decodeTensor(file);
    expect(tensor.external?.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'location=w.bin',
      'offset=8',
      'length=4',
      'color=red',
    ]);
    expect(() => tensor.toTypedArray()).toThrow(
      expect.objectContaining({
        code: 'external-data-missing',
        message: 'Tensor "w": its elements are in another file, "w.bin", which was not given.',
      }),
    );
  });

  it('is asked for on first use, with checked numbers', () => {
    const asked: ExternalReference[] = [];
    const tensor = decodeTensor(file, {
      external: (reference) => {
        asked.push(reference);
        return Uint8Array.of(1, 2, 3, 4);
      },
    });
    expect(asked).toEqual([]);
    expect([...tensor.toTypedArray()]).toEqual([1, 2, 3, 4]);
    expect(asked).toEqual([{ tensor: 'w', location: 'w.bin', offset: 8, length: 4, checksum: undefined }]);
  });

  it('with DEFAULT location is not external', () => {
    const inline = bytes(int(1, 1), int(2, 2), len(9, [7]), entry('location', 'w.bin'), int(14, 0));
    expect(decodeTensor(inline).external).toBeUndefined();
    expect(read(inline)).toEqual([7]);
  });

  it.each([
    ['no location', [entry('offset', '0')]],
    ['a key given twice', [entry('location', 'a'), entry('location', 'b')]],
    ['a negative offset', [entry('location', 'a'), entry('offset', '-1')]],
    ['an offset that is no number', [entry('location', 'a'), entry('offset', '1e3')]],
    ['an offset beyond 2^53', [entry('location', 'a'), entry('offset', '9999999999999999')]],
    ['a length that is not what the dims need', [entry('location', 'a'), entry('length', '5')]],
  ])('refuses %s', (_, entries) => {
    const tensor = decodeTensor(external(...entries), { external: () => new Uint8Array(4) });
    expect(() => tensor.toTypedArray()).toThrow(expect.objectContaining({ code: 'external-data-invalid' }));
  });

  it('checks what the resolver returns', () => {
    const tensor = decodeTensor(file, { external: () => new Uint8Array(3) });
    expect(() => tensor.toTypedArray()).toThrow(expect.objectContaining({ code: 'tensor-too-short' }));
  });

  it('named like a property of every object is an unknown key, nothing else', () => {
    const strange = external(entry('__proto__', 'x'), entry('constructor', 'y'), entry('location', 'w.bin'));
    const tensor = decodeTensor(strange, { external: () => Uint8Array.of(1, 2, 3, 4) });
    expect([...tensor.toTypedArray()]).toEqual([1, 2, 3, 4]);
  });
});
