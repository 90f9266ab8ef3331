import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, pairsOf, scaleValues } from '../../src/analysis/index.ts';
import { type Model, renameReads, tensor } from '../../src/ir/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { unquantize } from '../../src/rules/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { type Consent, consentNames, plan, tensorrt } from '../../src/targets/index.ts';
import { network, networks } from '../support/quantized-networks.ts';
import { shuffled } from '../support/shuffle.ts';
import { valuesIn } from '../support/tensors.ts';
import { apply, picture } from '../support/text.ts';
import { unequalScales } from '../support/unequal-scales.ts';
import { quantizedGraph } from './quantized-graph.ts';
import { mobilenetV2, resnet18 } from './rule-book-networks.ts';

const scales = (of: Model) => pairsOf(of).map((pair) => [pair.tensor, scaleValues(pair)?.[0]]);

const concat = network(
  `p = QDQ (a, 0.5)
   f = Relu (p)
   c = Concat <axis = 0> (a, b)
   r = QDQ (c, 0.25)
   g = Abs (r)
   d = Concat <axis = 0> (a, b)
   y = QDQ (d, 2)`,
  'float[2] a, float[2] b',
  'float[2] f, float[4] g, float[4] y',
);

/** Reads one of several equal constants everywhere: which of them a merged quantizer keeps is all that may differ. */
function mergeEqual(of: Model): Model {
  const kept = new Map<string, string>();
  const names = new Map<string, string>();
  for (const constant of of.graph.initializers) {
    const key = `${constant.dtype} ${constant.dims} ${constant.toBytes()}`;
    kept.set(key, kept.get(key) ?? constant.name!);
    names.set(constant.name!, kept.get(key)!);
  }
  const nodes = of.graph.nodes.map((node) => renameReads(node, names));
  const initializers = of.graph.initializers.filter(({ name }) => names.get(name!) === name);
  return { ...of, graph: { ...of.graph, nodes, initializers } };
}

