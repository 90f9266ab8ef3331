import { describe, expect, it } from 'vitest';
import { storageOf } from '../../../src/ir/index.ts';
import { parseGraph, parseModel } from '../../../src/serde/index.ts';
import { plain } from './plain.ts';

const body = '(float[N] x) => (float[N] y) { y = Relu (x) }';

describe('a model', () => {
  it('is a header, a graph and functions', () => {
    const model = parseModel(`
      <
        ir_version: 8, opset_import: ["" : 18, "local" : 1],
        producer_name: "hand", producer_version: "2", domain: "example", model_version: 7,
        doc_string: "Adds twice.", metadata_props: ["author": "me", "licence": "none"]
      >
      main (float[N] x) => (float[N] y) {
        y = local.twice <times = 2> (x)  # the function below
      }
      <domain: "local", opset_import: ["" : 18], doc_string: "x + x">
      twice <mode, times: int = 3> (a) => (b) {
        b = Add <count: int = @times> (a, a)
      }`);
    expect(plain(model)).toEqual({
      irVersion: 8,
      opsetImports: [
        { domain: '', version: 18 },
        { domain: 'local', version: 1 },
      ],
      producerName: 'hand',
      producerVersion: '2',
      domain: 'example',
      modelVersion: 7,
      docString: 'Adds twice.',
      metadata: [
        { key: 'author', value: 'me' },
        { key: 'licence', value: 'none' },
      ],
      trainingInfo: [],
      configurations: [],
      graph: {
        name: 'main',
        inputs: [value('x', { kind: 'tensor', elemType: 'float32', shape: [{ param: 'N' }] })],
        outputs: [value('y', { kind: 'tensor', elemType: 'float32', shape: [{ param: 'N' }] })],
        nodes: [
          node('twice', ['x'], ['y'], [{ name: 'times', type: 'INT', value: 2n }], { domain: 'local' }),
        ],
        ...noLists,
      },
      functions: [
        {
          name: 'twice',
          domain: 'local',
          docString: 'x + x',
          opsetImports: [{ domain: '', version: 18 }],
          inputs: ['a'],
          outputs: ['b'],
          attributes: ['mode'],
          attributeDefaults: [{ name: 'times', type: 'INT', value: 3n }],
          nodes: [
            node(
              'Add',
              ['a', 'a'],
              ['b'],
              [{ name: 'count', type: 'REFERENCE', valueType: 'INT', value: 'times' }],
            ),
          ],
          valueInfos: [],
          metadata: [],
        },
      ],
    });
  });

  it('has IR version 10 and opset 21 where its header does not say', () => {
    const latest = [{ domain: '', version: 21 }];
    expect(plain(parseModel(body))).toMatchObject({ irVersion: 10, opsetImports: latest });
    expect(plain(parseModel(`<ir_version: 7> ${body}`))).toMatchObject({
      irVersion: 7,
      opsetImports: latest,
    });
    expect(plain(parseModel(`<opset_import: ["" : 13]> ${body}`))).toMatchObject({
      irVersion: 10,
      opsetImports: [{ domain: '', version: 13 }],
    });
    const silent = parseModel(`<ir_version: ?, opset_import: []> ${body}`);
    expect(silent.irVersion).toBeUndefined();
    expect(silent.opsetImports).toEqual([]);
  });

  it('tells absent from empty', () => {
    const { opsetImports, metadata, producerName, domain } = parseModel(
      `<opset_import: [13, "" : 21, "x" : ?], metadata_props: [? : "v", "k" : ?], producer_name: ""> ${body}`,
    );
    expect(plain(opsetImports)).toEqual([{ version: 13 }, { domain: '', version: 21 }, { domain: 'x' }]);
    expect(plain(metadata)).toEqual([{ value: 'v' }, { key: 'k' }]);
    expect(producerName).toBe('');
    expect(domain).toBeUndefined();
  });
});

