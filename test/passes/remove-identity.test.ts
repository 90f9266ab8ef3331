import { describe, expect, it } from 'vitest';
import { removeIdentity } from '../../src/passes/remove-identity.ts';
import { model, parseModel } from '../../src/serde/index.ts';
import { apply, picture } from '../support/text.ts';

describe('remove-identity', () => {
  it('gives readers the value itself, through chains and into subgraphs', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] z) <float[2] w = {1, 2}> {
        v = Identity (w)
        a = Identity (x)
        b = ai.onnx.Identity (a)
        z = If <
          then_branch = yes () => (float[2] t) { t = Add (b, v) },
          else_branch = no () => (float[2] e) { i = Identity (b)  e = Neg (i) }
        > (c)
      }`;
    expect(picture(apply(removeIdentity, before))).toBe(
      picture(model`
      main (float[2] x, bool c) => (float[2] z) <float[2] w = {1, 2}> {
        z = If <
          then_branch = yes () => (float[2] t) { t = Add (x, w) },
          else_branch = no () => (float[2] e) { e = Neg (x) }
        > (c)
      }`),
    );
  });

  it('lets the node in front make the graph output', () => {
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) { a = Relu (x)  y = Identity (a)  z = Neg (a) }`;
    expect(picture(apply(removeIdentity, before))).toBe(
      picture(model`main (float[2] x) => (float[2] y, float[2] z) { y = Relu (x)  z = Neg (y) }`),
    );
  });

  it('stays where an output would have to be an input, a constant or another output', () => {
    const before = model`
      main (float[2] x) => (float[2] p, float[2] q, float[2] r, float[2] s) <float[2] w = {1, 2}> {
        p = Identity (x)
        q = Identity (w)
        r = Relu (x)
        s = Identity (r)
      }`;
    expect(apply(removeIdentity, before)).toBe(before);
  });

  it('erases nothing of another domain', () => {
    const before = model`
      <ir_version: 8, opset_import: ["" : 17, "com.custom" : 1]>
      main (float[2] x) => (float[2] y) { a = com.custom.Identity (x)  y = Relu (a) }`;
    expect(apply(removeIdentity, before)).toBe(before);
  });

  it('stays where an annotation speaks of the value', () => {
    const before = model`main (float[2] x) => (float[2] y) { a = Identity (x)  y = Relu (a) }`;
    const annotated = {
      ...before,
      graph: { ...before.graph, quantizationAnnotations: [{ tensorName: 'a', parameters: [] }] },
    };
    expect(apply(removeIdentity, annotated)).toBe(annotated);
  });
});

describe('remove-identity, whatever the order of nodes', () => {
  it.each(['y = Identity (h) z = Identity (h)', 'z = Identity (h) y = Identity (h)'])(
    'gives the value to the first output: %s',
    (identities) => {
      const before = parseModel(
        `main (float[1] x) => (float[1] y, float[1] z) { h = Neg (x) ${identities} }`,
      );
      expect(picture(apply(removeIdentity, before))).toMatch(/y = Neg \(x\)\n\s+z = Identity \(y\)/);
    },
  );
});
