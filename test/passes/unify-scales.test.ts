import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, pairsOf, scaleValues, zeroPointValues } from '../../src/analysis/index.ts';
import type { Model } from '../../src/ir/index.ts';
import { scaleGroups, type UnifyOptions, unifyScales } from '../../src/passes/index.ts';
import { model, printModel } from '../../src/serde/index.ts';
import { network, networks } from '../support/quantized-networks.ts';
import { shuffled } from '../support/shuffle.ts';
import { apply, applyTraced } from '../support/text.ts';
import { unequalScales } from '../support/unequal-scales.ts';

/** Scale of the quantizer of each value, by the value's name; several are joined. */
function scales(of: Model): Record<string, string> {
  const found = new Map<string, string[]>();
  for (const pair of pairsOf(of)) {
    const text = `${scaleValues(pair)}${zeroPointValues(pair)?.[0] ? `@${zeroPointValues(pair)}` : ''}`;
    found.set(pair.tensor, [...(found.get(pair.tensor) ?? []), text]);
  }
  return Object.fromEntries([...found].map(([name, texts]) => [name, texts.join(' ')]));
}

const concat = network(
  `p = QDQ (a, 0.5)
   q = QDQ (b, 0.25)
   f = Relu (p)
   g = Relu (q)
   c = Concat <axis = 0> (a, b)
   r = QDQ (c, 0.125)
   y = Relu (r)`,
  'float[2] a, float[2] b',
  'float[2] f, float[2] g, float[4] y',
);

