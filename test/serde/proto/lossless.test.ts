import { describe, expect, it } from 'vitest';
import {
  decodeModel,
  decodeOptional,
  decodeSequence,
  encodeModel,
  encodeOptional,
  encodeSequence,
} from '../../../src/serde/proto/index.ts';
import { schema } from '../../../src/serde/proto/schema.generated.ts';
import { bytes, f32, int, len, modelOf, varint } from './bytes.ts';
import { touchEverything } from './rebuild.ts';
import { sample } from './samples.ts';

const variants = Array.from({ length: 15 }, (_, i) => i);

describe('a message nobody edited', () => {
  it.each(variants)('keeps unknown fields in every message, variant %i', (variant) => {
    const file = bytes(sample('ModelProto', variant, new Set()));
    expect(same(encodeModel(decodeModel(file)), file)).toBe(true);
  });
});

describe('a message that was read as something else than its bytes', () => {
  it.each([
    ['over-long lengths', bytes(varint(7 * 8 + 2), varint(4, 3), len(2, 'ab'))],
    ['a graph in two pieces', bytes(len(7, len(2, 'a')), int(1, 8), len(7, len(2, 'g')))],
  ])('keeps %s', (_, file) => {
    expect(same(encodeModel(decodeModel(file)), file)).toBe(true);
    const { producerName } = decodeModel(encodeModel({ ...decodeModel(file), producerName: 'p' }));
    expect(producerName).toBe('p');
  });
});

describe('a message that was copied without a change', () => {
  it.each(variants)('keeps unknown fields in every message of a model, variant %i', (variant) => {
    const file = bytes(sample('ModelProto', variant, new Set()));
    expect(same(encodeModel(touchEverything(decodeModel(file))), file)).toBe(true);
  });

  it.each(variants.slice(0, 7))(
    'keeps unknown fields in the messages of test data, variant %i',
    (variant) => {
      const sequence = bytes(sample('SequenceProto', variant, new Set()));
      expect(same(encodeSequence(touchEverything(decodeSequence(sequence))), sequence)).toBe(true);
      const optional = bytes(sample('OptionalProto', variant, new Set()));
      expect(same(encodeOptional(touchEverything(decodeOptional(optional))), optional)).toBe(true);
    },
  );

  it('covers every message of the schema', () => {
    const seen = new Set<string>();
    for (const variant of variants.slice(0, 7)) {
      sample('ModelProto', variant, seen);
      sample('SequenceProto', variant, seen);
    }
    expect([...seen].sort()).toEqual(Object.keys(schema).sort());
  });

  it.each([
    ['packed dims of an initializer', modelOf([len(5, len(1, [2, 3]), int(2, 1), len(8, 'w'))])],
    ['packed ints of an attribute', modelOf([len(1, len(5, len(1, 'pads'), len(8, [1, 2]), int(20, 7)))])],
    ['dims partly packed', modelOf([len(5, int(1, 2), len(1, [3, 4]), int(1, 5), int(2, 1))])],
    ['unpacked int32_data', modelOf([len(5, int(1, 2), int(2, 6), int(5, 7), int(5, -1))])],
    ['over-long varints', modelOf([len(5, int(1, 2, 4), int(2, 1, 2))], int(5, 0, 9))],
    ['an int32 with bits above', modelOf([len(5, int(2, 0x1_0000_0001n))])],
    ['a scalar written twice', bytes(int(1, 7), int(1, 8), len(7, len(2, 'a'), len(2, 'g')))],
    ['fields in descending order', bytes(len(7, len(2, 'g'), len(1, len(4, 'Relu'))), int(1, 8))],
    ['a negative enum', modelOf([len(1, len(5, len(1, 'a'), int(20, -1)))])],
    ['a type of two kinds', modelOf([len(11, len(1, 'x'), len(2, len(1, int(1, 1)), len(4)))])],
    ['a dimension beyond 2^53', modelOf([len(11, len(2, len(1, len(2, len(1, int(1, 2n ** 60n))))))])],
    ['a field of the wrong wire type', modelOf([len(1, int(4, 1), len(4, 'Relu'))])],
    ['text that is no UTF-8', modelOf([len(1, len(1, [0xff, 0xc3]), len(4, [0xed, 0xa0, 0x80]))])],
  ])('keeps %s', (_, file) => {
    expect(same(encodeModel(decodeModel(file)), file)).toBe(true);
    expect(same(encodeModel(touchEverything(decodeModel(file))), file)).toBe(true);
  });

  it.each([
    ['f: 0', len(5, len(1, 'a'), f32(2, 0), int(20, 1))],
    ['f: -0', len(5, len(1, 'a'), f32(2, -0), int(20, 1))],
    ['i: 0', len(5, len(1, 'a'), int(3, 0), int(20, 2))],
    ['s: ""', len(5, len(1, 'a'), len(4), int(20, 3))],
    ['no value at all', len(5, len(1, 'a'), int(20, 2))],
    ['an empty domain', len(7)],
    ['an empty name', len(3)],
    ['an empty doc_string', len(6)],
  ])('keeps presence in a node: %s', (_, field) => {
    const file = modelOf([len(1, field)]);
    expect(same(encodeModel(touchEverything(decodeModel(file))), file)).toBe(true);
  });
});

describe('what is read', () => {
  it('is the last of a scalar and the sum of a message', () => {
    const model = decodeModel(
      bytes(int(1, 7), len(7, len(2, 'a'), len(1)), int(1, 8), len(7, len(2, 'b'), len(1))),
    );
    expect(model.irVersion).toBe(8);
    expect(model.graph.name).toBe('b');
    expect(model.graph.nodes).toHaveLength(2);
  });

  it('is the last member of a oneof', () => {
    const dims = [len(1, int(1, 4), len(2, 'n')), len(1, len(2, 'n'), int(1, 4))];
    const model = decodeModel(modelOf([len(11, len(1, 'x'), len(2, len(1, int(1, 1), len(2, ...dims))))]));
    const type = model.graph.inputs[0]!.type!;
    expect(type.kind === 'tensor' && type.shape).toMatchObject([
      { value: undefined, param: 'n' },
      { value: 4, param: undefined },
    ]);
  });

  it('knows a shape of rank 0 from no shape', () => {
    const typed = (...type: (readonly number[])[]) => len(11, len(1, 'x'), len(2, len(1, ...type)));
    const { inputs } = decodeModel(modelOf([typed(int(1, 1)), typed(int(1, 1), len(2))])).graph;
    expect(inputs.map(({ type }) => type?.kind === 'tensor' && type.shape)).toEqual([undefined, []]);
  });

  it('is the bits of an int32 that a writer stretched', () => {
    const file = modelOf([len(5, int(2, 0x1_0000_0001n))]);
    expect(decodeModel(file).graph.initializers[0]!.dtype).toBe('float32');
  });
});

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
