import { describe, expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { model, parseModel } from '../../src/serde/index.ts';
import { verify, withoutActivationQuantizers } from '../../src/verify/index.ts';
import { picture } from '../support/text.ts';

/** x · 1 behind a quantizer of a scale. */
const rounded = (scale: number): Model =>
  parseModel(`main (float[2] x) => (float[2] y) <float s = {${scale}}, int8 z = {0}, float[1] one = {1}> {
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    y = Mul (d, one)
  }`);

const given = (...samples: readonly (readonly number[])[]) => ({
  inputs: samples.map((values) => new Map<string, Tensor>([['x', tensor('float32', [2], values)]])),
});

describe('withoutActivationQuantizers', () => {
  it('lets activations pass and keeps weights on their grid', () => {
    const quantized = model`
      main (float[1] x) => (float[1] y) <float s = {0.5}, int8 z = {0}, int8[1] w = {3}> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        v = DequantizeLinear (w, s, z)
        y = Mul (d, v)
      }`;
    expect(picture(withoutActivationQuantizers(quantized)!)).toContain('d = Identity (x)');
    expect(picture(withoutActivationQuantizers(quantized)!)).toContain('v = DequantizeLinear (w, s, z)');
  });

  it('has nothing to say about a model that quantizes no activation', () => {
    const float = model`main (float[1] x) => (float[1] y) { y = Neg (x) }`;
    expect(withoutActivationQuantizers(float)).toBeUndefined();
  });
});

describe('the distance to the network without rounding', () => {
  it('is the SQNR against it, before and after', () => {
    const report = verify(rounded(1), rounded(0.25), { ...given([0.3, 0]), allow: 'scale' });
    const { toFloat, within } = report.outputs[0]!;
    // 0.3 becomes 0 on the coarse grid and 0.25 on the fine one.
    expect(toFloat!.before).toBeCloseTo(0, 6);
    expect(toFloat!.after).toBeCloseTo(20 * Math.log10(0.3 / 0.05), 5);
    expect(toFloat!.loss).toBeCloseTo(-20 * Math.log10(0.3 / 0.05), 5);
    expect(within).toBe(true);
  });

  it('fails a new scale that is much worse', () => {
    const report = verify(rounded(0.25), rounded(1), { ...given([0.3, 0]), allow: 'scale' });
    expect(report).toMatchObject({ equivalent: false });
    expect(report.outputs[0]!.toFloat!.loss).toBeCloseTo(20 * Math.log10(0.3 / 0.05), 5);
  });

  it('is the mean of all samples, unchanged ones included', () => {
    const one = verify(rounded(0.25), rounded(1), { ...given([0.3, 0]), allow: 'scale' });
    const two = verify(rounded(0.25), rounded(1), { ...given([0.3, 0], [1, 2]), allow: 'scale' });
    expect(two.outputs[0]!.toFloat!.loss).toBeCloseTo(one.outputs[0]!.toFloat!.loss / 2, 10);
    expect(two.outputs[0]!.toFloat!.before).toBeCloseTo(one.outputs[0]!.toFloat!.before, 10);
  });

  it('never counts the network without rounding itself as farther away', () => {
    const itself = model`main (float[2] x) => (float[2] y) { y = Identity (x) }`;
    // 0.6 becomes 2: more noise than signal.
    const report = verify(rounded(2), itself, { ...given([0.6, 0.6], [1.2, 1.2]), allow: 'closer' });
    expect(report.equivalent).toBe(true);
    expect(report.outputs[0]!.toFloat!.loss).toBeLessThanOrEqual(0);
    expect(report.outputs[0]!.toFloat!.after).toBe(Infinity);
  });

  it('does not let zeros pass for a noisy model', () => {
    const zeros = model`main (float[2] x) => (float[2] y) <float[1] none = {0}> { y = Mul (x, none) }`;
    const noisy = verify(rounded(0.5), zeros, { ...given([0.3, 0.4]), allow: 'scale' });
    expect(noisy.equivalent).toBe(false);
  });

  it('does not let a NaN pass', () => {
    const bad = model`main (float[2] x) => (float[2] y) { y = Div (x, x) }`;
    const report = verify(rounded(0.5), bad, { ...given([0.3, 0]), allow: 'scale' });
    expect(report.equivalent).toBe(false);
    expect(report.outputs[0]!.toFloat).toMatchObject({ loss: Infinity });
  });

  it('is not measured where only equal bits count', () => {
    expect(verify(rounded(1), rounded(0.25), given([0.3, 0])).outputs[0]!.toFloat).toBeUndefined();
  });

  it('cannot be told for models that do not round: they are held to the other limits', () => {
    const one = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const two = model`main (float[2] x) => (float[2] y) { y = Abs (x) }`;
    expect(verify(one, two, { ...given([1, 2]), allow: 'scale' }).equivalent).toBe(false);
  });
});
