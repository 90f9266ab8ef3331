import { describe, expect, it } from 'vitest';
import { validate } from '../../src/analysis/index.ts';
import { tensor } from '../../src/ir/index.ts';
import { floatRegionsInFp16 as halve, removeDeadValues } from '../../src/passes/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { model } from '../../src/serde/index.ts';
import { runInEngine } from '../support/engine.ts';
import { applyTraced, picture } from '../support/text.ts';

const network = (scale = '0.05', opset = 21, more = 'y = Sigmoid (h)') => model`
  <ir_version: 10, opset_import: ["" : ${opset}]>
  main (float[1,2,2,2] x) => (float[1,2,2,2] y)
  <float s = {${scale}}, int8 z = {0}, float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5}> {
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    h = Conv (d, w)
    ${more}
  }`;

describe('float-regions-in-fp16', () => {
  it('writes operators, weights and scales in float16, between Casts', () => {
    const after = rewrite(network(), [halve, removeDeadValues]).model;
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (float[1,2,2,2] x) => (float[1,2,2,2] y)
      <int8 z = {0}, float16 s_fp16 = {0.05}, float16[2,2,1,1] w_fp16 = {0.5, -0.25, 0.75, 0.5}> {
        x_fp16 = Cast <to = 10> (x)
        q = QuantizeLinear (x_fp16, s_fp16, z)
        d_fp16 = DequantizeLinear (q, s_fp16, z)
        h_fp16 = Conv (d_fp16, w_fp16)
        y_fp16 = Sigmoid (h_fp16)
        y = Cast <to = 1> (y_fp16)
      }"
    `);
    expect(validate(after, { strict: true }).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(rewrite(after, halve).model).toBe(after);
  });

  it('stays within float16 rounding, here and in ONNX Runtime', async () => {
    const before = network();
    const after = rewrite(before, [halve, removeDeadValues]).model;
    const x = tensor('float32', [1, 2, 2, 2], [1.31, -3.2, 0.4, 5, -6.1, 2.2, 0, 6.3]);
    const inputs = new Map([['x', x]]);
    const wanted = [...execute(before, inputs).values()][0]!.toTypedArray() as Float32Array;
    for (const given of [execute(after, inputs), await runInEngine(after, inputs)]) {
      const values = [...given.values()][0]!.toTypedArray() as Float32Array;
      for (const [i, value] of values.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThan(0.02);
    }
  });

  it('leaves quantizers float32 before opset 19', () => {
    const after = picture(rewrite(network('0.05', 17), halve).model);
    expect(after).toContain('d = DequantizeLinear (q, s, z)');
    expect(after).toContain('d_fp16 = Cast <to = 10> (d)');
  });

  it('leaves what has no float16 kernel, and gives it floats', () => {
    const after = picture(rewrite(network(undefined, undefined, 'c = Cos (h)  y = Relu (c)'), halve).model);
    expect(after).toContain('h = Cast <to = 1> (h_fp16)');
    expect(after).toContain('c = Cos (h)');
  });

  it('says which constants keep a node in float32', () => {
    const { trace } = applyTraced(halve, network('0.00001'));
    expect(trace.findings.map(({ message }) => message)).toEqual([
      's is beyond the normal numbers of float16; QuantizeLinear stays float32',
      's is beyond the normal numbers of float16; DequantizeLinear stays float32',
    ]);
  });

  it('gives subgraphs the floats that they captured', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] y) {
        h = Relu (x)
        y = If <then_branch = yes () => (float[2] t) { t = Neg (h) }, else_branch = no () => (float[2] e) { e = Exp (h) }> (c)
      }`;
    const { model: after, trace } = applyTraced(halve, before);
    expect(picture(after)).toContain('h = Cast <to = 1> (h_fp16)');
    expect(picture(trace.undo(after))).toBe(picture(before));
  });
});
