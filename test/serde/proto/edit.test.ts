import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Graph, type Model, type Node, type Tensor, tensor } from '../../../src/ir/index.ts';
import {
  decodeModel,
  decodeTensor,
  encodeModel,
  encodeModelChunks,
  encodeTensor,
} from '../../../src/serde/proto/index.ts';
import { type Bytes, bytes, int, len, modelOf } from './bytes.ts';

const extra = (text: string): Bytes => len(999, text);
const node = (name: string, ...rest: Bytes[]): Bytes =>
  len(
    1,
    extra('before'),
    len(1, 'x'),
    len(2, name),
    len(3, name),
    extra('middle'),
    len(4, 'Relu'),
    ...rest,
    extra('after'),
  );

describe('an edited model', () => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name));
  const file = modelOf([extra('graph'), ...nodes, len(2, 'main'), extra('tail')], extra('model'));

  it('keeps every byte in front of and behind the edited node', () => {
    const written = encodeModel(withNode(decodeModel(file), 1, { name: 'renamed' }));
    const renamed = len(
      1,
      extra('before'),
      len(1, 'x'),
      len(2, 'b'),
      len(3, 'renamed'),
      extra('middle'),
      len(4, 'Relu'),
      extra('after'),
    );
    expect(hex(written)).toBe(
      hex(
        modelOf(
          [extra('graph'), nodes[0]!, renamed, nodes[2]!, len(2, 'main'), extra('tail')],
          extra('model'),
        ),
      ),
    );
  });

  it('puts a field that was absent in its canonical place, in front of what is unknown', () => {
    const written = encodeModel(withNode(decodeModel(file), 1, { docString: 'why', domain: '' }));
    const documented = node('b', len(6, 'why'), len(7));
    expect(hex(written)).toBe(
      hex(
        modelOf(
          [extra('graph'), nodes[0]!, documented, nodes[2]!, len(2, 'main'), extra('tail')],
          extra('model'),
        ),
      ),
    );
  });

  it('drops what was made undefined and leaves the rest', () => {
    const written = encodeModel(withNode(decodeModel(file), 0, { name: undefined }));
    const nameless = len(
      1,
      extra('before'),
      len(1, 'x'),
      len(2, 'a'),
      extra('middle'),
      len(4, 'Relu'),
      extra('after'),
    );
    expect(hex(written)).toBe(
      hex(
        modelOf(
          [extra('graph'), nameless, nodes[1]!, nodes[2]!, len(2, 'main'), extra('tail')],
          extra('model'),
        ),
      ),
    );
  });

  it('writes a list in the order it has, whatever the order of the slots', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 2, 3, 4), { maxLength: 8 }), (picks) => {
        const model = decodeModel(file);
        const fresh: Node = {
          opType: 'Abs',
          name: 'new',
          inputs: [],
          outputs: [],
          attributes: [],
          metadata: [],
          deviceConfigurations: [],
        };
        const edited = { ...model.graph.nodes[1]!, name: 'edited' };
        const choices = [...model.graph.nodes, fresh, edited];
        const list = picks.map((pick) => choices[pick]!);
        const written = decodeModel(encodeModel(withGraph(model, { nodes: list })));
        expect(written.graph.nodes.map(({ name }) => name)).toEqual(list.map(({ name }) => name));
        expect(written.graph.name).toBe('main');
      }),
    );
  });

  it('copies untouched elements with the unknown fields they hold, wherever they go', () => {
    const model = decodeModel(file);
    const written = encodeModel(withGraph(model, { nodes: model.graph.nodes.toReversed() }));
    expect(hex(written)).toBe(
      hex(modelOf([extra('graph'), ...nodes.toReversed(), len(2, 'main'), extra('tail')], extra('model'))),
    );
  });

  it('keeps lists that are interleaved with others in place', () => {
    const interleaved = modelOf([node('a'), len(2, 'g'), node('b'), len(10, 'doc'), node('c')]);
    const model = decodeModel(interleaved);
    const [a, , c] = model.graph.nodes;
    const written = encodeModel(withGraph(model, { nodes: [a!, c!] }));
    expect(hex(written)).toBe(hex(modelOf([node('a'), len(2, 'g'), len(10, 'doc'), node('c')])));
  });

  it('takes nodes of another model along, byte for byte', () => {
    const other = decodeModel(modelOf([node('far')]));
    const model = decodeModel(file);
    const written = encodeModel(withGraph(model, { nodes: [...model.graph.nodes, ...other.graph.nodes] }));
    expect(hex(written)).toBe(
      hex(modelOf([extra('graph'), ...nodes, node('far'), len(2, 'main'), extra('tail')], extra('model'))),
    );
  });

  it('rewrites lists of strings in place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 3 })),
        fc.array(fc.string({ maxLength: 3 })),
        (old, edited) => {
          const part = (inputs: readonly string[]): Uint8Array =>
            modelOf([len(1, ...inputs.map((name) => len(1, name)), len(2, 'y'), extra('u'))]);
          const written = encodeModel(withNode(decodeModel(part(old)), 0, { inputs: edited }));
          expect(hex(written)).toBe(hex(part(edited)));
        },
      ),
    );
  });
});

