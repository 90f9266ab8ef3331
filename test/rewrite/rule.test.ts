import { describe, expect, it } from 'vitest';
import { equalModels } from '../../src/analysis/index.ts';
import { tensor } from '../../src/ir/index.ts';
import { any, constant, op } from '../../src/pattern/index.ts';
import { pipeline, rewrite, rule, ruleSet } from '../../src/rewrite/index.ts';
import { decodeModel, encodeModel, model } from '../../src/serde/index.ts';
import { picture } from '../support/text.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing was thrown';
};

describe('rule()', () => {
  const removeDouble = rule({ name: 'remove-double', match: op.Neg(op.Neg(any('x'))), becomes: any('x') });

  it('takes a template for a replacement', () => {
    const negated = model`main (float[2] x) => (float[2] y) { a = Neg (x)  b = Neg (a)  y = Relu (b) }`;
    expect(picture(rewrite(negated, removeDouble).model)).toContain('y = Relu (x)');
  });

  it('refuses names the pattern does not bind, in a template, a guard or a rewrite', () => {
    expect(codeOf(() => rule({ name: 'r', match: op.Neg(any('x')), becomes: op.Abs(any('z')) }))).toBe(
      'unbound-name',
    );
    // @ts-expect-error z is not bound
    expect(codeOf(() => rule({ name: 'r', match: op.Neg(any('x')), rewrite: ({ z }) => z }))).toBe(
      'unbound-name',
    );
    const guarded = () =>
      // @ts-expect-error z is not bound
      rule({ name: 'r', match: op.Neg(any('x')), unless: ({ z }) => z, becomes: any('x') });
    expect(codeOf(guarded)).toBe('unbound-name');
  });

  it('finds unbound names that only show when the rule runs', () => {
    const sneaky = rule({
      name: 'sneaky',
      match: op.Neg(any('x')),
      rewrite: (captures) => (captures as unknown as { z: never }).z,
    });
    const negated = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    expect(codeOf(() => rewrite(negated, sneaky))).toBe('unbound-name');
  });

  it('refuses a template that matches itself and does not shrink the graph, unless a measure falls', () => {
    const swap = {
      name: 'swap',
      match: op.Add(any('a'), any('b')),
      becomes: op.Add(any('b'), any('a')),
    } as const;
    expect(codeOf(() => rule(swap))).toBe('may-loop');
    expect(codeOf(() => rule({ ...swap, measure: () => 1 }))).toBe('nothing was thrown');
    expect(
      codeOf(() => rule({ name: 'shrink', match: op.Neg(op.Neg(any('x'))), becomes: op.Neg(any('x')) })),
    ).toBe('nothing was thrown');
    expect(codeOf(() => rule({ name: 'other', match: op.Neg(any('x')), becomes: op.Abs(any('x')) }))).toBe(
      'nothing was thrown',
    );
  });

  it.each([
    ['Some Name', 'bad-rule'],
    ['', 'bad-rule'],
    ['__proto__', 'bad-rule'],
  ])('refuses the name %j', (name, code) => {
    expect(codeOf(() => rule({ name, match: op.Neg(any('x')), becomes: any('x') }))).toBe(code);
  });

  it('refuses an effect that does not exist, and a rule with no replacement or two', () => {
    const match = op.Neg(any('x'));
    expect(codeOf(() => rule({ name: 'r', match, becomes: any('x'), effect: 'harmless' as never }))).toBe(
      'bad-rule',
    );
    expect(codeOf(() => rule({ name: 'r', match } as never))).toBe('bad-rule');
    expect(codeOf(() => rule({ name: 'r', match, becomes: any('x'), rewrite: () => null } as never))).toBe(
      'bad-rule',
    );
    expect(codeOf(() => rule({ name: 'r', match: [], becomes: any('x') } as never))).toBe('bad-rule');
  });
});

describe('a rule that goes wrong', () => {
  const negated = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
  const run = (spec: object) =>
    codeOf(() => rewrite(negated, rule({ name: 'wrong', match: op.Neg(any('x')), ...spec } as never)));

  it('is told what it did, with the place and the cause', () => {
    const cause = new TypeError('undefined is not a function');
    try {
      rewrite(
        negated,
        rule({
          name: 'crash',
          match: op.Neg(any('x')),
          rewrite: () => {
            throw cause;
          },
        }),
      );
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: 'RuleError', code: 'rule-failed', at: 'y', cause });
      expect(String(error)).toContain('The rewrite of rule crash failed at y: undefined is not a function');
    }
  });
  it('may not give a tensor, nonsense, itself, or too little', () => {
    expect(run({ rewrite: () => tensor('float32', [1], [1]) })).toBe('bad-replacement');
    expect(run({ rewrite: () => 'x' })).toBe('bad-replacement');
    expect(
      run({
        match: op.Neg(any('x')).as('neg'),
        rewrite: ({ neg }: never) => (neg as { output: never }).output,
      }),
    ).toBe('bad-replacement');
    expect(run({ rewrite: () => [] })).toBe('bad-replacement');
    expect(run({ rewrite: ({ x }: { x: never }) => [x, x] })).toBe('bad-replacement');
    expect(
      run({
        rewrite: (_: never, build: { Abs(t: unknown): never }) => build.Abs(tensor('float32', [1], [1])),
      }),
    ).toBe('bad-replacement');
  });
  it('may not make up attributes', () => {
    expect(
      run({
        rewrite: ({ x }: never, build: { LeakyRelu(...a: unknown[]): never }) =>
          build.LeakyRelu(x, { slope: 1 }),
      }),
    ).toBe('bad-replacement');
  });
  it('may decline', () => {
    const decline = rule({ name: 'decline', match: op.Neg(any('x')), rewrite: () => null });
    const { model: after, trace } = rewrite(negated, decline);
    expect(after).toBe(negated);
    expect(trace.rewrites).toEqual([]);
  });
});