describe('unify-scales', () => {
  it('gives the quantizers of the inputs of a Concat and the one behind it the largest scale', () => {
    const { model: after, trace } = applyTraced(unifyScales(), concat);
    expect(scales(after)).toEqual({ a: '0.5', b: '0.5', c: '0.5' });
    expect(trace.rewrites.map(({ rule, effect, at, note }) => ({ rule, effect, at, note }))).toEqual([
      {
        rule: 'unify-scales',
        effect: 'scale',
        at: 'a',
        note: 'Concat "c": "a" 0.5 → 0.5; "b" 0.25 → 0.5, 1.00 bits lost; "c" 0.125 → 0.5, 2.00 bits lost',
      },
    ]);
    expect(apply(unifyScales(), after)).toBe(after);
  });

  it('takes the scale behind the Concat by the policy "consumer"', () => {
    expect(scales(apply(unifyScales({ policy: 'consumer' }), concat))).toEqual({
      a: '0.125',
      b: '0.125',
      c: '0.125',
    });
    expect(scaleGroups(concat, { policy: 'consumer' })[0]!.members.map(({ bitsLost }) => bitsLost)).toEqual([
      -2, -1, 0,
    ]);
  });

  it('takes the scale behind the last of several, not one in between', () => {
    const chain = network(
      `p = QDQ (a, 0.5)
       m = MaxPool <kernel_shape = [1, 1]> (p)
       n = QDQ (m, 0.75)
       c = Concat <axis = 0> (n, n)
       t = Transpose (c)
       r = QDQ (t, 0.25)
       y = Relu (r)`,
      'float[1,1,2,2] a',
      'float[2,2,1,2] y',
    );
    expect(scales(apply(unifyScales({ policy: 'consumer' }), chain))).toEqual({
      a: '0.25',
      m: '0.25',
      t: '0.25',
    });
    expect(scales(apply(unifyScales(), chain))).toEqual({ a: '0.75', m: '0.75', t: '0.75' });
  });

  it('tells which tensors, why, and at what cost', () => {
    expect(scaleGroups(concat)).toEqual([
      {
        graph: 'main',
        members: [
          { tensor: 'a', quantizer: 'p_q', scale: 0.5, after: 0.5, bitsLost: 0 },
          { tensor: 'b', quantizer: 'q_q', scale: 0.25, after: 0.5, bitsLost: 1 },
          { tensor: 'c', quantizer: 'r_q', scale: 0.125, after: 0.5, bitsLost: 2 },
        ],
        reason: 'Concat "c"',
        before: [0.125, 0.25, 0.5],
        after: 0.5,
      },
    ]);
  });

  it('follows copies, pads with zero and chained concats, but not what computes', () => {
    const through = network(
      `p = QDQ (a, 0.5)
       t = Transpose <perm = [1, 0]> (p)
       u, w = Split <axis = 0> (t)
       c = Concat <axis = 0> (u, w)
       d = Concat <axis = 0> (c, b)
       q = QDQ (b, 0.125)
       k = Relu (q)
       e = Pad (d, pads)
       r = QDQ (e, 0.25)
       h = Relu (r)
       v = QDQ (h, 4)
       y = Abs (v)`,
      'float[2,2] a, float[2,2] b',
      'float[2,2] k, float[N,M] y',
      'int64[4] pads = {1, 0, 1, 0}',
    );
    expect(scales(apply(unifyScales(), through))).toEqual({ a: '0.5', b: '0.5', e: '0.5', h: '4' });
    expect(scaleGroups(through)[0]!.reason).toBe('Transpose "t"; Split "u"; Concat "c"; Concat "d"; Pad "e"');
  });

  it('gives several quantizers of one value one scale', () => {
    const branches = network(
      `p = QDQ (a, 0.5)  q = QDQ (a, 0.25)  f = Relu (p)  g = Abs (q)`,
      'float[2] a',
      'float[2] f, float[2] g',
    );
    expect(scales(apply(unifyScales(), branches))).toEqual({ a: '0.5 0.5' });
    expect(scaleGroups(branches)[0]!.reason).toBe('"a" has 2 quantizers');
  });

  it('joins residual Adds and nearest resizing only when asked to', () => {
    const residual = network(
      `p = QDQ (a, 0.5)  q = QDQ (b, 0.25)  f = Add (p, q)
       r = Resize <mode = "nearest"> (a, , factors)
       s = QDQ (r, 0.75)
       g = Relu (s)`,
      'float[1,1,2,2] a, float[1,1,2,2] b',
      'float[1,1,2,2] f, float[1,1,4,4] g',
      'float[4] factors = {1, 1, 2, 2}',
    );
    expect(apply(unifyScales(), residual)).toBe(residual);
    expect(scales(apply(unifyScales({ residualAdds: true }), residual))).toEqual({
      a: '0.5',
      b: '0.5',
      r: '0.75',
    });
    expect(scales(apply(unifyScales({ resize: true }), residual))).toEqual({
      a: '0.75',
      b: '0.25',
      r: '0.75',
    });
  });

  it('never edits a constant somebody else may read: a Q and its DQs get a new one together', () => {
    const sharing = model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (float[2] a, float[2] b) => (float[4] y, float[2] z) <float s = {0.25}, float t = {0.5}, int8 z0 = {0}> {
        aq = QuantizeLinear (a, s, z0)
        ad = DequantizeLinear (aq, s, z0)
        ae = DequantizeLinear (aq, s, z0)
        c = Concat <axis = 0> (ad, b)
        cq = QuantizeLinear (c, t, z0)
        y = DequantizeLinear (cq, t, z0)
        zq = QuantizeLinear (ae, s, z0)
        r = Neg (b)
        rq = QuantizeLinear (r, s, z0)
        z = DequantizeLinear (rq, s, z0)
      }`;
    const after = apply(unifyScales(), sharing);
    expect(scales(after)).toMatchObject({ a: '0.5', c: '0.5', r: '0.25' });
    expect(after.graph.nodes.filter((node) => node.inputs[1] === 's').map((node) => node.outputs[0])).toEqual(
      ['rq', 'z'],
    );
    expect(after.graph.initializers.map(({ name }) => name)).toEqual(['s', 't', 'z0', 'a_shared_scale']);
  });

  it('unites ranges where zero points differ, so that nothing saturates', () => {
    const asymmetric = network(
      `p = QDQU (a, 0.5, 0)  q = QDQU (b, 0.25, 200)  f = Relu (p)  g = Relu (q)
       c = Concat <axis = 0> (p, q)
       r = QDQU (c, 0.5, 0)
       y = Relu (r)`,
      'float[2] a, float[2] b',
      'float[2] f, float[2] g, float[4] y',
    );
    // a and c reach from 0 to 127.5, b from −50 to 13.75: together −50 to 127.5 in 255 steps.
    const scale = Math.fround(177.5 / 255);
    const shared = `${scale}@72`;
    const after = apply(unifyScales(), asymmetric);
    expect(scales(after)).toEqual({ a: shared, b: shared, c: shared });
    expect([scale * -72, scale * (255 - 72)]).toEqual([
      expect.closeTo(-50, 0) as number,
      expect.closeTo(127.5, 0) as number,
    ]);
    expect(apply(unifyScales(), after)).toBe(after);
  });

  it('works in subgraphs and functions', () => {
    const nested = model`
      <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
      main (float[2] x, bool k) => (float[2] z) {
        u = local.F (x)
        z = If <
          then_branch = yes () => (float[4] t) <float s1 = {1}, float s2 = {2}, int8 n = {0}> {
            q1 = QuantizeLinear (x, s1, n)
            d1 = DequantizeLinear (q1, s1, n)
            c = Concat <axis = 0> (d1, d1)
            q2 = QuantizeLinear (c, s2, n)
            t = DequantizeLinear (q2, s2, n)
          },
          else_branch = no () => (float[2] e) { e = Relu (u) }
        > (k)
      }
      <domain: "local", opset_import: ["" : 21]>
      F (p) => (r) {
        s1 = Constant <value = float {1}> ()
        s2 = Constant <value = float {2}> ()
        n = Constant <value = int8 {0}> ()
        q1 = QuantizeLinear (p, s1, n)
        d1 = DequantizeLinear (q1, s1, n)
        q2 = QuantizeLinear (p, s2, n)
        d2 = DequantizeLinear (q2, s2, n)
        r = Add (d1, d2)
      }`;
    const { model: after, trace } = applyTraced(unifyScales(), nested);
    expect(trace.rewrites.map(({ graph }) => graph)).toEqual(['main/z/then_branch', 'function local.F']);
    expect(printModel(after)).toContain('float x_shared_scale = {2}');
    expect(printModel(after)).toContain('p_shared_scale = Constant <value = float {2}> ()');
  });
});

describe('unify-scales leaves alone, and says why:', () => {
  function refusal(of: Model, options: UnifyOptions = {}): string | undefined {
    const { model: after, trace } = applyTraced(unifyScales(options), of);
    expect(after).toBe(of);
    expect(trace.findings).toHaveLength(1);
    const [group] = scaleGroups(of, options);
    expect(trace.findings[0]!.message).toContain(`${group!.reason}: ${group!.refused}; the scales of "`);
    expect(group!.after).toBeUndefined();
    expect(group!.members.every(({ scale, after: now, bitsLost }) => scale === now && bitsLost === 0)).toBe(
      true,
    );
    return group!.refused;
  }
  const body = (p: string, r: string) =>
    network(`${p}  c = Concat <axis = 0> (p, b)  ${r}  y = Relu (r)`, 'float[2] a, float[2] b', 'float[4] y');

  it('ranges too far apart', () => {
    const apart = body('p = QDQ (a, 0.5)', 'r = QDQ (c, 0.0390625)');
    expect(refusal(apart)).toBe('the range of "a" is 12.8 times that of "c"; the limit is 10');
    expect(scales(apply(unifyScales({ maxRatio: 13 }), apart))).toEqual({ a: '0.5', c: '0.5' });
  });
  it('int8 beside uint8', () => {
    expect(refusal(body('p = QDQU (a, 0.5)', 'r = QDQ (c, 0.25)'))).toBe(
      '"a" is quantized to uint8, "c" to int8',
    );
  });
  it('a scale of zero', () => {
    expect(refusal(body('p = QDQ (a, 0)', 'r = QDQ (c, 0.25)'))).toBe('the scale of "a" is 0');
  });
  it('a scale that is computed, or that a caller may set', () => {
    const computed = model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (float[2] a, float s) => (float[4] y) <float s = {1}, float t = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (a, s, z)
        d = DequantizeLinear (q, s, z)
        c = Concat <axis = 0> (d, d)
        r = QuantizeLinear (c, t, z)
        y = DequantizeLinear (r, t, z)
      }`;
    expect(refusal(computed)).toBe('the scale of "a" is no constant');
  });
  it('several scales for one tensor', () => {
    const perAxis = model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (float[2] a) => (float[4] y) <float[2] s = {1, 2}, int8[2] n = {0, 0}, float t = {0.5}, int8 z = {0}> {
        q = QuantizeLinear <axis = 0> (a, s, n)
        d = DequantizeLinear <axis = 0> (q, s, n)
        c = Concat <axis = 0> (d, d)
        r = QuantizeLinear (c, t, z)
        y = DequantizeLinear (r, t, z)
      }`;
    expect(refusal(perAxis)).toBe('"a" has 2 scales; only one scale per tensor can be shared');
  });
  it('codes that somebody reads as they are', () => {
    const read = (more: string, output: string) => model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (float[2] a) => (float[4] y, ${output}) <float s = {1}, float t = {0.5}, int8 z = {0}> {
        q = QuantizeLinear (a, s, z)
        d = DequantizeLinear (q, s, z)
        c = Concat <axis = 0> (d, d)
        r = QuantizeLinear (c, t, z)
        y = DequantizeLinear (r, t, z)
        ${more}
      }`;
    expect(refusal(read('', 'int8[2] q'))).toBe('"q", the codes of "a", are a graph output');
    expect(refusal(read('n = Reshape (q, h)  h = Constant <value = int64[1] {2}> ()', 'int8[2] n'))).toBe(
      'Reshape "n" reads the codes of "a"',
    );
    expect(refusal(read('e = DequantizeLinear (q, t, z)', 'float[2] e'))).toBe(
      '"a" is quantized with one scale and dequantized with another by DequantizeLinear "e"',
    );
  });
  it('codes that come from elsewhere', () => {
    const given = model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (int8[2] q) => (float[4] y) <float s = {1}, float t = {0.5}, int8 z = {0}> {
        d = DequantizeLinear (q, s, z)
        c = Concat <axis = 0> (d, d)
        r = QuantizeLinear (c, t, z)
        y = DequantizeLinear (r, t, z)
      }`;
    expect(refusal(given)).toBe('"d" is made of integer codes that have their scale from elsewhere');
  });
  it('a scale that an int32 bias counts in', () => {
    const biased = model`
      <ir_version: 8, opset_import: ["" : 17]>
      main (float[1,2,1,1] a) => (float[1,1,1,1] y, float[1,4,1,1] w)
      <float s = {1}, float t = {2}, int8 z = {0}, int8[1,2,1,1] k = {1, 2}, int32[1] b = {7}, float bs = {0.5}, float ks = {0.5}, int32 bz = {0}> {
        q = QuantizeLinear (a, s, z)
        d = DequantizeLinear (q, s, z)
        kd = DequantizeLinear (k, ks, z)
        bd = DequantizeLinear (b, bs, bz)
        y = Conv (d, kd, bd)
        c = Concat <axis = 1> (a, a)
        r = QuantizeLinear (c, t, z)
        w = DequantizeLinear (r, t, z)
      }`;
    expect(refusal(biased)).toBe('Conv "y" has an int32 bias that counts in units of the scale of "a"');
    expect(scaleGroups(biased, { policy: 'consumer' })[0]!.refused).toBeDefined();
  });
});

describe('the law of unify-scales', () => {
  it.each(['max', 'consumer'] as const)(
    '%s: order and names do not matter, and the second time there is nothing to do',
    (policy) => {
      fc.assert(
        fc.property(networks, fc.integer(), (before, seed) => {
          const after = apply(unifyScales({ policy }), before);
          expect(canonicalHash(apply(unifyScales({ policy }), shuffled(before, seed)))).toBe(
            canonicalHash(after),
          );
          expect(apply(unifyScales({ policy }), after)).toBe(after);
        }),
        { numRuns: 100 },
      );
    },
  );

  it('no Concat and no MaxPool keeps unequal scales around it, unless its group was refused', () => {
    fc.assert(
      fc.property(networks, (before) => {
        const { model: after, trace } = applyTraced(unifyScales(), before);
        const refused = trace.findings.map(({ message }) => message).join('\n');
        for (const { tensors } of unequalScales(after))
          expect(tensors.filter((name) => refused.includes(`"${name}"`))).toEqual(tensors);
        expect(unequalScales(apply(unifyScales({ maxRatio: Infinity }), before))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
