import { describe, expect, it } from 'vitest';
import {
  pairsOf,
  quantizersOf,
  readQuantization,
  sameQuantization,
  scaleValues,
  zeroPointValues,
} from '../../src/analysis/index.ts';
import { type Model, viewOf } from '../../src/ir/index.ts';
import { model } from '../../src/serde/index.ts';

const conv = model`
  <ir_version: 10, opset_import: ["" : 21]>
  main (float[1,2,4,4] x, int8[1,2] codes) => (float[1,2,4,4] y, uint8[1,2,4,4] tail, float[1,2] decoded)
  <float s = {0.5}, int8 z = {3}, float[2] ws = {0.25, 0.125}, int8[2] wz = {0, 0}, float[2] bs = {0.125, 0.0625},
   float[2,2,1,1] w = {1,2,3,4}, int8[2,2,1,1] stored = {1,2,3,4}, int32[2] b = {5, 6}> {
    shared = Identity (s)
    q = QuantizeLinear (x, shared, z)
    d = DequantizeLinear (q, s, z)
    magnitude = Abs (w)
    largest = ReduceMax <keepdims = 0> (magnitude)
    moved = Transpose <perm = [0,1,2,3]> (w)
    wq = QuantizeLinear (moved, largest, z)
    wd = DequantizeLinear (wq, largest, z)
    bd = DequantizeLinear <axis = 0> (b, bs)
    c1 = Conv (d, wd, bd)
    sd = DequantizeLinear <axis = -4> (stored, ws, wz)
    y = Conv (d, sd)
    again = QuantizeLinear (d, s)
    dd = DequantizeLinear (again, s)
    sum = Add (c1, dd)
    tail = QuantizeLinear (sum, s)
    decoded = DequantizeLinear (codes, s)
  }`;

describe('pairsOf', () => {
  const pairs = new Map(pairsOf(conv).map((pair) => [pair.tensor, pair]));

  it('pairs each quantizer with its dequantizers and tells what it is for', () => {
    const kinds = [...pairs.values()].map(({ tensor, kind, dtype, axis }) => [tensor, kind, dtype, axis]);
    expect(kinds).toEqual([
      ['x', 'activation', 'int8', undefined],
      // How many scales there are is not known before the graph is folded; the axis is what the node says.
      ['moved', 'weight', 'int8', 1],
      ['b', 'bias', 'int32', 0],
      ['stored', 'weight', 'int8', 0],
      ['d', 'requantize', 'uint8', undefined],
      ['sum', 'quantize-only', 'uint8', undefined],
      ['codes', 'dequantize-only', 'int8', undefined],
    ]);
  });

  it('reads scales and zero points through their guises, and none that is computed', () => {
    expect(scaleValues(pairs.get('x')!)).toEqual([0.5]);
    expect(zeroPointValues(pairs.get('x')!)).toEqual([3]);
    expect(scaleValues(pairs.get('stored')!)).toEqual([0.25, 0.125]);
    expect(zeroPointValues(pairs.get('b')!)).toEqual([0, 0]);
    expect(pairs.get('moved')!.scale).toBeUndefined();
  });

  it('names who reads the result', () => {
    expect(pairs.get('x')!.readers).toEqual(['c1', 'y', 'again']);
    expect(pairs.get('sum')!.readers).toEqual(['tail']);
    expect(pairs.get('codes')!.readers).toEqual(['decoded']);
  });

  it('finds quantizers inside subgraphs and functions too', () => {
    const nested = model`
      <ir_version: 10, opset_import: ["" : 21, "my" : 1]>
      main (bool c, float[2] x) => (float[2] y) <float s = {0.5}> {
        y = If (c) <
          then_branch = yes () => (float[2] t) { q = QuantizeLinear (x, s)  t = DequantizeLinear (q, s) },
          else_branch = no () => (float[2] e) { e = my.Fake (x, s) }
        >
      }
      <domain: "my", opset_import: ["" : 21]>
      Fake (u, s) => (v) { q = QuantizeLinear (u, s)  v = DequantizeLinear (q, s) }`;
    expect(quantizersOf(nested)).toHaveLength(4);
    expect(pairsOf(nested).map(({ path, tensor }) => [path, tensor])).toEqual([
      ['main/y/yes', 'x'],
      ['function Fake', 'u'],
    ]);
    expect(scaleValues(pairsOf(nested)[0]!)).toEqual([0.5]);
    expect(scaleValues(pairsOf(nested)[1]!)).toBeUndefined();
  });

  it('comes to an end on a long chain of quantizers', () => {
    const [first, second] = conv.graph.nodes.slice(1, 3);
    const nodes = Array.from({ length: 20_000 }, (_, i) => [
      { ...first!, inputs: [i === 0 ? 'x' : `d${i - 1}`, 's', 'z'], outputs: [`q${i}`] },
      { ...second!, inputs: [`q${i}`, 's', 'z'], outputs: [`d${i}`] },
    ]).flat();
    expect(pairsOf({ ...conv, graph: { ...conv.graph, nodes } })).toHaveLength(20_000);
  });
});

