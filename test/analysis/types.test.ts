import { describe, expect, it } from 'vitest';
import { createTypeOracle, inferTypes, mergeTypes, typeOf } from '../../src/analysis/index.ts';
import { type Model, type Type, viewOf } from '../../src/ir/index.ts';
import { toDim } from '../../src/ops/index.ts';
import { model, parseModel } from '../../src/serde/index.ts';

function text(type: Type | undefined): string {
  if (type?.kind !== 'tensor') return type?.kind ?? 'nothing';
  return `${type.elemType}${type.shape === undefined ? '?' : `[${type.shape.map((dim) => toDim(dim) ?? '?')}]`}`;
}

describe('inferTypes', () => {
  it('follows a graph in any order of nodes', () => {
    const unsorted = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[N,3] x) => (y) <float[3,5] w = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}> {
        y = Relu (h)
        h = MatMul (x, w)
      }`;
    expect(text(typeOf(inferTypes(unsorted), 'y'))).toBe('float32[N,5]');
    expect(inferTypes(unsorted)).toBe(inferTypes(unsorted));
  });

  it('keeps what is declared where it does not know the operator', () => {
    const foreign = model`
      <ir_version: 10, opset_import: ["" : 21, "my" : 1]>
      main (float[4] x) => (y) <float[2,2] h> {
        h = my.Magic (x)
        y = Transpose (h)
        z = my.Magic (y)
      }`;
    const map = inferTypes(foreign);
    expect(text(typeOf(map, 'y'))).toBe('float32[2,2]');
    expect(typeOf(map, 'z')).toBeUndefined();
    expect(map.problems).toEqual([]);
  });

  it('believes the operator, not a stale declaration, and says so', () => {
    const stale = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[4] x) => (y) <float[5] h> { h = Relu (x)  y = Neg (h) }`;
    const map = inferTypes(stale);
    expect(text(typeOf(map, 'y'))).toBe('float32[4]');
    expect(map.problems.map(({ code, at }) => [code, at])).toEqual([['type-conflict', 'h']]);
    expect(() => inferTypes(stale, { strict: true })).toThrowError(/declared as \[5\], but is \[4\]/);
  });

  it('infers branches with the values around them, and keeps what they agree on', () => {
    const branching = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (bool c, float[2,3] x, float[2,4] z) => (y) {
        a = Relu (x)
        y = If (c) <
          then_branch = yes () => (t) { t = Neg (a) },
          else_branch = no () => (e) { e = Abs (z) }
        >
      }`;
    const map = inferTypes(branching);
    expect(text(typeOf(map, 'y'))).toBe('float32[2,?]');
    const branch = branching.graph.nodes[1]!.attributes.find(({ name }) => name === 'then_branch')!;
    if (branch.type !== 'GRAPH') throw new Error('the picture changed');
    expect(text(typeOf(map, 't', branch.value))).toBe('float32[2,3]');
  });

  it('enters only the branch that a constant condition chooses', () => {
    const decided = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2,3] x) => (y) <bool c = {1}> {
        y = If (c) <
          then_branch = yes () => (t) { t = Neg (x) },
          else_branch = no () => (e) { a = Constant <value_ints = [0]> ()  e = Squeeze (x, a) }
        >
      }`;
    expect(text(typeOf(inferTypes(decided, { strict: true }), 'y'))).toBe('float32[2,3]');
  });

  it('finds what a loop leaves as it is, what it changes, and what it collects', () => {
    const loop = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (int64 n, bool c, float[2] same, float[3] grows) => (s, g, all) {
        s, g, all = Loop (n, c, same, grows) <
          body = once (int64 i, bool go, float[2] a, b) => (go_on, a2, b2, each) {
            go_on = Identity (go)
            a2 = Neg (a)
            b2 = Concat <axis = 0> (b, b)
            each = Add (a, a)
          }
        >
      }`;
    const map = inferTypes(loop);
    expect(['s', 'g', 'all'].map((name) => text(typeOf(map, name)))).toEqual([
      'float32[2]',
      'float32[?]',
      'float32[?,2]',
    ]);
  });

  it('infers a function anew for each call, with its attributes bound', () => {
    const calls = model`
      <ir_version: 10, opset_import: ["" : 21, "my" : 1]>
      main (float[2,3] x, float[4,5,6] z) => (a, b) {
        a = my.Turn <way = [1,0]> (x)
        b = my.Turn <way = [2,0,1]> (z)
      }
      <domain: "my", opset_import: ["" : 21]>
      Turn <way> (u) => (v) { v = Transpose <perm: ints = @way> (u) }`;
    const map = inferTypes(calls);
    expect(text(typeOf(map, 'a'))).toBe('float32[3,2]');
    expect(text(typeOf(map, 'b'))).toBe('float32[6,4,5]');
    expect(text(map.call(calls.graph.nodes[1]!)?.typeOf('u'))).toBe('float32[4,5,6]');
  });

  it('comes to an end on functions that call themselves', () => {
    const recursive = model`
      <ir_version: 10, opset_import: ["" : 21, "my" : 1]>
      main (float[2] x) => (y) { y = my.Twice (x) }
      <domain: "my", opset_import: ["" : 21, "my" : 1]>
      Twice (u) => (v) { a = my.Twice (u)  b = my.Twice (u)  v = Add (a, b) }`;
    expect(inferTypes(recursive).problems.map(({ code }) => code)).toEqual([
      'recursive-function',
      'recursive-function',
    ]);
  });

  it('comes to an end on functions that each call the next one twice', () => {
    const step = (i: number) =>
      `<domain: "my", opset_import: ["" : 21, "my" : 1]> F${i} (u) => (v) { a = my.F${i + 1} (u)  v = my.F${i + 1} (a) }`;
    const doubling = parseModel(`
      <ir_version: 10, opset_import: ["" : 21, "my" : 1]> main (float[2] x) => (y) { y = my.F0 (x) }
      ${Array.from({ length: 60 }, (_, i) => step(i)).join('\n')}
      <domain: "my", opset_import: ["" : 21]> F60 (u) => (v) { v = Relu (u) }`);
    expect(() => inferTypes(doubling)).not.toThrow();
  });

  it('leaves the values of a cycle unknown', () => {
    const cyclic = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2] x) => (y) { a = Add (x, b)  b = Relu (a)  y = Neg (b) }`;
    expect(typeOf(inferTypes(cyclic), 'x')).toBeDefined();
    expect(text(typeOf(inferTypes(cyclic), 'y'))).not.toContain('2');
  });

  it('takes an overridable default for its type, not for its contents', () => {
    const withDefault = (irVersion: number): Model => ({
      ...model`
        <ir_version: 10, opset_import: ["" : 21]>
        main (float[2,3] x, int64[1] s) => (y) <int64[1] s = {6}> { y = Reshape (x, s) }`,
      irVersion,
    });
    expect(text(typeOf(inferTypes(withDefault(10)), 'y'))).toBe('float32[?]');
    expect(text(typeOf(inferTypes(withDefault(3)), 'y'))).toBe('float32[6]');
  });

  it('comes to an end on 100,000 nodes in a row', () => {
    const { graph, ...rest } = model`
      <ir_version: 10, opset_import: ["" : 21]> main (float[2] x) => (v99999) { v0 = Relu (x) }`;
    const nodes = Array.from({ length: 100_000 }, (_, i) => ({
      ...graph.nodes[0]!,
      inputs: [i === 0 ? 'x' : `v${i - 1}`],
      outputs: [`v${i}`],
    }));
    const map = inferTypes({ ...rest, graph: { ...graph, nodes: nodes.reverse() } });
    expect(text(typeOf(map, 'v99999'))).toBe('float32[2]');
  });
});

