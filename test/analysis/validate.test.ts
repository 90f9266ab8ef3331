import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertValid, validate } from '../../src/analysis/index.ts';
import { type Graph, type Model, type Node, Tensor, tensor } from '../../src/ir/index.ts';
import { makeAttribute } from '../../src/ops/index.ts';
import { model } from '../../src/serde/index.ts';
import { randomModels, scramble } from './scramble.ts';

const fine = model`
  <ir_version: 10, opset_import: ["" : 21]>
  main (float[2] x, bool c) => (float[2] y) <float[2] w = {1, 2}> {
    a = Add (x, w)
    y = If (c) <
      then_branch = yes () => (float[2] t) { t = Neg (a) },
      else_branch = no () => (float[2] e) { e = Identity (w) }
    >
  }`;

function graphOf(changes: Partial<Graph>): Model {
  return { ...fine, graph: { ...fine.graph, ...changes } };
}

function withNode(index: number, changes: Partial<Node>): Model {
  return graphOf({
    nodes: fine.graph.nodes.map((node, i) => (i === index ? { ...node, ...changes } : node)),
  });
}

const [add, branching] = fine.graph.nodes as [Node, Node];
const [x] = fine.graph.inputs;
const relu = (inputs: string[], outputs: string[]): Node => ({ ...add, opType: 'Relu', inputs, outputs });
const thenBranch = (changes: Partial<Graph>): Model =>
  withNode(1, {
    attributes: branching.attributes.map((attribute) =>
      attribute.type === 'GRAPH' && attribute.name === 'then_branch'
        ? { ...attribute, value: { ...attribute.value, ...changes } }
        : attribute,
    ),
  });
const short = new Tensor({
  name: 'w',
  dtype: 'float32',
  dims: [2],
  storage: { kind: 'bytes', bytes: new Uint8Array(7) },
});

const functions = (text: string): Model =>
  model`<ir_version: 10, opset_import: ["" : 21, "my" : 1]> main (float[2] x) => (float[2] y) { y = my.F (x) } ${text}`;

