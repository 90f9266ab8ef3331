import { describe, expect, it } from 'vitest';
import { diff, printDiff } from '../../src/analysis/index.ts';
import { model } from '../../src/serde/index.ts';

const before = model`
  <ir_version: 8, opset_import: ["" : 13], producer_name: "exporter">
  main (float[1,2] x) => (float[1,2] y)
  <float s = {0.5}, float[2,2] w = {1, 2, 3, 4}, float[2] unused = {1, 2}> {
    a = MatMul (x, w)
    q = QuantizeLinear (a, s)
    d = DequantizeLinear (q, s)
    t = Relu (d)
    y = Transpose <perm = [0, 1]> (t)
  }`;

describe('diff', () => {
  it('finds nothing between a model and itself', () => {
    expect(diff(before, before)).toMatchObject({ identical: true, reordered: false });
    expect(printDiff(diff(before, before))).toBe('The models are identical.');
  });

  it('tells what a surgery did', () => {
    const after = model`
      <ir_version: 8, opset_import: ["" : 21], producer_name: "exporter">
      main (float[1,2] x) => (float[1,2] y, float[1,2] extra)
      <float s = {0.25}, float[2,2] w = {1, 2, 3, 4.5}> {
        a = MatMul (x, w)
        extra = Relu (a)
        q = QuantizeLinear (extra, s)
        d = DequantizeLinear (q, s)
        y = Transpose <perm = [1, 0]> (d)
      }`;
    expect(printDiff(diff(before, after))).toMatchInlineSnapshot(`
      "model:
        ~ opset ai.onnx: 13 → 21
      outputs:
        + extra: float[1,2]
      nodes:
        - t = Relu (d)
        + extra = Relu (a)
        ~ q = QuantizeLinear (extra, s); input 0: a → extra
        ~ y = Transpose (d); input 0: t → d; perm: [0, 1] → [1, 0]
      initializers:
        - unused: float[2] {1, 2}
        ~ s: float {0.5} → float {0.25}, largest difference 0.25
        ~ w: float[2,2] {1, 2, 3, 4} → float[2,2] {1, 2, 3, 4.5}, largest difference 0.5"
    `);
  });

  it('follows values that only changed their names', () => {
    const after = model`
      <ir_version: 8, opset_import: ["" : 13], producer_name: "exporter">
      main (float[1,2] x) => (float[1,2] y)
      <float s = {0.5}, float[2,2] w = {1, 2, 3, 4}, float[2] unused = {1, 2}> {
        product = MatMul (x, w)
        codes = QuantizeLinear (product, s)
        d = DequantizeLinear (codes, s)
        t = Relu (d)
        y = Transpose <perm = [0, 1]> (t)
      }`;
    const found = diff(before, after);
    expect(found.nodes).toMatchObject({ added: [], removed: [], changed: [] });
    expect([...found.renamed]).toEqual([
      ['a', 'product'],
      ['q', 'codes'],
    ]);
    expect(found.identical).toBe(false);
  });

  it('says that only the order differs', () => {
    const { graph } = before;
    const after = { ...before, graph: { ...graph, nodes: [...graph.nodes].reverse() } };
    expect(printDiff(diff(before, after))).toBe('The nodes that stayed come in another order.');
  });

  it('counts a value that another operator makes as replaced', () => {
    const { graph } = before;
    const nodes = graph.nodes.map((node) => (node.opType === 'Relu' ? { ...node, opType: 'Sigmoid' } : node));
    const found = diff(before, { ...before, graph: { ...graph, nodes } });
    expect(found.nodes.removed.map(({ opType }) => opType)).toEqual(['Relu']);
    expect(found.nodes.added.map(({ opType }) => opType)).toEqual(['Sigmoid']);
  });

  it('measures how far constants moved, and says NaN when one became NaN', () => {
    const constant = (value: string) => model`
      <ir_version: 8, opset_import: ["" : 13]>
      main () => (float[2] y) <float[2] w = {1, ${value}}> { y = Identity (w) }`;
    const distance = (a: string, b: string) =>
      diff(constant(a), constant(b)).initializers.changed[0]?.largestDifference;
    expect(distance('1', '-2.5')).toBe(3.5);
    expect(distance('0', '-0.0')).toBe(0);
    expect(distance('1', 'nan')).toBeNaN();
    expect(distance('1', '1')).toBeUndefined();
  });
});
