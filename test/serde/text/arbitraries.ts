import fc from 'fast-check';
import {
  type Attribute,
  type DataType,
  type Dimension,
  dataTypes,
  type FunctionDefinition,
  findDataType,
  type Graph,
  type Model,
  type Node,
  packedByteLength,
  type SparseTensor,
  type StringEntry,
  Tensor,
  type TensorStorage,
  type Type,
  type ValueInfo,
} from '../../../src/ir/index.ts';

/** Models with every construct the IR has, sensible or not: what text has to be able to say. */

const trap = fc.constantFrom(
  '',
  '__proto__',
  'constructor',
  'model.0/conv:1',
  'float',
  'seq',
  'sparse_tensor',
  'unknown',
  'undefined',
  'nan',
  'Infinity',
  'raw',
  'missing',
  'a "quoted" name',
  'back\\slash\\n',
  'two\nlines\r\n\ttab',
  '# no comment',
  '🙂 é \u2028 \ufeff \ufffc',
  '\udc80\udcff',
  '\ud83d',
  '?',
  '…',
  'doc_string',
);
export const name = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/) },
  { weight: 1, arbitrary: trap },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 2 });
const whole = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constant(2 ** 63), fc.constant(-(2 ** 63)));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const entry: fc.Arbitrary<StringEntry> = fc.record({ key: maybe(name), value: maybe(name) });
const metadata = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: few(entry) });
const docString = maybe(name);
const documented = { docString, metadata };

export const dtype: fc.Arbitrary<DataType> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...dataTypes.map((info) => info.name)) },
  { weight: 1, arbitrary: fc.constantFrom<DataType>('undefined', 'unknown:57', 'unknown:-3') },
);

const dimension: fc.Arbitrary<Dimension> = fc
  .tuple(fc.oneof(fc.record({ value: whole }), fc.record({ param: name }), fc.constant({})), maybe(name))
  .map(([dim, denotation]) => ({ ...dim, denotation }));

export const type = (depth = 2): fc.Arbitrary<Type> => {
  const denotation = maybe(name);
  const tensorType = fc.record({
    kind: fc.constantFrom('tensor' as const, 'sparse-tensor' as const),
    elemType: dtype,
    shape: maybe(fc.array(dimension, { maxLength: 3 })),
    denotation,
  });
  if (depth === 0) return tensorType;
  const inner = maybe(type(depth - 1));
  return fc.oneof(
    { weight: 3, arbitrary: tensorType },
    fc.record({ kind: fc.constantFrom('sequence' as const, 'optional' as const), elem: inner, denotation }),
    fc.record({ kind: fc.constant('map' as const), keyType: dtype, valueType: inner, denotation }),
    fc.record({ kind: fc.constant('opaque' as const), domain: maybe(name), name: maybe(name), denotation }),
    fc.record({ kind: fc.constant('none' as const), denotation }),
  );
};

const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff, 0x3c));
const bytesOfLength = (length: number) =>
  fc.array(byte, { minLength: length, maxLength: length }).map((list) => Uint8Array.from(list));

/** Tensors as they should be, of random bits: every NaN, -0, subnormal and extreme comes up. */
const goodStorage = (of: DataType, dims: readonly number[]): fc.Arbitrary<TensorStorage> => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (of === 'string') {
    const strings = fc.array(name, { minLength: count, maxLength: count });
    return strings.map((values) => ({ kind: 'strings', values }));
  }
  const known = findDataType(of) !== undefined;
  const bytes = bytesOfLength(known ? packedByteLength(of, count) : 3);
  return fc
    .tuple(bytes, fc.boolean())
    .map(([made, lazy]) =>
      lazy && known ? { kind: 'lazy', load: () => made } : { kind: 'bytes', bytes: made },
    );
};

/** Tensors that a damaged file may hold. */
const badStorage: fc.Arbitrary<TensorStorage> = fc.oneof(
  bytesOfLength(1).map((bytes): TensorStorage => ({ kind: 'bytes', bytes })),
  few(name).map((values): TensorStorage => ({ kind: 'strings', values })),
  fc.record({ kind: fc.constant('missing' as const), code: name, reason: name }),
  fc.record({ kind: fc.constant('missing' as const), code: name, reason: name, fix: name }),
);

export const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    name: maybe(name),
    dtype,
    dims: fc.oneof(
      { weight: 9, arbitrary: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }) },
      { weight: 1, arbitrary: fc.constantFrom([-1], [2 ** 40, 2 ** 40]) },
    ),
    external: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: few(entry) },
    ),
    ...documented,
  })
  .chain((fields) => {
    const sound = fields.dims.every((dim) => dim >= 0 && dim < 4);
    const good = sound ? goodStorage(fields.dtype, fields.dims) : badStorage;
    const storage = fc.oneof({ weight: 8, arbitrary: good }, { weight: 1, arbitrary: badStorage });
    return storage.map((made) => new Tensor({ ...fields, storage: made }));
  });

