import { describe, expect, it } from 'vitest';
import { rewrite } from '../../../src/rewrite/index.ts';
import { requantizeReport as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { pair } from '../laws.ts';

describe('requantize-report', () => {
  const messages = (
    between: string,
    second: string,
    constants = 'float s = {0.5}, float t = {0.75}, int8 z = {0}',
  ) => {
    const before = model`
      main (float[2,2] x) => (float[2,2] y) <${constants}> {
        ${pair('x', 'a')}
        ${between}
        ${pair('b', 'y', second)}
      }`;
    return rewrite(before, rule).trace.findings.map(({ message }) => message);
  };

  it('reports a change of scale between copies', () => {
    expect(messages('b = Transpose (a)', 't, z')).toEqual([
      'DequantizeLinear (a) and QuantizeLinear (y_q) requantize one tensor: scale of DequantizeLinear (a) is not that of QuantizeLinear (y_q); unify-scales gives both one scale',
    ]);
  });

  it('keeps silent on one grid, and behind what computes', () => {
    expect(messages('b = Transpose (a)', 's, z')).toEqual([]);
    expect(messages('b = Relu (a)', 't, z')).toEqual([]);
  });
});