describe('readQuantization', () => {
  const read = (node: string, initializers: string, opset = 21) => {
    const picture: Model = model`
      <ir_version: 10, opset_import: ["" : ${opset}, "com.microsoft" : 1]>
      main (float[4,6] x, int16[4,6] i) => (y) <${initializers}> { y = ${node} }`;
    return readQuantization(viewOf(picture), picture.graph.nodes[0]!);
  };

  it.each<[string, string, object]>([
    ['QuantizeLinear (x, s)', 'float s = {1}', { dtype: 'uint8', granularity: 'tensor', axis: undefined }],
    ['QuantizeLinear (x, s)', 'float[1] s = {1}', { dtype: 'uint8', granularity: 'tensor', axis: undefined }],
    ['QuantizeLinear <output_dtype = 5> (x, s)', 'float s = {1}', { dtype: 'int16' }],
    ['QuantizeLinear (x, s, z)', 'float s = {1}, int4 z = {0}', { dtype: 'int4' }],
    ['QuantizeLinear <axis = -2> (x, s)', 'float[4] s = {1,1,1,1}', { granularity: 'axis', axis: 0 }],
    ['QuantizeLinear (x, s)', 'float[6] s = {1,1,1,1,1,1}', { granularity: 'axis', axis: 1 }],
    [
      'QuantizeLinear <block_size = 3> (x, s)',
      'float[4,2] s = {1,1,1,1,1,1,1,1}',
      { granularity: 'block', axis: 1, blockSize: 3 },
    ],
    ['DequantizeLinear (i, s)', 'float s = {1}', { dtype: 'int16' }],
    ['DequantizeLinear (i, x)', 'float s = {1}', { dtype: 'int16', scale: undefined, granularity: 'block' }],
    ['com.microsoft.QuantizeLinear (x, s, z)', 'float s = {1}, uint16 z = {9}', { dtype: 'uint16' }],
  ])('%s with %s', (node, initializers, wanted) => {
    expect(read(node, initializers)).toMatchObject(wanted);
  });

  it('never throws on a node that is written wrongly', () => {
    expect(read('QuantizeLinear ()', 'float s = {1}')).toMatchObject({ scale: undefined });
    expect(read('QuantizeLinear <axis = "one"> (x, s)', 'float[4] s = {1,1,1,1}')).toMatchObject({ axis: 1 });
  });

  it.each<[string, string, boolean]>([
    ['(x, s, z)', '(x, s, z)', true],
    ['(x, s)', '(x, s, u)', true],
    ['(x, s)', '(x, s1)', true],
    ['(x, s, z)', '(x, s, u)', false],
    ['(x, s)', '(x, t)', false],
    ['(x, many)', '(x, many)', true],
    ['(x, computed)', '(x, computed)', true],
    ['(x, computed)', '(x, s)', false],
  ])('compares %s with %s bit for bit: %s', (left, right, same) => {
    const picture = model`
      <ir_version: 10, opset_import: ["" : 21]>
      main (float[4,6] x) => (p, q)
      <float s = {0.1}, float[1] s1 = {0.1}, float t = {0.10000001}, uint8 u = {0}, int8 z = {0},
       float[6] many = {1,2,3,4,5,6}> {
        computed = ReduceMax <keepdims = 0> (x)
        p = QuantizeLinear ${left}
        q = QuantizeLinear ${right}
      }`;
    const [, p, q] = picture.graph.nodes;
    const view = viewOf(picture);
    expect(sameQuantization(readQuantization(view, p!), readQuantization(view, q!))).toBe(same);
  });
});
