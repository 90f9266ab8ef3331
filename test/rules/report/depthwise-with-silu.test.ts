import { describe, expect, it } from 'vitest';
import { rewrite } from '../../../src/rewrite/index.ts';
import { depthwiseWithSilu as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { pair } from '../laws.ts';

describe('depthwise-with-silu', () => {
  const messages = (activation: string, group = 2, quantized = pair('x', 'd')) => {
    const before = model`
      main (float[1,2,3,3] x) => (float[1,2,3,3] y)
      <float s = {0.5}, int8 z = {0}, float[2,${2 / group},1,1] w = {${'1, 1, 1, 1'.slice(0, group === 2 ? 4 : 10)}}> {
        ${quantized}
        h = Conv <group = ${group}> (d, w)
        ${activation}
      }`;
    return rewrite(before, rule).trace.findings.map(({ message }) => message);
  };
  const silu = 'g = Sigmoid (h)\n  y = Mul (h, g)';

  it('reports what has no kernel', () => {
    expect(messages(silu)).toEqual([
      'Conv (h) is depthwise and has Sigmoid · Mul behind it, which it does not take in: leave it float, or use Relu',
    ]);
    expect(messages('y = HardSwish (h)')[0]).toContain('HardSwish');
  });

  it('keeps silent of Relu, of other convolutions, and of floats', () => {
    expect(messages('y = Relu (h)')).toEqual([]);
    expect(messages(silu, 1)).toEqual([]);
    expect(messages(silu, 2, 'd = Neg (x)')).toEqual([]);
  });
});
