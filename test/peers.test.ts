import { describe, expect, it } from 'vitest';
import { type Model, tensor, viewOf } from '../src/ir/index.ts';
import { any, op } from '../src/pattern/index.ts';
import { rewrite, rule } from '../src/rewrite/index.ts';
import { tensorrt } from '../src/rules.ts';
import { execute } from '../src/runtime/index.ts';
import { model, printModel } from '../src/serde/index.ts';

/** Failures that other graph tools have been seen with, each a model that our pipeline has to leave right. */

const fix = (before: Model) => rewrite(before, tensorrt()).model;
const operators = (given: Model) => given.graph.nodes.map((node) => node.opType);

describe('failures known from other tools', () => {
  it('does not fold an int64 Cast → Mul 0.5 → Cast into a multiplication by zero', () => {
    const before = model`
      main (int64[3] x) => (int64[3] y) <float half = {0.5}, int64[3] fixed = {2, 4, 7}> {
        a = Cast <to = 1> (x)
        b = Mul (a, half)
        c = Cast <to = 7> (b)
        d = Cast <to = 1> (fixed)
        e = Mul (d, half)
        f = Cast <to = 7> (e)
        y = Add (c, f)
      }`;
    const outputs = execute(fix(before), new Map([['x', tensor('int64', [3], [10, 20, 31])]]));
    expect([...outputs.get('y')!.toTypedArray()]).toEqual([5n + 1n, 10n + 2n, 15n + 3n]);
  });

  it('never merges two random nodes, nor folds one', () => {
    const before = model`
      main (float[4] x) => (float[4] y) {
        a = RandomNormalLike (x)
        b = RandomNormalLike (x)
        y = Sub (a, b)
      }`;
    expect(operators(fix(before))).toEqual(['RandomNormalLike', 'RandomNormalLike', 'Sub']);
    const constant = model`main () => (float[2] y) { y = RandomNormal <shape = [2]> () }`;
    expect(operators(fix(constant))).toEqual(['RandomNormal']);
  });

  it('leaves an Identity of another domain', () => {
    const before = model`
      <ir_version: 10, opset_import: ["" : 21, "com.custom" : 1]>
      main (float[2] x) => (float[2] y) { a = com.custom.Identity (x)  y = Relu (a) }`;
    expect(printModel(fix(before))).toContain('a = com.custom.Identity (x)');
  });

  it('keeps a Dropout whose mask is read', () => {
    const before = model`
      main (float[2] x) => (float[2] y, bool[2] m) { y, m = Dropout (x) }`;
    expect(operators(fix(before))).toEqual(['Dropout']);
  });

  it('does not keep the old type for a replacement of another one', () => {
    const before = model`main (float[2] x) => (float[2] y) <float[2] a> { a = Neg (x)  y = Relu (a) }`;
    const toInteger = rule({
      name: 'to-integer',
      match: op.Relu(op.Neg(any('x'))),
      effect: 'interface',
      rewrite: ({ x }, build) => build.Cast(x, { to: 7 }),
    });
    const after = rewrite(before, toInteger).model;
    expect(after.graph.outputs[0]!.type).toMatchObject({ elemType: 'int64' });
    expect(after.graph.valueInfos).toEqual([]);
  });

  it('gives a new initializer a name nobody has', () => {
    const before = model`
      main (float[1,1,2,2] x) => (float[1,1,2,2] y)
      <float[1,1,1,1] w = {2}, float[1] y_w = {9}, float[1] y_b = {9}, float[1] g = {3}, float[1] b = {5}, float[1] m = {1}, float[1] v = {4}> {
        h = Conv (x, w)
        n = BatchNormalization <epsilon = 0.0> (h, g, b, m, v)
        o = Add (n, y_w)
        y = Add (o, y_b)
      }`;
    const after = fix(before);
    const names = after.graph.initializers.map((initializer) => initializer.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['y_w', 'y_b']));
    expect(operators(after)).not.toContain('BatchNormalization');
  });

  it('replaces several outputs in legal order', () => {
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) { a = Relu (x)  y = Exp (a)  b = Relu (y)  z = Add (b, a) }`;
    const abs = rule({ name: 'abs', match: op.Relu(any('x')), becomes: op.Abs(any('x')), effect: 'closer' });
    const after = rewrite(before, abs).model;
    const position = new Map(
      after.graph.nodes.flatMap((node, i) => node.outputs.map((output) => [output, i] as const)),
    );
    after.graph.nodes.forEach((node, i) => {
      for (const input of node.inputs) expect(position.get(input) ?? -1).toBeLessThan(i);
    });
  });

  it('keeps metadata and quantization annotations', () => {
    const plain = model`
      main (float[4] x) => (float[6] y) <float s = {1}, int8 z = {0}, int64[2] pads = {1, 1}> {
        r = Relu (x)
        p = Pad (r, pads)
        q = QuantizeLinear (p, s, z)
        d = DequantizeLinear (q, s, z)
        y = Exp (d)
      }`;
    const annotation = { tensorName: 'r', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] };
    const [relu, ...rest] = plain.graph.nodes;
    const before: Model = {
      ...plain,
      metadata: [{ key: 'author', value: 'me' }],
      graph: {
        ...plain.graph,
        nodes: [{ ...relu!, metadata: [{ key: 'namespace', value: 'layer1' }] }, ...rest],
        quantizationAnnotations: [annotation],
        metadata: [{ key: 'k', value: 'v' }],
      },
    };
    const after = fix(before);
    expect(after).not.toBe(before);
    expect(after.metadata).toEqual(before.metadata);
    expect(after.graph.metadata).toEqual(before.graph.metadata);
    expect(after.graph.quantizationAnnotations).toEqual([annotation]);
    expect(viewOf(after).producer('r')).toBe(before.graph.nodes[0]);
  });
});
