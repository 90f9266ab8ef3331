import { describe, expect, it } from 'vitest';
import { decodeModel, decodeSequence, encodeModel } from '../../../src/serde/proto/index.ts';
import { ModelError } from '../../../src/support/errors.ts';
import { type Bytes, bytes, int, len, modelOf, varint } from './bytes.ts';

describe('what is no ONNX model', () => {
  it.each([
    ['an empty file', new Uint8Array(0), 'This is no ONNX model but an empty file.'],
    ['a ZIP archive', Buffer.from('PK\u0003\u0004 and so on'), 'This is no ONNX model but a ZIP archive.'],
    ['an HTML page', Buffer.from('<!DOCTYPE html><html>'), 'This is no ONNX model but an HTML or XML page.'],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
      'This is no ONNX model but a Git LFS pointer.',
    ],
    ['JSON', Buffer.from('{"a": 1}'), 'This is no ONNX model but JSON text.'],
  ])('is named: %s', (_, file, message) => {
    expect(errorOf(file)).toMatchObject({ code: 'not-onnx', message, at: 'byte 0' });
  });

  it('may be a tensor', () => {
    expect(errorOf(bytes(int(1, 2), int(2, 1), len(9, [1, 2])))).toMatchObject({ code: 'missing-graph' });
  });

  it('may not even be bytes', () => {
    expect(errorOf('model' as never)).toMatchObject({ code: 'not-onnx' });
  });
});

describe('a damaged file', () => {
  const file = modelOf([
    len(1, len(1, 'x'), len(3, 'conv'), len(4, 'Conv'), len(5, len(1, 'pads'), int(20, 7), int(8, 1))),
  ]);

  it('is never read as a smaller model, wherever it is cut', () => {
    for (let end = 1; end < file.length; end++) {
      const { code } = errorOf(file.subarray(0, end));
      // Cut between two fields of the model, what is left is a model without its graph.
      expect(code).toBe(end === 2 ? 'missing-graph' : 'truncated');
    }
  });

  it('says where', () => {
    const wrong = modelOf([len(1, len(4, 'Relu')), len(1, len(3, 'conv'), len(5, len(1, 'pads'), [0x0f]))]);
    expect(errorOf(wrong)).toMatchObject({
      code: 'malformed',
      message: 'Field 1 has the impossible wire type 7.',
      at: 'main/node 1 "conv"/attribute "pads"/byte 29',
    });
  });

  it.each<[string, Uint8Array, string]>([
    ['a length beyond the message', modelOf([[...varint(10), 100]]), 'truncated'],
    [
      'a length beyond the message but not the file',
      modelOf([[...varint(10), 5]], len(2, 'a long name')),
      'malformed',
    ],
    ['a length of 2^63', bytes(varint(58), varint(2n ** 63n)), 'truncated'],
    ['a length of 2^32 + 2', bytes(varint(58), varint(2 ** 32 + 2), len(1)), 'truncated'],
    ['an eleven byte varint', bytes(int(1, 1, 10)), 'malformed'],
    ['field number 0', modelOf([[0, 1]]), 'malformed'],
    ['a field number beyond 2^29', bytes(varint(2n ** 40n), [1]), 'malformed'],
    ['a group that does not end', modelOf([varint(99 * 8 + 3)]), 'truncated'],
    ['a group that ends as another', modelOf([[...varint(99 * 8 + 3), ...varint(98 * 8 + 4)]]), 'malformed'],
    ['an end without a group', modelOf([varint(99 * 8 + 4)]), 'malformed'],
    [
      'a packed list cut in an element',
      modelOf([len(1, len(5, len(7, [1, 2, 3])))], len(2, 'more')),
      'malformed',
    ],
  ])('is refused: %s', (_, wrong, code) => {
    expect(errorOf(wrong)).toMatchObject({
      code,
      at: expect.stringMatching(/byte \d+$/),
      fix: expect.any(String),
    });
  });
});

describe('a file made to exhaust the reader', () => {
  it('nests 10,000 graphs', () => {
    const then = len(1, 'then');
    const file = nest(10_000, (inner) => {
      const graph = prefix(6, inner);
      const attribute = prefix(5, then.length + graph.length + inner);
      return [
        ...prefix(1, attribute.length + then.length + graph.length + inner),
        ...attribute,
        ...then,
        ...graph,
      ];
    });
    expect(errorOf(Buffer.concat([Uint8Array.from(prefix(7, file.length)), file]))).toMatchObject({
      code: 'too-deep',
      at: expect.stringMatching(/^main\/node 0\/attribute "then"\/g\/node 0/),
    });
  });

  it('nests 10,000 types, groups and sequences', () => {
    const types = nest(10_000, (inner) => [
      ...prefix(4, prefix(1, inner).length + inner),
      ...prefix(1, inner),
    ]);
    expect(errorOf(modelOf([len(11, len(2, [...types]))]))).toMatchObject({ code: 'too-deep' });
    const starts = Array.from({ length: 10_000 }, () => varint(99 * 8 + 3)).flat();
    const ends = Array.from({ length: 10_000 }, () => varint(99 * 8 + 4)).flat();
    expect(errorOf(modelOf([starts, ends]))).toMatchObject({ code: 'too-deep' });
    const sequences = nest(10_000, (inner) => prefix(5, inner));
    expect(() => decodeSequence(sequences)).toThrow(expect.objectContaining({ code: 'too-deep' }));
  });

  it('holds more than anybody has memory for', () => {
    const ints = new Uint8Array(2 ** 24 + 1);
    const [attribute, node] = [prefix(8, ints.length), prefix(5, ints.length + 5)];
    const head = [...node, ...attribute];
    const graph = prefix(1, ints.length + head.length);
    const main = prefix(7, ints.length + head.length + graph.length);
    const file = Buffer.concat([Uint8Array.from([...main, ...graph, ...head]), ints]);
    expect(errorOf(file)).toMatchObject({
      code: 'too-many-messages',
      at: expect.stringMatching(/^main\/node 0\/attribute 0/),
    });
  });

  it('is a model of values that nests too deep to be written', () => {
    let model = decodeModel(modelOf([len(2, 'g')]));
    for (let depth = 0; depth < 2000; depth++) {
      const attribute = { name: 'then', type: 'GRAPH', value: model.graph } as const;
      const node = {
        opType: 'If',
        inputs: [],
        outputs: [],
        attributes: [attribute],
        metadata: [],
        deviceConfigurations: [],
      };
      model = { ...model, graph: { ...model.graph, nodes: [node] } };
    }
    expect(() => encodeModel(model)).toThrow(expect.objectContaining({ code: 'too-deep' }));
  });
});

function errorOf(file: Uint8Array): ModelError {
  try {
    decodeModel(file);
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }
  throw new Error('The file was decoded without an error.');
}

/** Messages inside messages: each header is made from the length of what it holds. */
function nest(depth: number, header: (innerLength: number) => Bytes): Uint8Array {
  const headers: Bytes[] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    headers.push(header(length));
    length += headers.at(-1)!.length;
  }
  return Buffer.concat(headers.reverse().map((each) => Uint8Array.from(each)));
}

function prefix(field: number, length: number): Bytes {
  return [...varint(field * 8 + 2), ...varint(length)];
}
