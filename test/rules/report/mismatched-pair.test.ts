import { describe, expect, it } from 'vitest';
import { rewrite } from '../../../src/rewrite/index.ts';
import { mismatchedPair as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';

describe('mismatched-pair', () => {
  const messages = (constants: string, q = 's, z', d = 't, u') => {
    const before = model`
      main (float[2,2] x) => (float[2,2] y) <${constants}> {
        q = QuantizeLinear (x, ${q})
        y = DequantizeLinear (q, ${d})
      }`;
    const { model: after, trace } = rewrite(before, rule);
    expect(after).toBe(before);
    return trace.findings.map(({ message }) => message);
  };

  it('reports the hidden factor', () => {
    expect(messages('float s = {0.5}, float t = {0.75}, int8 z = {0}, int8 u = {0}')).toEqual([
      'QuantizeLinear (q) and DequantizeLinear (y) are no pair: scale 0.5 and 0.75, a factor of 1.5',
    ]);
    expect(messages('float s = {0.5}, int8 z = {0}, int8 u = {4}', 's, z', 's, u')[0]).toContain(
      'zero point 0 and 4',
    );
  });

  it('keeps silent where the halves belong together', () => {
    expect(messages('float s = {0.5}, float t = {0.5}, int8 z = {0}, int8 u = {0}')).toEqual([]);
    expect(messages('float s = {0.5}, uint8 z = {0}', 's, z', 's')).toEqual([]);
  });
});