describe('a graph', () => {
  it('mixes constants and declared types between < and >', () => {
    const graph = parseGraph(`
      g (float[1,1,4,4] x) => (float[1,1,4,4] y)
      <float[1,1,1,1] w = {2}, float[1,1,4,4] h, int64 axis = {-1}, seq(float) s> {
        h = Conv (x, w)
        y = Relu (h)
      }`);
    expect(graph.initializers.map(({ name, dims }) => [name, dims])).toEqual([
      ['w', [1, 1, 1, 1]],
      ['axis', []],
    ]);
    expect(graph.initializers[0]?.toTypedArray()).toEqual(Float32Array.of(2));
    expect(graph.valueInfos.map(({ name }) => name)).toEqual(['h', 's']);
  });

  it('gives an input a default: an initializer of the same name', () => {
    const graph = parseGraph('g (float[2] x = {1, 2}, float[2] z) => (float[2] y) { y = Add (x, z) }');
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'z']);
    expect(graph.initializers.map(({ name }) => name)).toEqual(['x']);
  });

  it('may refer to data in other files', () => {
    const [w] = parseGraph('g () => () <float[2] w = ["location": "w.bin", "offset": "16"]> {}').initializers;
    expect(w?.external).toEqual([
      { key: 'location', value: 'w.bin' },
      { key: 'offset', value: '16' },
    ]);
    expect(storageOf(w!)).toMatchObject({ kind: 'missing', code: 'external-data-missing' });
  });

  it('keeps what ONNX text has no place for in blocks', () => {
    const graph = parseGraph(`
      g [doc_string: "G", metadata_props: ["a": "b"],
         quantization_annotation: [{tensor_name: "x", quant_parameter_tensor_names: ["SCALE_TENSOR": "s"]}]]
      (float[2] x [doc_string: "in"]) => (float[N [denotation: "DATA_BATCH"]] [denotation: "TENSOR"] y)
      <float[2] s = {1, 2} [doc_string: "scale"], sparse_tensor[3, 4] {float[2] p = {5, 6}, int64[2] {0, 7}}> {
        [first, doc_string: "node"] y = Op <axis [doc_string: "why"] = 1> (x)
      }`);
    expect(graph).toMatchObject({ docString: 'G', metadata: [{ key: 'a', value: 'b' }] });
    expect(plain(graph.quantizationAnnotations)).toEqual([
      { tensorName: 'x', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] },
    ]);
    expect(graph.inputs[0]?.docString).toBe('in');
    expect(plain(graph.outputs[0]?.type)).toEqual({
      kind: 'tensor',
      elemType: 'float32',
      shape: [{ param: 'N', denotation: 'DATA_BATCH' }],
      denotation: 'TENSOR',
    });
    expect(graph.initializers[0]?.docString).toBe('scale');
    const [sparse] = graph.sparseInitializers;
    expect([sparse?.dims, sparse?.values?.name, sparse?.indices?.toTypedArray()]).toEqual([
      [3, 4],
      'p',
      BigInt64Array.of(0n, 7n),
    ]);
    expect(graph.nodes[0]).toMatchObject({ name: 'first', docString: 'node' });
    expect(graph.nodes[0]?.attributes[0]?.docString).toBe('why');
  });
});

