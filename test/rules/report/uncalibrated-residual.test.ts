import { describe, expect, it } from 'vitest';
import { rewrite, whyNot } from '../../../src/rewrite/index.ts';
import { uncalibratedResidual as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { convolutionBehindRelu as network } from '../networks.ts';

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
