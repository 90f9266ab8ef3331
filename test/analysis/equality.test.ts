import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, canonicalOrder, equalModels } from '../../src/analysis/index.ts';
import type { Model, Node } from '../../src/ir/index.ts';
import { model } from '../../src/serde/index.ts';
import { randomModels, scramble } from './scramble.ts';

const plain = model`
  <ir_version: 10, opset_import: ["" : 21]>
  main (float[2] x, float[2] y) => (float[2] z)
  <float[2] w = {1, 2}> {
    a = Add (x, w)
    b = Mul (a, y)
    z = Sub (b, a)
  }`;

const branching = model`
  <ir_version: 10, opset_import: ["" : 21]>
  main (bool c, float[2] x, float[2] y) => (float[2] z) {
    a = Relu (x)
    b = Neg (y)
    z = If (c) <
      then_branch = yes () => (float[2] t) { t = Add (a, b) },
      else_branch = no () => (float[2] e) { e = Sub (b, a) }
    >
  }`;

describe('equalModels and canonicalHash', () => {
  it.each([
    ['a plain graph', plain],
    ['branches that capture values', branching],
  ])('see through other names and another order: %s', (_, original) => {
    const disguised = scramble(original, 7);
    expect(canonicalHash(disguised)).toBe(canonicalHash(original));
    expect(equalModels(original, disguised)).toBe(false);
    expect(equalModels(original, disguised, { ignoreNames: true })).toBe(false);
    expect(equalModels(original, disguised, { ignoreNames: true, ignoreOrder: true })).toBe(true);
  });

  it('agree on random graphs, dead nodes and doubles included, however disguised', () => {
    fc.assert(
      fc.property(randomModels, fc.nat(), (original, seed) => {
        const disguised = scramble(original, seed);
        expect(canonicalHash(disguised)).toBe(canonicalHash(original));
        expect(equalModels(original, disguised, { ignoreNames: true, ignoreOrder: true })).toBe(true);
        expect(operators(canonicalOrder(disguised.graph))).toEqual(operators(canonicalOrder(original.graph)));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it.each<[string, Model]>([
    ['the operator', edit(plain, (node) => (node.opType === 'Mul' ? { ...node, opType: 'Div' } : node))],
    ['the domain', edit(plain, (node) => ({ ...node, domain: node.opType === 'Mul' ? 'my' : '' }))],
    ['a wire', edit(plain, (node) => (node.opType === 'Sub' ? { ...node, inputs: ['a', 'b'] } : node))],
    [
      'where a second wire comes from',
      edit(plain, (node) => (node.opType === 'Sub' ? { ...node, inputs: ['b', 'x'] } : node)),
    ],
    [
      'an attribute',
      edit(plain, (node) => (node.opType === 'Sub' ? { ...node, attributes: [axis(1n)] } : node)),
    ],
    [
      'a bit of a constant',
      model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2] x, float[2] y) => (float[2] z) <float[2] w = {1, 2.0000002}> {
        a = Add (x, w)
        b = Mul (a, y)
        z = Sub (b, a)
      }`,
    ],
    [
      'the shape of an input',
      { ...plain, graph: { ...plain.graph, inputs: plain.graph.inputs.slice(0, 1) } },
    ],
    ['the opset', { ...plain, opsetImports: [{ domain: '', version: 20 }] }],
  ])('notice a change of %s', (_, changed) => {
    expect(canonicalHash(changed)).not.toBe(canonicalHash(plain));
    expect(equalModels(plain, changed, { ignoreNames: true, ignoreOrder: true })).toBe(false);
    expect(equalModels(plain, changed)).toBe(false);
  });

  it('notice which branch captures what', () => {
    const swapped = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (bool c, float[2] x, float[2] y) => (float[2] z) {
        a = Relu (x)
        b = Neg (y)
        z = If (c) <
          then_branch = yes () => (float[2] t) { t = Add (a, b) },
          else_branch = no () => (float[2] e) { e = Sub (a, b) }
        >
      }`;
    expect(canonicalHash(swapped)).not.toBe(canonicalHash(branching));
  });

  it('tell two nodes that compute the same from one that is read twice', () => {
    const doubled = (second: string) => model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2] x) => (float[2] z) { a = Relu (x)  b = Relu (x)  z = Add (a, ${second}) }`;
    expect(canonicalHash(doubled('a'))).not.toBe(canonicalHash(doubled('b')));
    expect(equalModels(doubled('a'), doubled('b'), { ignoreNames: true, ignoreOrder: true })).toBe(false);
  });

  it('know 0 from −0, and NaN from nothing but itself', () => {
    const constant = (bits: string) => model`
      <ir_version: 10, opset_import: ["" : 21]>
      main () => (float[1] z) { z = Constant <value_float = ${bits}> () }`;
    expect(canonicalHash(constant('0.0'))).not.toBe(canonicalHash(constant('-0.0')));
    expect(equalModels(constant('0.0'), constant('-0.0'))).toBe(false);
    expect(equalModels(constant('nan'), constant('nan'))).toBe(true);
  });

  it('leave out metadata only when told to', () => {
    const noted: Model = { ...plain, producerName: 'someone' };
    expect(canonicalHash(noted)).toBe(canonicalHash(plain));
    expect(equalModels(plain, noted)).toBe(false);
    expect(equalModels(plain, noted, { ignoreNames: true, ignoreOrder: true })).toBe(false);
    expect(equalModels(plain, noted, { ignoreMetadata: true })).toBe(true);
  });

  it('keep their digest between releases', () => {
    expect(canonicalHash(plain)).toMatchInlineSnapshot(`"b63a8a5884f7258ca9a420f5e3eb1b43"`);
  });
});

describe('canonicalOrder', () => {
  it('puts what the first output needs first, and dead nodes last', () => {
    const graph = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[2] x) => (float[2] p, float[2] q) {
        dead = Tanh (x)
        q = Relu (x)
        s = Sigmoid (q)
        p = Exp (s)
      }`.graph;
    expect(operators(canonicalOrder(graph))).toEqual(['Relu', 'Sigmoid', 'Exp', 'Tanh']);
  });

  it('survives a cycle', () => {
    const graph = edit(plain, (node) =>
      node.opType === 'Add' ? { ...node, inputs: ['z', 'w'] } : node,
    ).graph;
    expect(operators(canonicalOrder(graph)).sort()).toEqual(['Add', 'Mul', 'Sub']);
  });

  it('comes to an end on 100,000 nodes in a row', () => {
    const long = chain(100_000);
    expect(canonicalOrder(long.graph)).toHaveLength(100_000);
    expect(canonicalHash(long)).toBe(canonicalHash(chain(100_000)));
  });
});

function operators(nodes: readonly Node[]): string[] {
  return nodes.map((node) => node.opType);
}

function edit(original: Model, change: (node: Node) => Node): Model {
  return { ...original, graph: { ...original.graph, nodes: original.graph.nodes.map(change) } };
}

function axis(value: bigint) {
  return { name: 'axis', type: 'INT', value } as const;
}

function chain(length: number): Model {
  const nodes = Array.from({ length }, (_, i) => ({
    ...plain.graph.nodes[0]!,
    opType: 'Relu',
    inputs: [i === 0 ? 'x' : `v${i - 1}`],
    outputs: [i === length - 1 ? 'z' : `v${i}`],
  }));
  return { ...plain, graph: { ...plain.graph, nodes: nodes.reverse() } };
}