describe('a node', () => {
  const parse = (text: string) => plain(parseGraph(`g () => () { ${text} }`).nodes);

  it('has outputs, an operator and inputs', () => {
    expect(parse('y = Relu (x) a, b = Split (y) = Sink ()')).toEqual([
      node('Relu', ['x'], ['y']),
      node('Split', ['y'], ['a', 'b']),
      node('Sink', [], []),
    ]);
  });

  it('leaves out an optional input with nothing or "" in its place; a last comma does not count', () => {
    expect(parse('y = Op (x, , z)')).toEqual([node('Op', ['x', '', 'z'], ['y'])]);
    expect(parse('y = Op (, x)')).toEqual([node('Op', ['', 'x'], ['y'])]);
    expect(parse('y = Op (x, "", z, "")')).toEqual([node('Op', ['x', '', 'z', ''], ['y'])]);
    expect(parse('y = Op (x, )')).toEqual([node('Op', ['x'], ['y'])]);
    expect(parse('"", y = Op ()')).toEqual([node('Op', [], ['', 'y'])]);
  });

  it('has a name, a domain and an overload', () => {
    expect(parse('[n1] y = com.microsoft.Gelu (x)')).toEqual([
      node('Gelu', ['x'], ['y'], [], { name: 'n1', domain: 'com.microsoft' }),
    ]);
    expect(parse('["/a b"] y = "my domain".Op:special (x)')).toEqual([
      node('Op', ['x'], ['y'], [], { name: '/a b', domain: 'my domain', overload: 'special' }),
    ]);
    expect(parse('[""] y = "".Op:"" (x)')).toEqual([
      node('Op', ['x'], ['y'], [], { name: '', domain: '', overload: '' }),
    ]);
  });

  it('takes any name in quotes', () => {
    expect(
      parse(String.raw`"model.0/conv:1" = Op ("__proto__", "a \"b\"\\\n", "🙂", "\u{dc80}", "float")`),
    ).toEqual([node('Op', ['__proto__', 'a "b"\\\n', '🙂', '\udc80', 'float'], ['model.0/conv:1'])]);
  });

  it('takes attributes before or after its inputs', () => {
    const axis = [{ name: 'axis', type: 'INT', value: -1n }];
    expect(parse('y = Op <axis = -1> (x)')).toEqual([node('Op', ['x'], ['y'], axis)]);
    expect(parse('y = Op (x) <axis: int = -1>')).toEqual([node('Op', ['x'], ['y'], axis)]);
  });
});

describe('an attribute', () => {
  const parse = (text: string) => {
    const { name: _, ...rest } = plain(
      parseGraph(`g () => () { y = Op <a${text}> () }`).nodes[0]?.attributes[0],
    ) as { name: string };
    return rest;
  };

  it.each([
    [' = 1', 'INT', 1n],
    [' = 9223372036854775807', 'INT', 9223372036854775807n],
    [' = -9223372036854775808', 'INT', -9223372036854775808n],
    [' = 1.0', 'FLOAT', 1],
    [' = 0.1', 'FLOAT', Math.fround(0.1)],
    [' = 1e-5', 'FLOAT', Math.fround(1e-5)],
    [' = -inf', 'FLOAT', -Infinity],
    [' = NaN', 'FLOAT', NaN],
    [' = -0.0', 'FLOAT', -0],
    [': float = 2', 'FLOAT', 2],
    [' = "edge"', 'STRING', 'edge'],
    [' = [1, 2]', 'INTS', [1n, 2n]],
    [': floats = [1, 2]', 'FLOATS', [1, 2]],
    [' = [1, 2.5]', 'FLOATS', [1, 2.5]],
    [': ints = []', 'INTS', []],
    [' = ["a", ""]', 'STRINGS', ['a', '']],
    [' = float[2]', 'TYPE_PROTO', { kind: 'tensor', elemType: 'float32', shape: [{ value: 2 }] }],
    [': type_protos = [?, seq()]', 'TYPE_PROTOS', [{ kind: 'none' }, { kind: 'sequence' }]],
  ])('%s is %s', (text, type, value) => {
    expect(parse(text)).toEqual({ type, value });
  });

  it('refers to an attribute of the function, or has no value at all', () => {
    expect(parse(': int = @outer')).toEqual({ type: 'REFERENCE', valueType: 'INT', value: 'outer' });
    expect(parse(' = @outer')).toEqual({ type: 'REFERENCE', valueType: 'UNDEFINED', value: 'outer' });
    expect(parse(' = ?')).toEqual({ type: 'UNDEFINED' });
  });

  it('holds tensors, with and without a name', () => {
    expect(parse(' = float[2] {1, 2}')).toEqual({
      type: 'TENSOR',
      value: { dtype: 'float32', dims: [2], metadata: [], elements: '0000803f00000040' },
    });
    expect(parse(': tensor = int8 t = {-1}')).toMatchObject({
      value: { name: 't', dims: [], elements: 'ff' },
    });
    expect(parse(' = [bool {1}, bool {0}]')).toMatchObject({ type: 'TENSORS', value: [{}, {}] });
  });

  it('holds graphs', () => {
    const graph = { inputs: [], outputs: [value('y')], nodes: [node('Op', ['outer'], ['y'])], ...noLists };
    expect(parse(' = then () => (y) { y = Op (outer) }')).toEqual({
      type: 'GRAPH',
      value: { name: 'then', ...graph },
    });
    expect(parse(' = "a graph" () => (y) { y = Op (outer) }')).toMatchObject({ value: { name: 'a graph' } });
    expect(parse(': graph = () => (y) { y = Op (outer) }')).toEqual({ type: 'GRAPH', value: graph });
    expect(parse(' = [g () => (y) {}, h () => (y) {}]')).toMatchObject({
      type: 'GRAPHS',
      value: [{ name: 'g' }, { name: 'h' }],
    });
  });
});