describe('a rule that only reports', () => {
  const removeDouble = rule({ name: 'remove-double', match: op.Neg(op.Neg(any('x'))), becomes: any('x') });
  const negations = rule({
    name: 'report-negations',
    match: op.Neg(any('x')),
    unless: ({ x }) => x.producer === undefined && `${x} is an input`,
    report: ({ x }) => `${x} is negated`,
  });

  it('changes nothing and says what is left when all others are done', () => {
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) { a = Neg (x)  b = Neg (a)  c = Abs (b)  y = Neg (c)  z = Neg (x) }`;
    const { model: after, trace } = rewrite(before, ruleSet(negations, removeDouble));
    expect(picture(after)).toContain('c = Abs (x)');
    expect(trace.findings).toEqual([{ rule: 'report-negations', at: 'y', message: 'c is negated' }]);
    const alone = rewrite(before, negations);
    expect(alone.model).toBe(before);
    expect(alone.trace.findings.map(({ at }) => at)).toEqual(['b', 'y']);
  });

  it('speaks of subgraphs, too', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] z) {
        u = Abs (x)
        z = If <then_branch = yes () => (float[2] t) { t = Neg (u) }, else_branch = no () => (float[2] e) { v = Abs (u)  e = Neg (v) }> (c)
      }`;
    expect(rewrite(before, negations).trace.findings.map(({ message }) => message)).toEqual(['v is negated']);
  });

  it('may not rewrite as well', () => {
    const both = { name: 'both', match: op.Neg(any('x')), report: () => 'no', becomes: any('x') };
    expect(codeOf(() => rule(both as never))).toBe('bad-rule');
  });
});

describe('the note of a rule', () => {
  it('is taken down with the rewrite, of the graph before it', () => {
    const noted = rule({
      name: 'noted',
      match: op.Neg(op.Neg(any('x'))),
      note: ({ x }) => `${x} had ${x.readers.length} reader`,
      becomes: any('x'),
    });
    const before = model`main (float[2] x) => (float[2] y) { a = Neg (x)  b = Neg (a)  y = Abs (b) }`;
    expect(rewrite(before, noted).trace.rewrites[0]!.note).toBe('x had 1 reader');
  });
});

