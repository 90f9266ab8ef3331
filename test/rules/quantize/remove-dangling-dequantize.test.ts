import { describe, expect, it } from 'vitest';
import { tensor } from '../../../src/ir/index.ts';
import { rewrite, whyNot } from '../../../src/rewrite/index.ts';
import {
  removeDanglingDequantizeInt8 as int8,
  removeDanglingDequantizeTo,
  removeDanglingDequantize as rule,
} from '../../../src/rules/index.ts';
import { execute } from '../../../src/runtime/index.ts';
import { model } from '../../../src/serde/index.ts';
import { runInEngine } from '../../support/engine.ts';
import { apply, picture } from '../../support/text.ts';

const before = model`
  main (float[4] x) => (float[4] y) <float s = {0.5}, uint8 z = {128}> {
    r = Neg (x)
    q = QuantizeLinear (r, s, z)
    y = DequantizeLinear (q, s, z)
  }`;
const inputs = new Map([['x', tensor('float32', [4], [0.2, 0.25, 0.75, 100])]]);

describe('remove-dangling-dequantize', () => {
  it('drops the pair in front of an output', () => {
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (float[4] y) {
        y = Neg (x)
      }"
    `);
  });

  it('gives the float values themselves', () => {
    expect([...(execute(apply(rule, before), inputs).get('y')!.toTypedArray() as Float32Array)]).toEqual(
      [-0.2, -0.25, -0.75, -100].map(Math.fround),
    );
  });

  it('is what the option "float" chooses', () => {
    expect(removeDanglingDequantizeTo({ output: 'float' })).toBe(rule);
    expect(removeDanglingDequantizeTo({ output: 'int8' })).toBe(int8);
  });

  it('does nothing a second time', () => {
    const after = apply(rule, before);
    expect(apply(rule, after)).toBe(after);
  });

  describe('says why it left', () => {
    const pair = (outputs: string, more = '', first = 'r = Neg (x)') => model`
      main (float[4] x) => (${outputs}) <float s = {0.5}, int8 z = {0}> {
        ${first}
        q = QuantizeLinear (r, s, z)
        y = DequantizeLinear (q, s, z)
        ${more}
      }`;
    it('a pair that is not in front of an output', () => {
      expect(whyNot(rule, pair('float[4] w', 'w = Relu (y)'))).toBe('y is no output of the graph');
    });
    it('an output that others read', () => {
      expect(whyNot(rule, pair('float[4] y, float[4] w', 'w = Relu (y)'))).toBe('y is also read by Relu');
    });
    it('codes that others read', () => {
      const codes = pair('float[4] y, float[4] w', 'w = DequantizeLinear (q, s, z)');
      expect(whyNot(rule, codes, 'y')).toBe(
        'q is also read by DequantizeLinear; the match would have to own it',
      );
    });
    it('a pair around an input of the graph', () => {
      const bare = model`
        main (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {0}> {
          q = QuantizeLinear (x, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(whyNot(rule, bare)).toBe('no operator of this graph makes x');
    });
  });
});

describe('remove-dangling-dequantize-int8', () => {
  it('makes the codes the output, under its name and with their type', () => {
    expect(picture(apply(int8, before))).toMatchInlineSnapshot(`
      "main (float[4] x) => (uint8[4] y)
      <float s = {0.5}, uint8 z = {128}> {
        r = Neg (x)
        y = QuantizeLinear (r, s, z)
      }"
    `);
  });

  it('gives the codes that were multiplied by the scale before', async () => {
    const codes = (await runInEngine(apply(int8, before), inputs)).get('y')!;
    expect(codes.dtype).toBe('uint8');
    expect([...(codes.toTypedArray() as Uint8Array)]).toEqual([128, 128, 126, 0]);
  });

  it('says why it left', () => {
    const given = model`
      main (int8[4] q) => (float[4] y) <float s = {0.5}> { y = DequantizeLinear (q, s) }`;
    expect(whyNot(int8, given)).toBe('no operator of this graph makes q');
    const both = model`
      main (float[4] x) => (float[4] y, int8[4] q) <float s = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (x, s, z)
        y = DequantizeLinear (q, s, z)
      }`;
    expect(whyNot(int8, both)).toBe('q is an output of the graph already');
  });

  it('leaves outputs of subgraphs and functions, whose readers expect floats', () => {
    const inner = model`
      main (float[2] x, bool c) => (float[2] y) <float s = {0.5}, int8 z = {0}> {
        y = If <
          then_branch = yes () => (float[2] t) { q = QuantizeLinear (x, s, z)  t = DequantizeLinear (q, s, z) },
          else_branch = no () => (float[2] e) { e = Neg (x) }
        > (c)
      }`;
    expect(rewrite(inner, int8).model).toBe(inner);
    const called = model`
      <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
      main (float[2] x) => (float[2] y) { y = local.Round (x) }
      <domain: "local", opset_import: ["" : 21]>
      Round (v) => (w) {
        s = Constant <value = float {0.5}> ()
        z = Constant <value = int8 {0}> ()
        q = QuantizeLinear (v, s, z)
        w = DequantizeLinear (q, s, z)
      }`;
    expect(rewrite(called, int8).model).toBe(called);
  });
});