describe('an edited attribute', () => {
  const attributes = (...list: Bytes[]): Uint8Array =>
    modelOf([len(1, len(4, 'Op'), ...list.map((a) => len(5, a)))]);
  const edit = (file: Uint8Array, change: object): Uint8Array => {
    const model = decodeModel(file);
    const [first, ...rest] = model.graph.nodes[0]!.attributes;
    return encodeModel(withNode(model, 0, { attributes: [{ ...first!, ...change } as never, ...rest] }));
  };

  it('keeps the packing of a list', () => {
    const ints = (...list: number[]): Bytes => [...len(1, 'pads'), ...len(8, list), ...int(20, 7)];
    expect(hex(edit(attributes(ints(1, 2)), { value: [1n, 3n, 4n] }))).toBe(hex(attributes(ints(1, 3, 4))));
  });

  it('moves to another member when its type changes', () => {
    const before = attributes([...len(1, 'a'), ...int(3, 5), ...int(20, 2), ...extra('u')], len(1, 'b'));
    const after = attributes([...len(1, 'a'), ...len(4, 'five'), ...int(20, 3), ...extra('u')], len(1, 'b'));
    expect(hex(edit(before, { type: 'STRING', value: 'five' }))).toBe(hex(after));
  });

  it('keeps a zero that was absent absent, and writes one that was set', () => {
    const absent = attributes([...len(1, 'a'), ...int(20, 2)]);
    expect(hex(edit(absent, { docString: 'd' }))).toBe(
      hex(attributes([...len(1, 'a'), ...len(13, 'd'), ...int(20, 2)])),
    );
    expect(hex(edit(attributes([...len(1, 'a'), ...int(3, 5), ...int(20, 2)]), { value: 0n }))).toBe(
      hex(attributes([...len(1, 'a'), ...int(3, 0), ...int(20, 2)])),
    );
  });

  it('refuses a number for an INT and an integer too large', () => {
    const file = attributes([...len(1, 'a'), ...int(3, 5), ...int(20, 2)]);
    expect(() => edit(file, { value: 5 })).toThrow(expect.objectContaining({ code: 'value-out-of-range' }));
    expect(() => edit(file, { value: 2n ** 63n })).toThrow(
      expect.objectContaining({ code: 'value-out-of-range' }),
    );
  });
});

describe('an edited type', () => {
  it('keeps unknown fields at every level when one dimension changes', () => {
    const typed = (dim: Bytes): Uint8Array =>
      modelOf([
        len(
          11,
          len(1, 'x'),
          len(2, extra('t'), len(1, int(1, 1), extra('u'), len(2, len(1, int(1, 4, 3)), dim, extra('s')))),
        ),
      ]);
    const model = decodeModel(typed(len(1, len(2, 'n'), extra('d'))));
    const [input] = model.graph.inputs;
    const type = input!.type!;
    if (type.kind !== 'tensor') throw new Error('The test model has a tensor input.');
    const shape = [type.shape![0]!, { ...type.shape![1]!, param: undefined, value: 7 }];
    const written = encodeModel(withGraph(model, { inputs: [{ ...input!, type: { ...type, shape } }] }));
    expect(hex(written)).toBe(hex(typed(len(1, int(1, 7), extra('d')))));
  });
});

describe('an edited tensor', () => {
  const body = (...payload: Bytes[]): Uint8Array =>
    bytes(int(1, 2), int(2, 6), ...payload, len(8, 't'), extra('u'));
  const typed = body(len(5, [1, 2]));

  it('keeps its elements as they were encoded when it is renamed', () => {
    const written = encodeTensor(decodeTensor(typed).withName('other'));
    expect(hex(written)).toBe(hex(bytes(int(1, 2), int(2, 6), len(5, [1, 2]), len(8, 'other'), extra('u'))));
  });

  it('replaces all its elements by raw data when they change', () => {
    const changed = tensor('int32', [2], [3, 4]);
    const old = decodeTensor(typed);
    const written = encodeTensor(changed.with({ origin: old.origin, name: 't' }));
    expect(hex(written)).toBe(
      hex(bytes(int(1, 2), int(2, 6), len(8, 't'), len(9, [3, 0, 0, 0, 4, 0, 0, 0]), extra('u'))),
    );
  });

  it('drops the old elements when its type changes, for they would be read as another type', () => {
    const old = decodeTensor(typed) as Tensor;
    const written = decodeTensor(encodeTensor(old.with({ dtype: 'uint32' })));
    expect([...written.toTypedArray()]).toEqual([1, 2]);
    expect(written.dtype).toBe('uint32');
  });
});

describe('encodeModelChunks', () => {
  it('does not copy large tensors and joins neighbours', () => {
    const weights = new Uint8Array(100_000).fill(7);
    const file = modelOf([
      node('a'),
      len(5, int(1, 100_000), int(2, 2), len(8, 'w'), [...len(9, [...weights])]),
      node('b'),
    ]);
    const model = decodeModel(file);
    expect(encodeModelChunks(model)).toHaveLength(1);
    const chunks = encodeModelChunks(withNode(model, 0, { name: 'c' }));
    expect(chunks).toHaveLength(2);
    expect(chunks[1]!.buffer).toBe(model.origin!.bytes.buffer);
  });

  it('gives the bytes of encodeModel', () => {
    const model = decodeModel(modelOf([node('a'), node('b')], extra('end')));
    const edited = withNode(model, 1, { name: 'z' });
    expect(hex(Buffer.concat(encodeModelChunks(edited)))).toBe(hex(encodeModel(edited)));
  });
});

function withGraph(model: Model, changes: Partial<Graph>): Model {
  return { ...model, graph: { ...model.graph, ...changes } };
}

function withNode(model: Model, index: number, changes: Partial<Node>): Model {
  return withGraph(model, {
    nodes: model.graph.nodes.map((each, i) => (i === index ? { ...each, ...changes } : each)),
  });
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}
