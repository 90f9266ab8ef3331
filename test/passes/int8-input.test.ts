import { describe, expect, it } from 'vitest';
import { equalTensors, validate } from '../../src/analysis/index.ts';
import { tensor } from '../../src/ir/index.ts';
import { int8Input } from '../../src/passes/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { model } from '../../src/serde/index.ts';
import { applyTraced, picture } from '../support/text.ts';

const network = (more = '', outputs = 'float[2,2] y', zero = 'int8 z = {3}') => model`
  main (float[2,2] x) => (${outputs}) <float s = {0.5}, ${zero}> {
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    y = Relu (d)
    ${more}
  }`;

describe('int8-input', () => {
  it('lets the caller quantize, and says how', () => {
    const { model: after, trace } = applyTraced(int8Input, network());
    expect(picture(after)).toMatchInlineSnapshot(`
      "main (int8[2,2] x) => (float[2,2] y)
      <float s = {0.5}, int8 z = {3}> {
        d = DequantizeLinear (x, s, z)
        y = Relu (d)
      }"
    `);
    expect(trace.rewrites[0]!.note).toBe('the caller hands over clamp(round(x / 0.5) + 3) as int8');
    expect(validate(after, { strict: true }).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(rewrite(after, int8Input).model).toBe(after);
  });

  it('computes the same from the codes', () => {
    const x = tensor('float32', [2, 2], [1.3, -7, 100, 0.25]);
    const codes = tensor('int8', [2, 2], [6, -11, 127, 3]);
    const before = network();
    const [wanted] = execute(before, new Map([['x', x]])).values();
    const [given] = execute(rewrite(before, int8Input).model, new Map([['x', codes]])).values();
    expect(equalTensors(given!, wanted!)).toBe(true);
  });

  it('follows readers into subgraphs, and can be replayed and undone', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] y) <float s = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (x, s, z)
        y = If <
          then_branch = yes () => (float[2] t) { t = DequantizeLinear (q, s, z) },
          else_branch = no () => (float[2] e) { d = DequantizeLinear (q, s, z)  e = Neg (d) }
        > (c)
      }`;
    const { model: after, trace } = applyTraced(int8Input, before);
    expect(picture(after)).toContain('t = DequantizeLinear (x, s, z)');
    expect(picture(trace.undo(after))).toBe(picture(before));
    expect(picture(trace.replay(before))).toBe(picture(after));
  });

  describe('says why it left', () => {
    const finding = (before: ReturnType<typeof network>) => {
      const { model: after, trace } = applyTraced(int8Input, before);
      expect(after).toBe(before);
      return trace.findings[0]?.message;
    };
    it('an input that others read, also from a subgraph', () => {
      expect(finding(network('n = Neg (x)', 'float[2,2] y, float[2,2] n'))).toBe(
        'Neg reads the input as it is',
      );
    });
    it('an input of two quantizers', () => {
      const two = network(
        'r = QuantizeLinear (x, s, z)\n  n = DequantizeLinear (r, s, z)',
        'float[2,2] y, float[2,2] n',
      );
      expect(finding(two)).toContain('2 quantizers read the input');
    });
    it('codes that are an output, codes of 16 bits, and a scale that is computed', () => {
      expect(finding(network('', 'float[2,2] y, int8[2,2] q'))).toContain('are an output of the graph');
      expect(finding(network('', undefined, 'int16 z = {0}'))).toBe('the codes are int16');
      const computed = model`
        main (float[2] x) => (float[2] y) <float t = {0.5}, int8 z = {0}> {
          s = Abs (t)
          q = QuantizeLinear (x, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(finding(computed)).toBe('the scale is not one constant');
    });
    it('an input with a default', () => {
      const before = model`
        main (float[2] x = {1, 2}) => (float[2] y) <float s = {0.5}, int8 z = {0}> {
          q = QuantizeLinear (x, s, z)
          y = DequantizeLinear (q, s, z)
        }`;
      expect(finding(before)).toContain('has a default value');
    });
  });
});
