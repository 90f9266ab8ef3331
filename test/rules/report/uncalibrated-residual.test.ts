import { describe, expect, it } from 'vitest';
import { rewrite, whyNot } from '../../../src/rewrite/index.ts';
import { uncalibratedResidual as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { pair } from '../laws.ts';

const network = (body: string, outputs = 'float[1,2,3,3] y', constants = 'float s = {0.1}, int8 z = {0}') => `
  main (float[1,2,3,3] x) => (${outputs})
  <${constants}, float[2,2,1,1] w = {0.5, -0.25, 0.75, 0.5}, float[1,2,1,1] c = {1, -1}> {
    r = Relu (x)
    ${pair('r', 'd')}
    h = Conv (d, w)
    ${body}
  }`;

describe('uncalibrated-residual', () => {
  const findings = (body: string) => rewrite(model`${network(body)}`, rule).trace.findings;

  it('reports the residual that needs a range', () => {
    expect(findings('g = Exp (x)\n  y = Add (h, g)')).toEqual([
      {
        rule: 'uncalibrated-residual',
        at: 'y',
        message: 'the residual "g" is float, and nothing gives its scale: calibrate it',
      },
    ]);
  });

  it('keeps silent where quantize-residual can do it, or nothing is to be done', () => {
    expect(findings('y = Add (h, r)')).toEqual([]);
    expect(findings('y = Add (h, d)')).toEqual([]);
    expect(whyNot(rule, model`${network('y = Add (h, r)')}`, 'y')).toBe(
      'quantize-residual has a scale for it',
    );
  });
});
