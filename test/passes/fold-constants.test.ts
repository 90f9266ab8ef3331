import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validate } from '../../src/analysis/index.ts';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { foldConstants } from '../../src/passes/fold-constants.ts';
import { execute } from '../../src/runtime/index.ts';
import { model, parseModel, printModel } from '../../src/serde/index.ts';
import { runInEngine } from '../support/engine.ts';
import { valuesIn } from '../support/tensors.ts';
import { apply, applyTraced, picture } from '../support/text.ts';

const fold = foldConstants();

describe('fold-constants', () => {
  it('computes a weight scale that the exporter left in the graph', () => {
    const before = model`
      <ir_version: 7, opset_import: ["" : 13]>
      main (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1, -3, 0.5, 2}, float lo = {0.001}> {
        magnitude = Abs (w)
        largest = ReduceMax <axes = [1], keepdims = 0> (magnitude)
        kept = Clip (largest, lo)
        levels = Constant <value = float {2.0}> ()
        scale = Div (kept, levels)
        zero = Constant <value = int8[2] {0, 0}> ()
        q = QuantizeLinear <axis = 0> (w, scale, zero)
        d = DequantizeLinear <axis = 0> (q, scale, zero)
        y = MatMul (x, d)
      }`;
    const { model: after, trace } = applyTraced(fold, before);
    expect(after.graph.nodes.map((node) => node.opType)).toEqual([
      'Constant',
      'Constant',
      'QuantizeLinear',
      'DequantizeLinear',
      'MatMul',
    ]);
    const scale = after.graph.initializers.find(({ name }) => name === 'scale');
    expect(scale?.dtype).toBe('float32');
    expect([...scale!.toTypedArray()]).toEqual([1.5, 1]);
    expect(trace.rewrites).toHaveLength(1);
    expect(trace.rewrites[0]!.before.map((node) => node.opType)).toEqual(['Div', 'Clip', 'ReduceMax', 'Abs']);
    expect(apply(fold, after)).toBe(after);
  });

  it('never folds a quantizer, nor what depends on one', () => {
    const before = model`
      main (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 4}, float s = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (w, s, z)
        d = DequantizeLinear (q, s, z)
        t = Transpose (d)
        y = MatMul (x, t)
      }`;
    expect(apply(fold, before)).toBe(before);
  });

  it('keeps a multiplication by a half between integer casts what it is', () => {
    const before = model`
      main () => (int64[3] y) <int64[3] n = {3, 4, 9007199254740993}> {
        half = Constant <value = float {0.5}> ()
        f = Cast <to = 1> (n)
        h = Mul (f, half)
        y = Cast <to = 7> (h)
      }`;
    const folded = apply(fold, before).graph.initializers.find(({ name }) => name === 'y')!;
    expect(folded.dtype).toBe('int64');
    expect([...folded.toTypedArray()]).toEqual([1n, 2n, 4503599627370496n]);
  });

  it('gives a graph output that is constant its value, under its name', () => {
    const before = model`main (float[2] x) => (float[2] y, float[2] z) <float[2] w = {1, -2}> { y = Relu (x)  z = Neg (w) }`;
    const after = apply(fold, before);
    expect(picture(after)).toContain('float[2] z = {-1, 2}');
    expect([
      ...execute(after, [['x', tensor('float32', [2], [1, 2])]])
        .get('z')!
        .toTypedArray(),
    ]).toEqual([-1, 2]);
  });

  it('writes constant outputs as ONNX Runtime takes them, in the graph and in a branch', async () => {
    const before = model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (float[2] x, bool c) => (float[2] y, float[2] z) <float[2] w = {1, -4}> {
        z = Neg (w)
        k = Abs (w)
        y = If <
          then_branch = yes () => (float[2] t) { t = Sqrt (k) },
          else_branch = no () => (float[2] e) { e = Add (x, k) }
        > (c)
      }`;
    const after = apply(fold, before);
    expect(printModel(after)).not.toMatch(/Neg|Abs|Sqrt/);
    expect(validate(after)).toEqual([]);
    for (const choice of [true, false]) {
      const inputs = new Map<string, Tensor>([
        ['x', tensor('float32', [2], [0.5, 0.25])],
        ['c', tensor('bool', [], [choice])],
      ]);
      const found = await runInEngine(after, inputs);
      expect([...found.get('z')!.toTypedArray()]).toEqual([-1, 4]);
      expect([...found.get('y')!.toTypedArray()]).toEqual(choice ? [1, 2] : [1.5, 4.25]);
    }
  });

  it('leaves what is random, foreign, overridable or sparse', () => {
    const before = model`
      <ir_version: 8, opset_import: ["" : 17, "com.custom" : 1]>
      main (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}, float[2] c = {3, 4}> {
        shape = Constant <value = int64[1] {2}> ()
        a = RandomNormal <shape = [2]> ()
        b = RandomNormalLike (c)
        d = com.custom.Identity (c)
        e = Neg (w)
        i = Sum (a, b, d, e)
        y = Add (x, i)
      }`;
    expect(apply(fold, before)).toBe(before);
  });

  it('folds a default below IR version 4, where every initializer is an input, into a Constant node', () => {
    const before = model`
      <ir_version: 3, opset_import: ["" : 8]>
      main (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { a = Neg (w)  y = Add (x, a) }`;
    expect(picture(apply(fold, before))).toBe(
      picture(model`
      <ir_version: 3, opset_import: ["" : 8]>
      main (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> {
        [a] a = Constant <value = float[2] {-1, -2}> ()
        y = Add (x, a)
      }`),
    );
  });

  it('refuses to blow up a file, but not to keep its size', () => {
    const before = model`
      main () => (float[262145] y, float[2] z) {
        n = Constant <value = int64[1] {262145}> ()
        m = Constant <value = int64[1] {9000000000000}> ()
        y = ConstantOfShape (n)
        huge = ConstantOfShape (m)
        w = Constant <value = float[2] {1, 2}> ()
        z = Neg (w)
        e = ReduceMax (huge)
      }`;
    const { model: after, trace } = applyTraced(fold, before);
    expect(after.graph.initializers.map(({ name }) => name)).toEqual(['z']);
    expect(trace.findings.map(({ at }) => at)).toEqual(['y', 'huge']);
    expect(trace.findings[0]!.message).toBe(
      'its result takes more than 1048576 bytes and more than twice what it is computed from; it stays computed',
    );
    expect(
      apply(foldConstants({ maxBytes: 2 ** 21 }), before).graph.initializers.map(({ name }) => name),
    ).toContain('y');
  });

  it('says what it cannot compute, and leaves it', () => {
    const before = model`
      main (float[2] x) => (float[2] y) <float[2] w = {1, 2}, float[3] v = {1, 2, 3}> { a = Add (w, v)  y = Add (x, a) }`;
    const { model: after, trace } = applyTraced(fold, before);
    expect(after).toBe(before);
    expect(trace.findings).toHaveLength(1);
    expect(trace.findings[0]!.at).toBe('a');
  });

  it('folds the shape of a value whose every length is known, and no other', () => {
    const before = model`
      main (float[2,3] x, float[N,3] n) => (int64[2] a, int64[1] b, int64 c, int64[2] d) {
        t = Transpose (x)
        a = Shape (t)
        b = Shape <start = -1> (x)
        c = Size (x)
        d = Shape (n)
      }`;
    const after = apply(fold, before);
    expect(after.graph.initializers.map(({ name, dims }) => [name, dims])).toEqual([
      ['a', [2]],
      ['b', [1]],
      ['c', []],
    ]);
    expect(after.graph.initializers.map((tensor) => [...tensor.toTypedArray()])).toEqual([
      [3n, 2n],
      [3n],
      [6n],
    ]);
    expect(after.graph.nodes.map((node) => node.outputs[0])).toEqual(['t', 'd']);
  });

  it('folds inside subgraphs and functions, captured constants included', () => {
    const before = model`
      <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
      main (float[2] x, bool c) => (float[2] z) <float[2] w = {1, 2}> {
        v = Neg (w)
        u = local.F (x)
        z = If <
          then_branch = yes () => (float[2] t) { t = Abs (v) },
          else_branch = no () => (float[2] e) { e = Relu (u) }
        > (c)
      }
      <domain: "local", opset_import: ["" : 21]>
      F (p) => (r) { k = Constant <value = float {2}> ()  h = Neg (k)  r = Mul (p, h) }`;
    const text = printModel(apply(fold, before));
    expect(text).toContain('<float[2] t = {1, 2}>');
    expect(text).toContain('h = Constant <value = float {-2}> ()');
    expect(text).not.toContain('Neg');
  });

  it('keeps a folded value that a dead node reads, and every output of a node that is still needed', () => {
    const before = model`
      main (float[2] x) => (float[2] y) <float[4] w = {1, 2, 3, 4}> {
        a, b = Split <axis = 0> (w)
        dead = Neg (b)
        y = Add (x, a)
      }`;
    const after = apply(fold, before);
    expect(after.graph.initializers.map(({ name }) => name)).toEqual(['w', 'a', 'b']);
    expect(after.graph.nodes.map((node) => node.opType)).toEqual(['Neg', 'Add']);
  });

  it('keeps a computed scale that only an annotation names', () => {
    const before = model`
      main (float[2] x) => (float[2] y) <float w = {1}> { s = Neg (w)  y = Relu (x) }`;
    const annotated = {
      ...before,
      graph: {
        ...before.graph,
        quantizationAnnotations: [{ tensorName: 'y', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] }],
      },
    };
    expect(apply(fold, annotated).graph.initializers.map(({ name }) => name)).toEqual(['w', 's']);
  });

  it('never changes a bit of what a model computes, and has nothing to do the second time', () => {
    const operators = ['Add', 'Sub', 'Mul', 'Max', 'Min', 'Div'];
    const step = fc.record({ op: fc.constantFrom(...operators), a: fc.nat(), b: fc.nat() });
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 6, maxLength: 6 }),
        fc.array(step, { minLength: 1, maxLength: 12 }),
        (numbers, steps) => {
          const values = ['x', 'k', 'l'];
          const lines = steps.map(({ op, a, b }, i) => {
            const line = `v${i} = ${op} (${values[a % values.length]}, ${values[b % values.length]})`;
            values.push(`v${i}`);
            return line;
          });
          const text = (list: readonly number[]) => list.map((n) => Math.fround(n)).join(', ');
          const before = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
            main (float[2] x) => (float[2] ${values.at(-1)}, float[2] ${values[3]}2)
            <float[2] k = {${text(numbers.slice(0, 2))}}, float[2] l = {${text(numbers.slice(2, 4))}}> {
              ${lines.join('\n')}
              ${values[3]}2 = Neg (${values[3]})
            }`);
          const after = apply(fold, before);
          const x = tensor('float32', [2], numbers.slice(4));
          expect(valuesIn(execute(after, [['x', x]]))).toEqual(valuesIn(execute(before, [['x', x]])));
          expect(apply(fold, after)).toBe(after);
        },
      ),
      { numRuns: 60 },
    );
  });
});