describe('the TensorRT pipeline', () => {
  it('clears the ground first, shares scales last, and says what changes numbers', () => {
    const { names, members } = tensorrt();
    expect(names.slice(0, 3)).toEqual(['remove-identity', 'fold-constants', 'remove-dead-values']);
    expect(names.slice(-2)).toEqual(['unify-scales', 'drop-enforced-bounds']);
    const changing = members.filter(({ effect }) => effect !== 'exact');
    expect(changing.map(({ name, effect }) => `${name} ${effect}`)).toEqual([
      'qlinear-to-qdq rounding',
      'microsoft-qlinear-to-qdq rounding',
      'fold-cast-into-dequantize rounding',
      ...[...unquantize].map(({ name }) => `${name} closer`),
      'fold-batch-norm-into-conv rounding',
      'fold-batch-norm-into-quantized-conv rounding',
      'remove-dangling-dequantize closer',
      'unify-scales scale',
    ]);
  });

  it('drops no bound that a quantizer keeps only until its scale changes, or it goes', () => {
    const bounded = network(
      `c = Clip (x, low, high)
       p = QDQ (c, 0.0625)
       q = QDQ (w, 0.25)
       j = Concat <axis = 0> (p, q)
       r = QDQ (j, 0.25)
       y = Abs (r)
       n = Relu (x)
       z = QDQU (n, 0.25)`,
      'float[2] x, float[2] w',
      'float[4] y, float[2] z',
      'float low = {-8}, float high = {7.9375}',
    );
    const after = apply(tensorrt({ allow: ['symmetric'] }), bounded);
    expect(scales(after).every(([, scale]) => scale === 0.25)).toBe(true);
    expect(picture(after)).toContain('Clip (x, low, high)');
    expect(picture(after)).toContain('z = Relu (x)');
    // Where neither happens the quantizer does it alone.
    expect(picture(apply(tensorrt({ unify: 'none' }), bounded))).not.toContain('Clip');
  });

  it('has one rule or pass more or less by option', () => {
    const { names } = tensorrt();
    expect(names.filter((name) => name !== 'unify-scales')).toEqual(tensorrt({ unify: 'none' }).names);
    const int8 = tensorrt({ int8Output: true }).names;
    expect(names.filter((name) => !int8.includes(name))).toEqual(['remove-dangling-dequantize']);
    expect(int8.filter((name) => !names.includes(name))).toEqual(['remove-dangling-dequantize-int8']);
  });

  it('drops a pair in front of an output before it can widen a scale that others share', () => {
    const after = apply(tensorrt(), concat);
    expect(scales(after)).toEqual([
      ['a', 0.5],
      ['c', 0.5],
    ]);
    expect(picture(after)).toContain('y = Concat <axis = 0> (a, b)');
  });

  it('ends in int8 when asked to, with the scale shared', () => {
    const after = apply(tensorrt({ int8Output: true }), concat);
    expect(scales(after)).toEqual([
      ['a', 2],
      ['c', 2],
      ['d', 2],
    ]);
    expect(picture(after)).toContain('int8[4] y');
    expect(apply(tensorrt({ int8Output: true }), after)).toBe(after);
  });

  it('leaves every scale what it is when asked to', () => {
    expect(scales(apply(tensorrt({ unify: 'none' }), concat))).toEqual([
      ['a', 0.5],
      ['c', 0.25],
    ]);
  });

  it('changes no bit with what is declared exact', () => {
    const exact = tensorrt().only(
      ...tensorrt().members.flatMap(({ name, effect }) => (effect === 'exact' ? [name] : [])),
    );
    const values = fc.array(fc.float({ min: -40, max: 40, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(networks, values, values, (before, x, w) => {
        const after = apply(exact, before);
        const inputs = new Map([
          ['x', tensor('float32', [1, 1, 2, 2], x)],
          ['w', tensor('float32', [1, 1, 2, 2], w)],
        ]);
        expect(valuesIn(execute(after, inputs))).toEqual(valuesIn(execute(before, inputs)));
      }),
      { numRuns: 60 },
    );
  });

  it('depends on neither order nor names, settles, and leaves no unequal scales that it does not name', () => {
    fc.assert(
      fc.property(networks, fc.integer(), (before, seed) => {
        const { model: after, trace } = rewrite(before, tensorrt({ maxRatio: 100 }));
        expect(trace.stop.kind).toBe('complete');
        expect(unequalScales(after)).toEqual([]);
        expect(apply(tensorrt({ maxRatio: 100 }), after)).toBe(after);
        const other = apply(tensorrt({ maxRatio: 100 }), shuffled(before, seed));
        expect(canonicalHash(mergeEqual(other))).toBe(canonicalHash(mergeEqual(after)));
      }),
      { numRuns: 60 },
    );
  });

  it('adds no quantizer unless allowed to', () => {
    expect(tensorrt().names).not.toContain('quantize-residual');
    expect(tensorrt({ allow: ['residuals'] }).names).toEqual(
      expect.arrayContaining(['quantize-residual', 'observe-ranges']),
    );
    expect(tensorrt({ allow: consentNames }).names).toEqual(
      expect.arrayContaining(['quantize-average-pool-both-sides', 'quantize-attention-matmuls']),
    );
    expect(tensorrt({ unquantize: false }).names).not.toContain('float-islands');
    expect(tensorrt({ version: '8.6' }).names).toContain('unfold-weight-quantizer');
    expect(tensorrt({ version: '11' }).names).not.toContain('unfold-weight-quantizer');
    expect(tensorrt({ version: '8.6' }).name).toBe('tensorrt@8.6');
  });

  it('with residuals allowed makes a ResNet-18 what the rule book says, with scales measured where there are none', () => {
    const before = resnet18(false);
    const { model: after, trace } = rewrite(before, tensorrt({ allow: ['residuals'] }));
    expect(plan(before, { target: 'tensorrt@10' }).totals.qdq).toBe(10);
    expect(plan(after, { target: 'tensorrt@10' }).totals).toEqual({
      i8i8: 12,
      i8f: 1,
      i8i8_residual: 7,
      i8f_residual: 1,
      qdq: 3,
      scale: 0,
    });
    // Three shortcuts are convolutions that nobody else reads; five residuals have the next convolution's scale.
    expect(trace.counts().get('quantize-residual')).toBe(8);
    expect(
      trace.findings.filter(({ rule }) => rule === 'observe-ranges').map(({ message }) => message),
    ).toEqual([expect.stringContaining('the ranges of 3 values come from 4 generated inputs')]);
  });

  it('with all quantizers allowed leaves the input’s quantizer alone', () => {
    const allow: readonly Consent[] = ['residuals', 'average-pools'];
    for (const before of [resnet18(false), resnet18(true), mobilenetV2()]) {
      const after = apply(tensorrt({ allow }), before);
      const { qdq } = plan(after, { target: 'tensorrt@10' });
      expect(qdq.map(({ kind, tensor }) => `${kind} ${tensor}`)).toEqual(['Q x']);
      expect(apply(tensorrt({ allow }), after)).toBe(after);
    }
  });

  // Parts of real networks on which one rule or another once made the forecast worse.
  it.each([
    [
      'channels shuffled in front of a convolution',
      `a = QDQ (x, 0.5)
       b = QConv (a)
       c = QConv (a)
       d = Concat <axis = 1> (b, c)
       e = Reshape (d, apart)
       f = Transpose <perm = [0, 2, 1, 3, 4]> (e)
       g = Reshape (f, together)
       h, i = Split <axis = 1> (g, sizes)
       j = QDQ (h, 0.25)
       k = QConv (j)
       l = QDQ (i, 0.25)
       m = QConv (l)
       y = Concat <axis = 1> (k, m)`,
      ['int64[5] apart = {1, 2, 4, 8, 8}', 'int64[4] together = {1, 8, 8, 8}', 'int64[2] sizes = {4, 4}'],
      { i8i8: 2, i8f: 2, qdq: 1 },
    ],
    [
      'squeeze and excite',
      `a = QDQ (x, 0.5)
       b = QConv (a)
       c = SiLU (b)
       d = GlobalAveragePool (c)
       e = QDQ (d, 0.25)
       f = QConv (e)
       g = Sigmoid (f)
       h = Mul (g, c)
       i = QDQ (h, 0.5)
       y = QConv (i)`,
      [],
      { i8i8: 0, i8f: 3, qdq: 3 },
    ],
    [
      'a feature pyramid',
      `a = QDQ (x, 0.5)
       b = QConv (a)
       c = QConv (a)
       d = Resize <mode = "nearest"> (b, , by)
       e = Add (c, d)
       f = QDQ (e, 0.5)
       g = QConv (f)
       h = Resize <mode = "nearest"> (e, , by)
       i = Add (g, h)
       j = QDQ (i, 0.5)
       y = QConv (j)`,
      ['float[4] by = {1, 1, 1, 1}'],
      { i8i8: 0, i8f: 2, qdq: 3 },
    ],
  ] as const)('never makes the forecast worse: %s', (_, body, constants, totals) => {
    const before = quantizedGraph(body, { constants });
    for (const allow of [[], ['residuals', 'average-pools']] as const) {
      const after = plan(apply(tensorrt({ allow }), before), { target: 'tensorrt@10' });
      expect(after.totals).toMatchObject(totals);
      expect(after.bytes).toBeLessThanOrEqual(plan(before, { target: 'tensorrt@10' }).bytes!);
    }
  });
});