describe('createTypeOracle', () => {
  it('answers on demand, follows shapes, and forgets what it is told to', () => {
    const original = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[N,3,4] x) => (y) { s = Shape (x)  h = Relu (x)  y = Reshape (h, s) }`;
    const view = viewOf(original);
    let relu = view.producer('h')!;
    const oracle = createTypeOracle({
      ...view,
      outer: undefined,
      nodes: () => view.nodes(),
      producer: (name) => (name === 'h' ? relu : view.producer(name)),
      uses: (name) => view.uses(name),
      initializer: (name) => view.initializer(name),
      input: (name) => view.input(name),
      isOutput: (name) => view.isOutput(name),
      declared: (name) => view.declared(name),
      opset: (domain) => view.opset(domain),
      function: (node) => view.function(node),
    });
    expect(text(oracle.typeOf('y'))).toBe('float32[N,3,4]');
    expect(oracle.factsOf('s')?.contents).toEqual(['N', 3, 4]);
    relu = { ...relu, opType: 'IsNaN' };
    expect(text(oracle.typeOf('h'))).toBe('float32[N,3,4]');
    oracle.forget('h');
    expect(text(oracle.typeOf('h'))).toBe('bool[N,3,4]');
  });
});

describe('mergeTypes', () => {
  const shaped = (...dims: (number | string | undefined)[]): Type => ({
    kind: 'tensor',
    elemType: 'float32',
    shape: dims.map((dim) =>
      typeof dim === 'number' ? { value: dim } : dim === undefined ? {} : { param: dim },
    ),
  });

  it('lets a number beat a symbol, and a symbol nothing', () => {
    expect(text(mergeTypes(shaped(2, 'N', undefined), shaped(undefined, 3, 'M')).type)).toBe(
      'float32[2,3,M]',
    );
    expect(text(mergeTypes(shaped('N'), shaped('M')).type)).toBe('float32[N]');
    expect(text(mergeTypes(undefined, shaped(1)).type)).toBe('float32[1]');
    expect(text(mergeTypes({ kind: 'none' }, shaped(1)).type)).toBe('float32[1]');
  });

  it.each<[string, Type, Type]>([
    ['lengths', shaped(2), shaped(3)],
    ['ranks', shaped(2), shaped(2, 2)],
    ['element types', { kind: 'tensor', elemType: 'int8' }, shaped(2)],
    ['kinds', { kind: 'sequence' }, shaped(2)],
  ])('reports different %s and keeps what was inferred', (_, declared, inferred) => {
    const { type, conflict } = mergeTypes(declared, inferred);
    expect(conflict).toMatch(/^It is declared/);
    expect(type).toEqual(inferred);
  });
});