describe('the builder', () => {
  it('leaves out attributes that say what the schema assumes, and types the others by the schema', () => {
    const pooled = model`main (float[1,1,4,4] x) => (float[1,1,4,4] y) { y = Relu (x) }`;
    const toLeaky = rule({
      name: 'to-leaky',
      match: op.Relu(any('x')),
      effect: 'rounding',
      rewrite: ({ x }, build) => build.LeakyRelu(build.LeakyRelu(x, { alpha: 1 }), { alpha: 0.01 }),
    });
    const text = picture(rewrite(pooled, toLeaky).model);
    expect(text).toContain('y_LeakyRelu_out = LeakyRelu <alpha = 1.0> (x)');
    expect(text).toContain('y = LeakyRelu (y_LeakyRelu_out)');
  });

  it('stores floats as a file does, so that reading the model back changes nothing', () => {
    const toLeaky = rule({
      name: 'to-leaky',
      match: op.Relu(any('x')),
      effect: 'closer',
      rewrite: ({ x }, build) => build.LeakyRelu(x, { alpha: 0.1 }),
    });
    const relu = model`main (float[2] x) => (float[2] y) { y = Relu (x) }`;
    const after = rewrite(relu, toLeaky).model;
    expect(equalModels(decodeModel(encodeModel(after)), after)).toBe(true);
  });

  it('copies a node with its name, documentation, metadata and raw attributes', () => {
    const named = model`main (float[1,1,2,2] x, float[1,1,1,1] w) => (float[1,1,2,2] y) { h = Conv <group = 1, auto_pad = "NOTSET"> (x, w)  y = Relu (h) }`;
    const conv = {
      ...named.graph.nodes[0]!,
      name: 'model.0/conv',
      docString: 'first',
      metadata: [{ key: 'namespace', value: 'model.0' }],
    };
    const before = { ...named, graph: { ...named.graph, nodes: [conv, named.graph.nodes[1]!] } };
    const dropRelu = rule({
      name: 'drop-relu',
      match: op.Relu(op.Conv(any('x'), any('w')).as('conv')),
      effect: 'closer',
      rewrite: ({ conv, x, w }, build) => build.copy(conv, [x, w]),
    });
    const [node] = rewrite(before, dropRelu).model.graph.nodes;
    expect(node).toMatchObject({
      name: 'model.0/conv',
      docString: 'first',
      metadata: [{ key: 'namespace', value: 'model.0' }],
      outputs: ['y'],
    });
    expect(node!.attributes).toBe(conv.attributes);
  });

  it('says what the schema assumes where it is asked to', () => {
    const softmax = rule({
      name: 'softmax',
      match: op.Softmax(any('x')).as('softmax'),
      unless: ({ softmax }) => softmax.node.attributes.length > 0 && 'it says its axis',
      rewrite: ({ x, softmax }, build) => build.explicit(softmax, [x], { axis: -1 }),
      measure: () => 0,
    });
    const before = model`main (float[2] x) => (float[2] y) { y = Softmax (x) }`;
    expect(picture(rewrite(before, softmax).model)).toContain('Softmax <axis = -1> (x)');
  });

  it('gives a second copy of a node, and the copy of one that stays, a name of its own', () => {
    const twice = rule({
      name: 'twice',
      match: op.Abs(op.Neg(any('x')).as('neg').shared()).as('abs'),
      rewrite({ x, neg, abs }, build) {
        return build.Add(build.copy(abs, [build.copy(neg, [x])]), build.copy(abs, [x]));
      },
      measure: () => 0,
    });
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) {
        ["minus"] n = Neg (x)
        ["plus"] y = Abs (n)
        z = Exp (n)
      }`;
    const names = rewrite(before, twice, { maxRewrites: 1 }).model.graph.nodes.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['minus', 'minus_1', 'plus', 'plus_1', 'plus/Add', undefined]));
  });

  it('never reuses a name, not even one that only a subgraph has', () => {
    const crowded = model`
      main (float[2] x, bool c) => (float[2] y, float[2] z) <float[2] y_k = {1, 2}> {
        y = Neg (x)
        u = Add (x, y_k)
        z = If <then_branch = yes () => (float[2] y_k_1) { y_k_1 = Add (u, y) }, else_branch = no () => (float[2] e) { e = Identity (x) }> (c)
      }`;
    const add = rule({
      name: 'add',
      match: op.Neg(any('x')),
      rewrite: ({ x }, build) => build.Sub(build.constant(tensor('float32', [2], [0, 0]), 'k'), x),
    });
    expect(picture(rewrite(crowded, add).model)).toContain('y = Sub (y_k_2, x)');
  });
});

describe('rule sets', () => {
  const make = (name: string) => rule({ name, match: op.Neg(any('x')), becomes: op.Abs(any('x')) });
  const [a, b, c] = [make('a'), make('b'), make('c')];
  it('compose in order, without doubles', () => {
    expect(ruleSet('some', a, [b, ruleSet(c, a)]).names).toEqual(['a', 'b', 'c']);
    expect(ruleSet(a).concat(b, ruleSet(c)).names).toEqual(['a', 'b', 'c']);
    expect([...ruleSet(a, b)]).toEqual([a, b]);
  });
  it('can be narrowed by name, and know their names', () => {
    expect(ruleSet(a, b, c).without('b').names).toEqual(['a', 'c']);
    expect(ruleSet(a, b, c).only('c', 'a').names).toEqual(['a', 'c']);
    expect(codeOf(() => ruleSet(a).only('z'))).toBe('unknown-rule');
    expect(codeOf(() => ruleSet(a, make('a')))).toBe('duplicate-rule');
  });
  it('give priority by order', () => {
    const negated = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const toRelu = rule({ name: 'to-relu', match: op.Neg(any('x')), becomes: op.Relu(any('x')) });
    expect(picture(rewrite(negated, ruleSet(a, toRelu)).model)).toContain('y = Abs (x)');
    expect(picture(rewrite(negated, ruleSet(toRelu, a)).model)).toContain('y = Relu (x)');
  });
  it('make up pipelines, which narrow the same way', () => {
    const all = pipeline('all', ruleSet('first', a, b), c);
    expect(all.names).toEqual(['a', 'b', 'c']);
    expect(all.without('a', 'c').names).toEqual(['b']);
    expect(all.only('c').stages.map((stage) => stage.name)).toEqual(['c']);
    expect(codeOf(() => all.without('nope'))).toBe('unknown-rule');
  });
});

describe('constant captures', () => {
  it('read 64-bit integers exactly or not at all', () => {
    const slice = model`
      main (float[4] x) => (float[4] y) <int64[1] start = {0}, int64[1] end = {9223372036854775807}> {
        y = Slice (x, start, end)
      }`;
    const read = rule({
      name: 'read',
      match: op.Slice(any('x'), constant('start'), constant('end')),
      unless: ({ end }) => end.numbers()[0] === 0 && 'empty',
      becomes: any('x'),
    });
    expect(() => rewrite(slice, read)).toThrow('9223372036854775807 in "end" is beyond 2^53');
  });
});