describe('validate', () => {
  it('finds nothing wrong with a fine model', () => {
    expect(validate(fine, { strict: true })).toEqual([]);
    expect(() => assertValid(fine)).not.toThrow();
  });

  it.each<[string, string, Model]>([
    ['missing-ir-version', 'model', { ...fine, irVersion: undefined }],
    ['unknown-ir-version', 'model', { ...fine, irVersion: 99 }],
    ['missing-opset', 'model', { ...fine, opsetImports: [] }],
    ['unexpected-opset', 'model', { ...fine, irVersion: 2 }],
    [
      'opset-version',
      'model',
      { ...fine, opsetImports: [...fine.opsetImports, { domain: 'my', version: 2 ** 40 }] },
    ],
    ['duplicate-metadata', 'model', { ...fine, metadata: [{ key: 'a' }, { key: 'a' }] }],
    ['missing-graph-name', 'main', graphOf({ name: '' })],
    ['missing-type', 'main/x', graphOf({ inputs: [{ name: 'x', metadata: [] }, fine.graph.inputs[1]!] })],
    [
      'missing-type',
      'main/y',
      graphOf({ outputs: [{ name: 'y', type: { kind: 'tensor', elemType: 'float32' }, metadata: [] }] }),
    ],
    [
      'missing-type',
      'main/y',
      graphOf({ outputs: [{ name: 'y', type: { kind: 'sequence' }, metadata: [] }] }),
    ],
    ['duplicate-value', 'main/x', graphOf({ inputs: [...fine.graph.inputs, x!] })],
    [
      'duplicate-value',
      'main/w',
      graphOf({ initializers: [...fine.graph.initializers, ...fine.graph.initializers] }),
    ],
    [
      'duplicate-value',
      'main/x/output 0',
      graphOf({ nodes: [...fine.graph.nodes, { ...add, outputs: ['x'] }] }),
    ],
    [
      'missing-name',
      'main/',
      graphOf({ initializers: [...fine.graph.initializers, tensor('float32', [], [1])] }),
    ],
    ['initializer-not-input', 'main/w', { ...fine, irVersion: 3 }],
    ['undefined-value', 'main/a/input 0', withNode(0, { inputs: ['nobody', 'w'] })],
    ['undefined-output', 'main/y', graphOf({ nodes: [add] })],
    ['unsorted-nodes', 'main', graphOf({ nodes: [branching, add] })],
    ['cyclic-graph', 'main', withNode(0, { inputs: ['y', 'w'] })],
    ['undefined-output', 'main/y/yes/a', thenBranch({ outputs: [{ name: 'a', metadata: [] }] })],
    [
      'shadowed-value',
      'main/y/yes/a/output 0',
      thenBranch({ nodes: [relu(['x'], ['t']), relu(['t'], ['a'])] }),
    ],
    ['undefined-value', 'main/y/yes/t/input 0', thenBranch({ nodes: [relu(['e'], ['t'])] })],
    ['missing-op-type', 'main/a', withNode(0, { opType: '' })],
    [
      'node-without-values',
      'main/Constant',
      graphOf({ nodes: [...fine.graph.nodes, { ...add, opType: 'Constant', inputs: [], outputs: [] }] }),
    ],
    ['domain-not-imported', 'main/a', withNode(0, { domain: 'my' })],
    ['unknown-operator', 'main/a', withNode(0, { opType: 'Addd' })],
    ['operator-too-new', 'main/a', { ...withNode(0, { opType: 'Swish', inputs: ['x'] }) }],
    ['deprecated-operator', 'main/a', withNode(0, { opType: 'Scatter', inputs: ['x', 'x', 'x'] })],
    ['arity', 'main/a', withNode(0, { inputs: ['x'] })],
    ['arity', 'main/a', withNode(0, { outputs: ['a', 'b'] })],
    ['missing-input', 'main/a/input 0', withNode(0, { inputs: ['', 'w'] })],
    ['unknown-attribute', 'main/a/axis', withNode(0, { attributes: [makeAttribute('axis', 1)] })],
    [
      'attribute-type',
      'main/a/to',
      withNode(0, { opType: 'Cast', inputs: ['x'], attributes: [makeAttribute('to', 'float')] }),
    ],
    [
      'attribute-type',
      'main/a/to',
      withNode(0, { opType: 'Cast', inputs: ['x'], attributes: [{ name: 'to', type: 'UNDEFINED' }] }),
    ],
    ['missing-attribute', 'main/a', withNode(0, { opType: 'Cast', inputs: ['x'] })],
    [
      'duplicate-attribute',
      'main/a/to',
      withNode(0, {
        opType: 'Cast',
        inputs: ['x'],
        attributes: [makeAttribute('to', 1), makeAttribute('to', 1)],
      }),
    ],
    [
      'reference-outside-function',
      'main/a/to',
      withNode(0, {
        opType: 'Cast',
        inputs: ['x'],
        attributes: [{ name: 'to', type: 'REFERENCE', valueType: 'INT', value: 'n' }],
      }),
    ],
    ['tensor-too-short', 'main/w', graphOf({ initializers: [short] })],
    ['tensor-dtype', 'main/w', graphOf({ initializers: [short.with({ dtype: 'undefined' })] })],
    ['tensor-dtype', 'main/w', graphOf({ initializers: [short.with({ dtype: 'unknown:99' })] })],
    ['negative-dimension', 'main/w', graphOf({ initializers: [short.with({ dims: [-2] })] })],
    ['dims-overflow', 'main/w', graphOf({ initializers: [short.with({ dims: [2 ** 30, 2 ** 30] })] })],
  ])('reports %s at %s', (code, at, broken) => {
    const errors = validate(broken).filter(({ severity }) => severity === 'error');
    expect(errors).toContainEqual(expect.objectContaining({ code, at, severity: 'error' }));
    expect(errors[0]!.message).toMatch(/^\S.*\.$/);
    expect(errors[0]!.fix).toMatch(/^\S.*\.$/);
    expect(() => assertValid(broken)).toThrowError(expect.objectContaining({ code: errors[0]!.code }));
  });

  it.each<[string, string]>([
    ['recursive-function', '<domain: "my", opset_import: ["" : 21, "my" : 1]> F (u) => (v) { v = my.F (u) }'],
    [
      'function-opset',
      '<domain: "my", opset_import: ["" : 12]> F (u) => (v) { v = Relu (u)  s = ReduceSum (v) }',
    ],
    ['domain-not-imported', '<domain: "my", opset_import: ["" : 21]> F (u) => (v) { v = other.G (u) }'],
    ['undefined-value', '<domain: "my", opset_import: ["" : 21]> F (u) => (v) { v = Add (u, x) }'],
    ['duplicate-value', '<domain: "my", opset_import: ["" : 21]> F (u, u) => (v) { v = Relu (u) }'],
    ['undefined-output', '<domain: "my", opset_import: ["" : 21]> F (u) => (w) { v = Relu (u) }'],
  ])('reports %s of functions', (code, text) => {
    expect(validate(functions(text)).map((problem) => problem.code)).toContain(code);
  });

  it('accepts a function that refers to its attributes', () => {
    const calls = functions(
      '<domain: "my", opset_import: ["" : 21]> F <n> (u) => (v) { v = Cast <to: int = @n> (u) }',
    );
    expect(validate(calls)).toEqual([]);
  });

  it('reports a chain of more than 100 functions', () => {
    const step = (i: number) =>
      `<domain: "my", opset_import: ["my" : 1]> F${i} (u) => (v) { v = my.F${i + 1} (u) }`;
    const last = '<domain: "my", opset_import: ["" : 21]> F110 (u) => (v) { v = Relu (u) }';
    const chain = functions(
      [...Array.from({ length: 110 }, (_, i) => step(i)), last].join('\n').replace('F0 ', 'F '),
    );
    expect(validate(chain).map(({ code }) => code)).toEqual(['too-deep']);
  });

  it.each<[string, string, string]>([
    [
      'quantize-shape',
      'q = QuantizeLinear <axis = 0> (x, two, zero)  y = DequantizeLinear (q, one)',
      'main/q/input 2',
    ],
    ['quantize-dtype', 'q = QuantizeLinear (x, half)  y = DequantizeLinear (q, one)', 'main/q/input 1'],
    ['quantize-dtype', 'q = QuantizeLinear (x, one, wide)  y = DequantizeLinear (q, one)', 'main/q/input 2'],
    ['axis-out-of-range', 'q = QuantizeLinear (x, two)  y = DequantizeLinear (q, one)', 'main/q'],
    ['shape-mismatch', 'q = QuantizeLinear <axis = 0> (x, three)  y = DequantizeLinear (q, one)', 'main/q'],
    ['dtype-mismatch', 'q = QuantizeLinear (x, one)  y = DequantizeLinear (codes, one, zero)', 'main/y'],
  ])('reports %s of quantizers', (code, nodes, at) => {
    const broken = model`
      <ir_version: 10, opset_import: ["" : 13]>
      main (float[2] x) => (float[2] y)
      <float one = {1}, float[2] two = {1, 1}, float[3] three = {1, 1, 1}, float16 half = {1.0}, uint8 zero = {0},
       int16 wide = {0}, int8[2] codes = {1, 2}> { ${nodes} }`;
    expect(validate(broken)).toContainEqual(expect.objectContaining({ code, at, severity: 'error' }));
  });

  it.each(['0', '-1', 'nan', 'inf'])('warns of a scale of %s, which is legal', (scale) => {
    const odd = model`
      <ir_version: 10, opset_import: ["" : 13]>
      main (float[2] x) => (uint8[2] y) <float s = {${scale}}> { y = QuantizeLinear (x, s) }`;
    expect(validate(odd).map(({ code, severity }) => [code, severity])).toEqual([
      ['quantize-scale', 'warning'],
    ]);
    expect(() => assertValid(odd)).not.toThrow();
  });

  it('reports contradicting shapes in strict mode only', () => {
    const odd = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2] x, float[3] z) => (float[2] y) { y = Add (x, z) }`;
    expect(validate(odd)).toEqual([]);
    expect(validate(odd, { strict: true }).map(({ code, at }) => [code, at])).toEqual([
      ['shape-mismatch', 'y'],
    ]);
  });

  it('does not look at data in other files', () => {
    const elsewhere = new Tensor({
      name: 'w',
      dtype: 'float32',
      dims: [2],
      external: [{ key: 'location', value: '../../etc/passwd' }],
      storage: { kind: 'missing', code: 'not-loaded', reason: 'is elsewhere.' },
    });
    expect(validate(graphOf({ initializers: [elsewhere] }))).toEqual([]);
  });

  it('survives 10,000 nested graphs, and says that they are too deep', () => {
    let inner: Graph = { ...fine.graph, inputs: [], outputs: [], initializers: [], nodes: [] };
    for (let i = 0; i < 10_000; i++) {
      const node = {
        ...branching,
        attributes: [{ name: 'then_branch', type: 'GRAPH', value: inner } as const],
      };
      inner = { ...inner, nodes: [{ ...node, inputs: [], outputs: [`v${i}`] }] };
    }
    expect(validate(graphOf({ nodes: [...inner.nodes] })).map(({ code }) => code)).toContain('too-deep');
  });

  it('stops at the limit', () => {
    const nodes = Array.from({ length: 5000 }, (_, i) => relu(['nobody'], [`r${i}`]));
    expect(validate(graphOf({ nodes: [...nodes, ...fine.graph.nodes] }), { limit: 10 })).toHaveLength(10);
  });

  it('never throws, and accepts sorted random graphs but for what they leave open', () => {
    fc.assert(
      fc.property(randomModels, fc.nat(), (original, seed) => {
        const codes = new Set(validate(original).map(({ code }) => code));
        codes.delete('missing-type');
        expect([...codes]).toEqual([]);
        expect(() => validate(scramble(original, seed))).not.toThrow();
      }),
    );
  });

  it('comes to an end on 100,000 nodes', () => {
    const nodes = Array.from({ length: 100_000 }, (_, i) => relu([i === 0 ? 'x' : `r${i - 1}`], [`r${i}`]));
    expect(validate(graphOf({ nodes: [...nodes, ...fine.graph.nodes] }))).toEqual([]);
  });
});
