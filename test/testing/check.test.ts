import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validate } from '../../src/analysis/index.ts';
import { subgraphsOf, tensor } from '../../src/ir/index.ts';
import { removeIdentity } from '../../src/passes/index.ts';
import { any, constant, domain, each, oneOf, op, optional, quantizePair } from '../../src/pattern/index.ts';
import { pass, rewrite, rule } from '../../src/rewrite/index.ts';
import { quantizeBeforePad, quantizeBeforeSplit, simplify } from '../../src/rules/index.ts';
import { model } from '../../src/serde/index.ts';
import {
  checkKernel,
  checkPass,
  checkRule,
  checkRuleSet,
  matchers,
  models,
  modelsMatching,
  nodes,
  printVerdict,
} from '../../src/testing/index.ts';

const isValid = (one: Parameters<typeof validate>[0]) =>
  validate(one, { strict: true }).every(({ severity }) => severity !== 'error');

/** What a pass writes down that does not say which nodes it has changed. */
const emptyRecord = (rule: string) => ({
  rule,
  effect: 'exact' as const,
  graph: 'main',
  at: '',
  before: [],
  after: [],
  added: [],
  removed: [],
});

describe('checkRule', () => {
  it('says how much it tried', () => {
    const verdict = checkRule(quantizeBeforePad, { runs: 60 });
    if (verdict.kind !== 'holds') throw new Error(printVerdict(verdict));
    expect(verdict.evidence).toBe('proved');
    expect(verdict.proved).toBeGreaterThan(15);
    expect(checkRule(quantizeBeforePad, { runs: 20, proofs: 0 })).toMatchObject({
      evidence: 'tested',
      proved: 0,
    });
    expect(verdict.matches).toBeGreaterThan(20);
    expect(verdict.told).toBeGreaterThan(20);
    expect([...verdict.reasons.keys()].join()).toMatch(/pads with #, which the quantizer turns into #/);
  });

  it('has no verdict on a pattern that nothing matches', () => {
    const never = rule({
      name: 'never',
      match: op.Relu(any('x')),
      unless: () => 'no',
      rewrite: ({ x }) => x,
    });
    const verdict = checkRule(never, { runs: 30 });
    expect(verdict.kind).toBe('inconclusive');
    expect(printVerdict(verdict)).toMatch(
      /no verdict, for the pattern matched 0 of 30 models\.[\s\S]*\d+ × no/,
    );
  });

  it('leaves claims alone that nobody makes, and says so', () => {
    const drop = rule({ name: 'drop-sign', match: op.Neg(any('x')), rewrite: ({ x }) => x });
    expect(checkRule(drop, { runs: 40 }).kind).toBe('refuted');
    const verdict = checkRule(drop, { runs: 40, unchecked: ['outputs'] });
    expect(verdict).toMatchObject({ kind: 'holds', unchecked: ['outputs'] });
    expect(printVerdict(verdict)).toMatch(/rewritten\. Not examined: that the model computes the same/);
  });

  it('shows outputs side by side', () => {
    const drop = rule({ name: 'drop-pair', match: quantizePair(any('x')), rewrite: ({ x }) => x });
    const text = printVerdict(checkRule(drop));
    expect(text).toMatch(/Broken claim: the model computes the same/);
    expect(text).toMatch(/becomes[\s\S]*Fed with[\s\S]*Outputs[\s\S]*before float[\s\S]*after {2}float/);
  });

  it('comes to the same counterexample from the same seed', () => {
    const drop = rule({ name: 'drop-pair', match: quantizePair(any('x')), rewrite: ({ x }) => x });
    const [one, other] = [3, 3].map((seed) => printVerdict(checkRule(drop, { seed })));
    expect(one).toBe(other);
  });

  it.each(['unless', 'rewrite'] as const)('reports what %s throws, with the model', (part) => {
    const crash = (): never => {
      throw new TypeError('Cannot read properties of undefined');
    };
    const broken = rule({
      name: 'broken',
      match: op.Relu(any('x')).as('relu'),
      ...(part === 'unless' ? { unless: crash } : {}),
      rewrite: part === 'rewrite' ? crash : ({ x }) => x,
    });
    const verdict = checkRule(broken);
    if (verdict.kind !== 'refuted') throw new Error('not refuted');
    expect(verdict.counterexample.claim).toBe('runs');
    expect(verdict.counterexample.message).toMatch(new RegExp(`${part}|guard`));
    expect(verdict.counterexample.text).toMatch(/Relu/);
  });
});

describe('modelsMatching', () => {
  const forms = {
    'any, constant and optional': op.Conv(any('x'), constant('w'), optional(constant('b'))),
    each: op.Concat(each('parts', quantizePair(any('x')))),
    oneOf: op.Add(oneOf(op.Relu(any('x')), op.Sigmoid(any('x'))), any('y')),
    'attribute conditions': op.Transpose(any('x')).with({ perm: [1, 0] }),
    'another output': op.Relu(
      op
        .Split(any('x'), optional(any('parts')))
        .shared()
        .output(1),
    ),
    'another domain': domain('com.acme').Guess!(any('x')),
    'an opset range': op.Slice(any('x')).opset(7, 9),
    'a value twice': op.Mul(any('x'), op.Sigmoid(any('x'))),
  };

  it.each(Object.entries(forms))('reads a pattern of %s backwards', (_, match) => {
    const found = rule({ name: 'found', match: match as never, rewrite: () => null });
    let matched = 0;
    fc.assert(
      fc.property(modelsMatching(found), (one) => {
        expect(isValid(one)).toBe(true);
        const noted = rule({ name: 'noted', match: match as never, report: () => 'here' });
        if (rewrite(one, noted).trace.findings.length > 0) matched += 1;
      }),
      { numRuns: 30, seed: 5 },
    );
    expect(matched).toBeGreaterThan(12);
  });

  it('reads what stands behind every output', () => {
    let matched = 0;
    const all = modelsMatching(quantizeBeforeSplit);
    fc.assert(
      fc.property(all, (one) => {
        if (rewrite(one, quantizeBeforeSplit).model !== one) matched += 1;
      }),
      { numRuns: 40, seed: 5 },
    );
    expect(matched).toBeGreaterThan(8);
  });

  it('shrinks to what fails', () => {
    const bias = modelsMatching(quantizeBeforePad);
    const result = fc.check(
      fc.property(bias, (one) => one.graph.nodes.every(({ opType }) => opType !== 'Pad')),
      { seed: 1 },
    );
    expect(result.counterexample?.[0].graph.nodes.map(({ opType }) => opType)).toEqual(['Pad']);
  });
});

describe('models and nodes', () => {
  it('are valid and typed, of many operators', () => {
    const operators = new Set<string>();
    fc.assert(
      fc.property(models(), (one) => {
        for (const { opType } of one.graph.nodes) operators.add(opType);
        return isValid(one);
      }),
      { numRuns: 150, seed: 1 },
    );
    expect(operators.size).toBeGreaterThan(50);
    for (const opType of ['If', 'Loop', 'Scan']) expect(operators).toContain(opType);
  });

  it.each(['Loop', 'Scan'])('shrink a %s to its body, and that to what it has to make', (opType) => {
    const { counterexample } = fc.check(
      fc.property(models(), (one) => one.graph.nodes.every((node) => node.opType !== opType)),
      { seed: 3, numRuns: 1000 },
    );
    const { nodes } = counterexample![0].graph;
    expect(nodes.map((node) => node.opType)).toEqual([opType]);
    const [body] = subgraphsOf(nodes[0]!);
    expect(body!.nodes.length).toBeLessThanOrEqual(2);
    expect(body!.outputs.length).toBe(opType === 'Loop' ? 2 : 1);
  });

  it('are of the operator asked for', () => {
    fc.assert(
      fc.property(nodes('Conv'), (one) => isValid(one) && one.graph.nodes[0]!.opType === 'Conv'),
      { numRuns: 30, seed: 1 },
    );
  });
});

describe('checkPass', () => {
  it('finds nothing against a pass of ours', () => {
    expect(checkPass(removeIdentity, { runs: 60 }).kind).toBe('holds');
  });

  it('refutes one that drops an output of the graph', () => {
    const drop = pass({
      name: 'drop-output',
      run: (given) => {
        if (given.graph.outputs.length < 2) return { model: given, rewrites: [] };
        const graph = { ...given.graph, outputs: given.graph.outputs.slice(0, 1) };
        return { model: { ...given, graph }, rewrites: [emptyRecord('drop-output')] };
      },
    });
    const verdict = checkPass(drop);
    expect(verdict.kind === 'refuted' && verdict.counterexample.claim).toBe('types');
  });

  it('refutes one that changes nodes it does not speak of', () => {
    const rename = pass({
      name: 'rename-nodes',
      run: (given) => {
        if (given.graph.nodes.every(({ docString }) => docString === undefined))
          return { model: given, rewrites: [] };
        const bare = given.graph.nodes.map((node) => ({ ...node, docString: undefined }));
        return {
          model: { ...given, graph: { ...given.graph, nodes: bare } },
          rewrites: [emptyRecord('rename-nodes')],
        };
      },
    });
    const verdict = checkPass(rename);
    expect(verdict.kind === 'refuted' && verdict.counterexample.claim).toBe('others');
  });
});

describe('checkRuleSet', () => {
  it('holds the claim of any order against a set', () => {
    const [a, b] = [
      rule({
        name: 'to-max',
        match: op.Relu(any('x')),
        unless: ({ x }) => x.dtype !== 'float32' && 'other',
        rewrite: ({ x }, build) => build.Max(x, build.constant(tensor('float32', [], [0]))),
      }),
      rule({
        name: 'to-clip',
        match: op.Relu(any('x')).opset(11),
        unless: ({ x }) => x.dtype !== 'float32' && 'other',
        rewrite: ({ x }, build) => build.Clip(x, build.constant(tensor('float32', [], [0]))),
      }),
    ];
    const { verdict } = checkRuleSet([a, b], { anyOrder: true });
    const { interference } = checkRuleSet([a, b], { runs: 20 });
    expect(verdict.kind === 'refuted' && verdict.counterexample.claim).toBe('order');
    expect(interference).toMatchObject([{ first: 'to-max', second: 'to-clip' }]);
    expect(checkRuleSet(simplify, { runs: 40 }).verdict.kind).toBe('holds');
  });
});

describe('checkKernel', () => {
  const relu = (bound: number) =>
    checkKernel('Relu', ([x]) =>
      x?.dtype === 'float32'
        ? [
            tensor(
              'float32',
              x.dims,
              (x.toTypedArray() as Float32Array).map((v) => (v > bound ? v : 0)),
            ),
          ]
        : undefined,
    );

  it('compares the executor with another way to compute an operator', () => {
    expect(relu(0).kind).toBe('holds');
    const verdict = relu(0.5);
    expect(verdict.kind === 'refuted' && verdict.counterexample.outputs?.after?.size).toBe(1);
  });
});

describe('matchers', () => {
  const twice = model`main (float[2] x) => (float[2] y) { h = Relu (x) y = Relu (h) }`;
  const once = model`main (float[2] x) => (float[2] y) { y = Relu (x) }`;
  const none = model`main (float[2] x) => (float[2] y) { y = Identity (x) }`;
  const reluOnce = rule({
    name: 'once',
    match: op.Relu(op.Relu(any('x'))).as('relu'),
    rewrite: ({ x, relu }, build) => build.copy(relu, [x]),
  });

  it('tell equivalent models from others', () => {
    expect(matchers.toBeEquivalentTo(once, twice).pass).toBe(true);
    const result = matchers.toBeEquivalentTo(none, twice);
    expect(result.pass).toBe(false);
    expect(result.message()).toMatch(/First difference/);
  });

  it('tell what rules make of a model', () => {
    expect(matchers.toRewriteTo(twice, reluOnce, once).pass).toBe(true);
    expect(matchers.toRewriteTo(twice, reluOnce, none).pass).toBe(false);
  });
});
