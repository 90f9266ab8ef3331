import fc from 'fast-check';
import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../../src/ir/index.ts';
import { tensor } from '../../../src/ir/index.ts';
import { decodeModel, encodeModel } from '../../../src/serde/proto/index.ts';
import { forgetOrigins } from './rebuild.ts';

/** onnx-proto is a decoder of its own: ONNX 1.10.2 on protobufjs 6. It packs lists of numbers where ONNX does not. */
const { onnx } = onnxProto;
const asObject = { bytes: Array, longs: String, defaults: false } as const;

describe('what we encode', () => {
  it('is read field by field by onnx-proto', () => {
    const model: Model = {
      irVersion: 8,
      producerName: 'test',
      modelVersion: -1,
      graph: {
        name: 'main',
        nodes: [
          {
            opType: 'Conv',
            name: 'conv',
            domain: '',
            inputs: ['x', 'w', ''],
            outputs: ['y'],
            attributes: [
              { name: 'pads', type: 'INTS', value: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)] },
              { name: 'alpha', type: 'FLOAT', value: -0 },
              { name: 'axis', type: 'INT', value: 0n },
              { name: 'mode', type: 'STRING', value: 'é' },
              { name: 'scales', type: 'FLOATS', value: [0.5, Number.POSITIVE_INFINITY] },
              { name: 'given', type: 'REFERENCE', valueType: 'FLOAT', value: 'outer' },
            ],
            metadata: [],
            deviceConfigurations: [],
          },
        ],
        initializers: [tensor('int8', [2, 1], [-1, 5], 'w'), tensor('string', [2], ['a', ''], 's')],
        sparseInitializers: [],
        inputs: [
          {
            name: 'x',
            type: { kind: 'tensor', elemType: 'float32', shape: [{ value: 0 }, { param: 'n' }, {}] },
            metadata: [],
          },
        ],
        outputs: [
          {
            name: 'y',
            type: { kind: 'sequence', elem: { kind: 'tensor', elemType: 'int64' } },
            metadata: [],
          },
        ],
        valueInfos: [],
        quantizationAnnotations: [{ tensorName: 'w', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] }],
        metadata: [],
      },
      opsetImports: [{ domain: '', version: 15 }],
      metadata: [{ key: 'k', value: 'v' }],
      trainingInfo: [],
      functions: [],
      configurations: [],
    };
    const read = onnx.ModelProto.toObject(onnx.ModelProto.decode(encodeModel(model)), asObject);
    expect(read).toEqual({
      irVersion: '8',
      producerName: 'test',
      modelVersion: '-1',
      opsetImport: [{ domain: '', version: '15' }],
      metadataProps: [{ key: 'k', value: 'v' }],
      graph: {
        name: 'main',
        node: [
          {
            input: ['x', 'w', ''],
            output: ['y'],
            name: 'conv',
            opType: 'Conv',
            domain: '',
            attribute: [
              { name: 'pads', ints: ['0', '-1', '9223372036854775807', '-9223372036854775808'], type: 7 },
              { name: 'alpha', f: -0, type: 1 },
              { name: 'axis', i: '0', type: 2 },
              { name: 'mode', s: [0xc3, 0xa9], type: 3 },
              { name: 'scales', floats: [0.5, Number.POSITIVE_INFINITY], type: 6 },
              { name: 'given', refAttrName: 'outer', type: 1 },
            ],
          },
        ],
        initializer: [
          { dims: ['2', '1'], dataType: 3, name: 'w', rawData: [255, 5] },
          { dims: ['2'], dataType: 8, name: 's', stringData: [[97], []] },
        ],
        input: [
          {
            name: 'x',
            type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: '0' }, { dimParam: 'n' }, {}] } } },
          },
        ],
        output: [{ name: 'y', type: { sequenceType: { elemType: { tensorType: { elemType: 7 } } } } }],
        quantizationAnnotation: [
          { tensorName: 'w', quantParameterTensorNames: [{ key: 'SCALE_TENSOR', value: 's' }] },
        ],
      },
    });
  });
});

describe('what onnx-proto encodes', () => {
  it('says the same after we decoded it and built it anew', () => {
    fc.assert(
      fc.property(modelProto({ numbers: true }), (message) => {
        const theirs = onnx.ModelProto.encode(onnx.ModelProto.fromObject(message)).finish();
        const ours = encodeModel(forgetOrigins(decodeModel(theirs)));
        const read = (bytes: Uint8Array) => onnx.ModelProto.toObject(onnx.ModelProto.decode(bytes), asObject);
        expect(read(ours)).toEqual(read(theirs));
      }),
    );
  });

  it('is byte for byte what we encode, where no list of numbers is packed', () => {
    fc.assert(
      fc.property(modelProto({ numbers: false }), (message) => {
        const theirs = onnx.ModelProto.encode(onnx.ModelProto.fromObject(message)).finish();
        expect(Buffer.from(encodeModel(forgetOrigins(decodeModel(theirs))))).toEqual(Buffer.from(theirs));
      }),
    );
  });
});

