import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { skipUnprofitableOp as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, applyTraced, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws, pair } from '../laws.ts';

const ones = (count: number) => Array.from({ length: count }, (_, i) => (i % 7) - 3).join(', ');
const convolved = (outer: number, inner: number, group = 1, weights = pair('v', 'w', 't, z')) => `
  main (float[1,${inner * group},2,2] x) => (float[1,${outer},2,2] y)
  <float s = {0.1}, float t = {1}, int8 z = {0}, float[${outer},${inner},1,1] v = {${ones(outer * inner)}}, int8[${outer},${inner},1,1] k = {${ones(outer * inner)}}> {
    ${pair('x', 'd')}
    ${weights}
    y = Conv <group = ${group}> (d, w)
  }`;

describe('skip-unprofitable-op', () => {
  it('takes the quantizers of both sides away', () => {
    const { model: after, trace } = applyTraced(rule, model`${convolved(5, 8)}`);
    expect(picture(after)).toContain('(x, v)');
    expect(trace.rewrites[0]!.note).toBe('the pairs on "x" and the weights v [5,8,1,1] of Conv (y) go');
  });

  it('writes stored codes as the floats they stand for', () => {
    const stored = picture(apply(rule, model`${convolved(5, 8, 1, 'w = DequantizeLinear (k, t, z)')}`));
    expect(stored).toContain('(x, k_1)');
    expect(stored).toContain('float[5,8,1,1] k_1 = {-3, -2,');
  });

  it('says why it left', () => {
    expect(whyNot(rule, model`${convolved(16, 16)}`)).toContain('Conv (y) has 16 channels');
    expect(whyNot(rule, model`${convolved(8, 1, 8)}`)).toContain('Conv (y) is depthwise');
    expect(whyNot(rule, model`${convolved(8, 3)}`)).toContain("Conv (y) reads the network's few channels");
    const shared = convolved(5, 8).replace('y = Conv', 'n = Exp (d)\n  y = Conv');
    expect(whyNot(rule, model`${shared}`)).toContain('d is also read by Exp');
  });

  keepsTheLaws(
    rule,
    casesInRange([1, 8, 2, 2], () => convolved(5, 8)),
    { within: 0.02, quanta: 1.0 },
  );
});