describe('a type', () => {
  const parse = (text: string) => plain(parseGraph(`g (${text} x) => () {}`).inputs[0]?.type);
  const float = { kind: 'tensor', elemType: 'float32' };

  it.each([
    ['float', { ...float, shape: [] }],
    ['float[]', float],
    ['float[2,N,?]', { ...float, shape: [{ value: 2 }, { param: 'N' }, {}] }],
    ['double["batch size"]', { kind: 'tensor', elemType: 'float64', shape: [{ param: 'batch size' }] }],
    ['float8e4m3fn[1]', { kind: 'tensor', elemType: 'float8e4m3fn', shape: [{ value: 1 }] }],
    ['unknown:57[1]', { kind: 'tensor', elemType: 'unknown:57', shape: [{ value: 1 }] }],
    ['undefined', { kind: 'tensor', elemType: 'undefined', shape: [] }],
    ['seq(float[])', { kind: 'sequence', elem: float }],
    ['optional(seq(float[]))', { kind: 'optional', elem: { kind: 'sequence', elem: float } }],
    ['map(int64, float[])', { kind: 'map', keyType: 'int64', valueType: float }],
    ['sparse_tensor(float[2])', { kind: 'sparse-tensor', elemType: 'float32', shape: [{ value: 2 }] }],
    ['opaque(rng)', { kind: 'opaque', name: 'rng' }],
    ['opaque(test.rng, RNG)', { kind: 'opaque', domain: 'test.rng', name: 'RNG' }],
    ['?', { kind: 'none' }],
  ])('%s', (text, type) => {
    expect(parse(text)).toEqual(type);
  });
});

describe('a function', () => {
  it('keeps types of its inputs, outputs and values as value_infos', () => {
    const [definition] = parseModel(`m () => () {}
      <domain: "d", overload: "o"> f (float[2] a, b) => (int64 c) <bool t> { c = Op (a, b) }`).functions;
    expect(definition).toMatchObject({ overload: 'o', inputs: ['a', 'b'], outputs: ['c'] });
    expect(definition?.valueInfos.map(({ name }) => name)).toEqual(['a', 'c', 't']);
  });
});

const noLists = {
  initializers: [],
  sparseInitializers: [],
  valueInfos: [],
  quantizationAnnotations: [],
  metadata: [],
};

function value(name: string, type?: object): object {
  return { name, ...(type && { type }), metadata: [] };
}

function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly object[] = [],
  more: object = {},
): object {
  return { opType, inputs, outputs, attributes, metadata: [], deviceConfigurations: [], ...more };
}
