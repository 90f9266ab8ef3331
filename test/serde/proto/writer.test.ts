import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireReader } from '../../../src/serde/proto/wire.ts';
import { WireWriter } from '../../../src/serde/proto/writer.ts';
import { varint } from './bytes.ts';

const written = (write: (writer: WireWriter) => void): number[] => {
  const writer = new WireWriter();
  write(writer);
  return writer.finish().flatMap((chunk) => [...chunk]);
};

describe('a varint', () => {
  const edges = [
    0n,
    1n,
    127n,
    128n,
    16383n,
    16384n,
    2n ** 28n,
    2n ** 31n,
    2n ** 32n,
    2n ** 35n,
    2n ** 53n,
    2n ** 63n - 1n,
  ];
  const int64 = fc.oneof(
    fc.constantFrom(...edges, ...edges.map((edge) => -edge)),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  );

  it('is the shortest of its number, and read back', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const bytes = written((writer) => writer.bigint(value));
        expect(bytes).toEqual(varint(value));
        const reader = new WireReader(Uint8Array.from(bytes));
        reader.varint();
        expect(reader.bigint).toBe(value);
        expect(reader.int64).toBe(Number(value));
        expect(reader.uint64).toBe(Number(BigInt.asUintN(64, value)));
        if (Number.isSafeInteger(Number(value)))
          expect(written((writer) => writer.integer(Number(value)))).toEqual(bytes);
      }),
    );
  });

  it('is read when it is longer than it has to be', () => {
    fc.assert(
      fc.property(int64, fc.nat(9), (value, extra) => {
        const bytes = varint(value, Math.min(extra, 10 - varint(value).length));
        const reader = new WireReader(Uint8Array.from(bytes));
        reader.varint();
        expect(reader.bigint).toBe(value);
        expect(reader.pos).toBe(bytes.length);
      }),
    );
  });
});

describe('what is written last', () => {
  it('comes first, whatever the sizes', () => {
    const piece = fc.oneof(
      fc.nat(20).map((length) => new Uint8Array(length).fill(1)),
      fc.constantFrom(5000, 8192, 70_000).map((length) => new Uint8Array(length).fill(2)),
      fc.nat().map((value) => value),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const expected: number[] = [];
        const writer = new WireWriter();
        for (const each of pieces.toReversed()) {
          if (typeof each === 'number') writer.integer(each);
          else writer.bytes(each);
        }
        for (const each of pieces) expected.push(...(typeof each === 'number' ? varint(each) : each));
        expect(writer.length).toBe(expected.length);
        expect(Buffer.concat(writer.finish()).equals(Uint8Array.from(expected))).toBe(true);
      }),
    );
  });

  it('joins views of one buffer that touch, and no others', () => {
    const buffer = new Uint8Array(40_000);
    const writer = new WireWriter();
    writer.bytes(buffer.subarray(30_000));
    writer.bytes(buffer.subarray(20_000, 30_000));
    writer.bytes(buffer.subarray(0, 10_000));
    expect(writer.finish().map((chunk) => [chunk.byteOffset, chunk.length])).toEqual([
      [0, 10_000],
      [20_000, 20_000],
    ]);
  });
});