const sparse: fc.Arbitrary<SparseTensor> = fc.record({
  values: maybe(anyTensor),
  indices: maybe(anyTensor),
  dims: fc.array(whole, { maxLength: 3 }),
});

const float32 = fc.oneof(fc.float(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 1, Math.fround(1e-45)));

const attribute = (depth: number): fc.Arbitrary<Attribute> => {
  const values: fc.Arbitrary<object>[] = [
    fc.record({ type: fc.constant('FLOAT'), value: float32 }),
    fc.record({ type: fc.constant('FLOATS'), value: few(float32) }),
    fc.record({ type: fc.constant('INT'), value: int64 }),
    fc.record({ type: fc.constant('INTS'), value: few(int64) }),
    fc.record({ type: fc.constant('STRING'), value: name }),
    fc.record({ type: fc.constant('STRINGS'), value: few(name) }),
    fc.record({ type: fc.constant('TENSOR'), value: anyTensor }),
    fc.record({ type: fc.constant('TENSORS'), value: few(anyTensor) }),
    fc.record({ type: fc.constant('SPARSE_TENSOR'), value: sparse }),
    fc.record({ type: fc.constant('SPARSE_TENSORS'), value: few(sparse) }),
    fc.record({ type: fc.constant('TYPE_PROTO'), value: type() }),
    fc.record({ type: fc.constant('TYPE_PROTOS'), value: few(type()) }),
    fc.record({ type: fc.constant('UNDEFINED') }),
    fc.record({
      type: fc.constant('REFERENCE'),
      valueType: fc.constantFrom('INT', 'FLOATS', 'GRAPH', 'TYPE_PROTO', 'UNDEFINED'),
      value: name,
    }),
  ];
  if (depth > 0) {
    values.push(
      fc.record({ type: fc.constant('GRAPH'), value: graph(depth - 1) }),
      fc.record({ type: fc.constant('GRAPHS'), value: few(graph(depth - 1)) }),
    );
  }
  return fc
    .tuple(fc.record({ name, docString }), fc.oneof(...values))
    .map(([head, value]) => ({ ...head, ...value }) as Attribute);
};

const deviceConfiguration = fc.record({
  configurationId: maybe(name),
  shardingSpecs: few(
    fc.record({
      tensorName: maybe(name),
      devices: few(whole),
      indexToDeviceGroupMap: few(fc.record({ key: maybe(whole), value: few(whole) })),
      shardedDims: few(
        fc.record({
          axis: maybe(whole),
          simpleShardings: few(
            fc.record({ value: maybe(whole), param: maybe(name), numShards: maybe(whole) }),
          ),
        }),
      ),
    }),
  ),
  pipelineStage: maybe(whole),
});

const node = (depth: number): fc.Arbitrary<Node> =>
  fc.record({
    name: maybe(name),
    opType: name,
    domain: maybe(fc.oneof(name, fc.constantFrom('ai.onnx.ml', 'com.microsoft', 'my domain', 'a..b'))),
    overload: maybe(name),
    inputs: fc.array(name, { maxLength: 3 }),
    outputs: few(name),
    attributes: few(attribute(depth)),
    ...documented,
    deviceConfigurations: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, few(deviceConfiguration)),
  });

const valueInfo: fc.Arbitrary<ValueInfo> = fc.record({ name, type: maybe(type()), ...documented });

export const graph = (depth = 2): fc.Arbitrary<Graph> =>
  fc.record({
    name: maybe(name),
    docString,
    nodes: few(node(depth)),
    initializers: few(anyTensor),
    sparseInitializers: few(sparse),
    inputs: few(valueInfo),
    outputs: few(valueInfo),
    valueInfos: few(valueInfo),
    quantizationAnnotations: few(fc.record({ tensorName: maybe(name), parameters: few(entry) })),
    metadata,
  });

const opset = fc.record({ domain: maybe(name), version: maybe(whole) });

const functionDefinition: fc.Arbitrary<FunctionDefinition> = fc.record({
  name: maybe(name),
  domain: maybe(name),
  overload: maybe(name),
  inputs: few(name),
  outputs: few(name),
  attributes: few(name),
  attributeDefaults: few(attribute(1)),
  nodes: few(node(1)),
  docString,
  opsetImports: few(opset),
  valueInfos: few(valueInfo),
  metadata,
});

export const anyModel: fc.Arbitrary<Model> = fc.record({
  irVersion: maybe(whole),
  producerName: maybe(name),
  producerVersion: maybe(name),
  domain: maybe(name),
  modelVersion: maybe(whole),
  docString,
  graph: graph(2),
  opsetImports: few(opset),
  metadata,
  trainingInfo: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    few(
      fc.record({
        initialization: maybe(graph(0)),
        algorithm: maybe(graph(0)),
        initializationBindings: few(entry),
        updateBindings: few(entry),
      }),
    ),
  ),
  functions: few(functionDefinition),
  configurations: few(fc.record({ name: maybe(name), numDevices: maybe(whole), devices: few(name) })),
});