/** Models as onnx-proto takes them; `numbers: false` leaves out the lists it packs. */
function modelProto({ numbers }: { numbers: boolean }): fc.Arbitrary<Record<string, unknown>> {
  const text = fc.string({ maxLength: 8, unit: 'binary' });
  const bytes = fc.array(fc.nat(255), { minLength: 1, maxLength: 8 });
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
  const small = fc.integer().map(String);
  const list = <T>(element: fc.Arbitrary<T>) => fc.array(element, { maxLength: 3 });
  const message = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
  const entry = message({ key: text, value: text });
  const tensor = fc
    .tuple(
      message({ name: text, docString: text }),
      numbers ? list(fc.integer({ min: 1, max: 4 })) : fc.constant([]),
      bytes,
    )
    .map(([head, dims, raw]) => {
      const count = dims.reduce((product, dim) => product * dim, 1);
      return { ...head, dims, dataType: 2, rawData: Array.from({ length: count }, (_, i) => raw[i] ?? i) };
    });
  const dimension = fc.oneof(message({ dimValue: small, denotation: text }), message({ dimParam: text }));
  const tensorType = message({
    elemType: fc.integer({ min: 1, max: 30 }),
    shape: message({ dim: list(dimension) }),
  });
  const type = fc.oneof(
    message({ tensorType, denotation: text }),
    message({ sequenceType: message({ elemType: message({ tensorType }) }) }),
    message({
      mapType: message({ keyType: fc.integer({ min: 1, max: 30 }), valueType: message({ tensorType }) }),
    }),
    message({ optionalType: message({ elemType: message({ tensorType }) }) }),
  );
  const value = fc.tuple(text, message({ type, docString: text })).map(([name, rest]) => ({ name, ...rest }));
  const float = fc.float({ noNaN: true });
  const { graph } = fc.letrec<{ graph: unknown }>((tie) => {
    const held = fc.oneof(
      fc.record({ type: fc.constant(1), f: float }),
      fc.record({ type: fc.constant(2), i: int64 }),
      fc.record({
        type: fc.constant(3),
        s: fc.string({ minLength: 1, maxLength: 8 }).map((s) => [...Buffer.from(s)]),
      }),
      fc.record({ type: fc.constant(3), s: bytes }),
      fc.record({ type: fc.constant(4), t: tensor }),
      fc.record({ type: fc.constant(5), g: tie('graph') }),
      fc.record({ type: fc.constant(8), strings: list(bytes) }),
      fc.record({ type: fc.constant(9), tensors: list(tensor) }),
      fc.record({ type: fc.constant(2), refAttrName: fc.string({ minLength: 1 }) }),
      ...(numbers
        ? [
            fc.record({ type: fc.constant(6), floats: list(float) }),
            fc.record({ type: fc.constant(7), ints: list(int64) }),
          ]
        : []),
    );
    const attribute = fc
      .tuple(text, message({ docString: text }), held)
      .map(([name, rest, live]) => ({ name, ...rest, ...live }));
    const node = fc
      .tuple(
        text,
        message({ input: list(text), output: list(text), name: text, docString: text, domain: text }),
        list(attribute),
      )
      .map(([opType, rest, attributes]) => ({ opType, ...rest, attribute: attributes }));
    return {
      graph: fc.record(
        {
          node: fc.array(node, { maxLength: 3, depthIdentifier: 'graph', size: 'small' }),
          name: text,
          initializer: list(tensor),
          docString: text,
          input: list(value),
          output: list(value),
          valueInfo: list(value),
          quantizationAnnotation: list(message({ tensorName: text, quantParameterTensorNames: list(entry) })),
        },
        { requiredKeys: [] },
      ),
    };
  });
  return fc
    .tuple(
      graph,
      message({
        irVersion: small,
        producerName: text,
        producerVersion: text,
        domain: text,
        modelVersion: small,
        docString: text,
        opsetImport: list(message({ domain: text, version: small })),
        metadataProps: list(entry),
      }),
    )
    .map(([main, rest]) => ({ ...rest, graph: main }));
}
