import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.ts';
import { tensor, viewOf } from '../../src/ir/index.ts';
import { any, constant, op, quantizePair } from '../../src/pattern/index.ts';
import { pass, pipeline, rewrite, rule, ruleSet, whyNot } from '../../src/rewrite/index.ts';
import { model, printModel } from '../../src/serde/index.ts';
import { picture } from '../support/text.ts';

const doubleNegation = rule({ name: 'double-negation', match: op.Neg(op.Neg(any('x'))), becomes: any('x') });
const toAbs = rule({ name: 'to-abs', match: op.Neg(any('x')), becomes: op.Abs(any('x')), effect: 'closer' });

describe('a replacement by a value that exists', () => {
  it('is read by everyone who read the old one', () => {
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) { a = Neg (x)  b = Neg (a)  y = Relu (b)  z = Abs (b) }`;
    expect(picture(rewrite(before, doubleNegation).model)).toBe(
      picture(model`main (float[2] x) => (float[2] y, float[2] z) { y = Relu (x)  z = Abs (x) }`),
    );
  });
  it('takes the name of a graph output from the node that makes it', () => {
    const before = model`main (float[2] x) => (float[2] y) { h = Relu (x)  a = Neg (h)  y = Neg (a) }`;
    expect(picture(rewrite(before, doubleNegation).model)).toContain('{\n  y = Relu (x)\n}');
  });
  it('needs an Identity where a graph output would name an input or another output', () => {
    const input = model`main (float[2] x) => (float[2] y) { a = Neg (x)  y = Neg (a) }`;
    expect(picture(rewrite(input, doubleNegation).model)).toContain('y = Identity (x)');
    const output = model`main (float[2] x) => (float[2] h, float[2] y) { h = Relu (x)  a = Neg (h)  y = Neg (a) }`;
    expect(picture(rewrite(output, doubleNegation).model)).toContain('y = Identity (h)');
  });
  it('reaches into subgraphs that captured the old one, but not to names of their own', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] z) {
        a = Neg (x)
        b = Neg (a)
        z = If <
          then_branch = yes () => (float[2] t) { t = Relu (b) },
          else_branch = no () => (float[2] e) { x2 = Relu (x)  e = Abs (x2) }
        > (c)
      }`;
    const after = rewrite(before, doubleNegation).model;
    expect(printModel(after)).toContain('t = Relu (x)');
    expect(viewOf(after).uses('b')).toEqual([]);
  });
});

describe('rewriting', () => {
  it('goes into subgraphs and functions', () => {
    const before = model`
      <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
      main (float[2] x, bool c) => (float[2] z) {
        u = local.Twice (x)
        z = If <then_branch = yes () => (float[2] t) { a = Neg (u)  b = Neg (a)  t = Relu (b) }, else_branch = no () => (float[2] e) { e = Abs (u) }> (c)
      }
      <domain: "local", opset_import: ["" : 21]>
      Twice (v) => (w) { a = Neg (v)  b = Neg (a)  w = Exp (b) }`;
    const { model: after, trace } = rewrite(before, doubleNegation);
    expect(printModel(after)).toContain('t = Relu (u)');
    expect(printModel(after)).toContain('w = Exp (v)');
    expect(trace.rewrites.map((rewritten) => rewritten.graph)).toEqual([
      'main/z/then_branch',
      'function local.Twice',
    ]);
  });

  it('knows the types of what a subgraph captures', () => {
    const seen: unknown[] = [];
    const look = rule({
      name: 'look',
      match: op.Neg(any('x')),
      unless: ({ x }) => {
        seen.push([x.name, x.dtype, x.dims]);
        return 'seen';
      },
      rewrite: ({ x }) => x,
    });
    rewrite(
      model`main (float[2] x, bool c) => (float[2] y) {
        h = Abs (x)
        y = If (c) <
          then_branch = yes () => (float[2] t) { t = Neg (h) },
          else_branch = no () => (float[2] e) {
            e = If (c) <
              then_branch = inner () => (float[2] i) { i = Neg (x) },
              else_branch = other () => (float[2] o) { o = Abs (x) }
            >
          }
        >
      }`,
      look,
    );
    expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(
      new Set(['["h","float32",[2]]', '["x","float32",[2]]']),
    );
  });

  it('comes back to a subgraph when what it captures has changed', () => {
    const before = model`
      main (float[2] x, bool c) => (float[2] z) <float[2] w = {1, 2}> {
        k = Neg (w)
        m = Neg (k)
        z = If <then_branch = yes () => (float[2] t) { t = Add (x, m) }, else_branch = no () => (float[2] e) { e = Abs (x) }> (c)
      }`;
    const plusConstant = rule({
      name: 'plus-constant',
      match: op.Add(any('x'), constant('w')),
      effect: 'rounding',
      rewrite: ({ x, w }, build) => build.Sub(x, build.constant(w.tensor, 'minus')),
    });
    const after = rewrite(before, ruleSet(plusConstant, doubleNegation)).model;
    expect(printModel(after)).toContain('t = Sub (x, ');
    expect(rewrite(after, ruleSet(plusConstant, doubleNegation)).model).toBe(after);
  });

  it('turns new constants of a function body into Constant nodes', () => {
    const before = model`
      <ir_version: 10, opset_import: ["" : 21, "local" : 1]>
      main (float[2] x) => (float[2] y) { y = local.F (x) }
      <domain: "local", opset_import: ["" : 21]>
      F (v) => (w) { w = Neg (v) }`;
    const subtract = rule({
      name: 'subtract',
      match: op.Neg(any('x')),
      rewrite: ({ x }, build) => build.Sub(build.constant(tensor('float32', [], [0]), 'zero'), x),
    });
    expect(printModel(rewrite(before, subtract).model)).toContain('w_zero = Constant <value = float {0}> ()');
  });

  it('replaces several outputs at once, in legal order', () => {
    const before = model`
      main (float[4] x) => (float[2] y, float[2] z) {
        a, b = Split <axis = 0, num_outputs = 2> (x)
        y = Relu (b)
        z = Abs (a)
      }`;
    const slices = rule({
      name: 'slices',
      match: op.Split(any('x')).with({ num_outputs: 2 }),
      rewrite({ x }, build) {
        const at = (...values: number[]) => build.constant(tensor('int64', [1], values), `at${values[0]}`);
        return [build.Slice(x, at(0), at(2)), build.Slice(x, at(2), at(4))];
      },
    });
    expect(picture(rewrite(before, slices).model)).toContain(
      'a = Slice (x, a_at0, a_at2)\n  b = Slice (x, a_at2_1, a_at4)\n',
    );
  });

  it('puts nodes in legal order when a root comes before what it is given', () => {
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) { a = Relu (x)  y = Abs (a)  b = Relu (x)  z = Exp (b) }`;
    const share = rule({
      name: 'share',
      match: [op.Relu(any('x')).as('one'), op.Relu(any('x')).as('two')],
      rewrite({ one, x }, build) {
        const shared = build.copy(one, [x]);
        return [shared, shared];
      },
    });
    const after = rewrite(before, share).model;
    expect(after.graph.nodes.map((node) => node.opType).sort()).toEqual(['Abs', 'Exp', 'Relu']);
    const made = new Set(['x']);
    for (const node of after.graph.nodes) {
      for (const input of node.inputs) expect(made).toContain(input);
      for (const output of node.outputs) made.add(output);
    }
  });

  it('may put nodes behind a root, which then stays', () => {
    const before = model`main (float[1,1,4,4] x) => (float[1,1,2,2] y) { y = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x) }`;
    const clip = rule({
      name: 'relu-behind',
      match: op
        .MaxPool(any('x'))
        .as('pool')
        .unless((pool) => pool.output.readers.some((reader) => reader.opType === 'Relu') && 'done'),
      effect: 'closer',
      rewrite: ({ pool }, build) => build.Relu(pool.output),
    });
    expect(picture(rewrite(before, clip).model)).toContain(
      'y_before = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)\n  y = Relu (y_before)',
    );
  });

  it('takes away constants that lost their last reader, and no others', () => {
    const before = model`
      main (float[2] x) => (float[2] y, float[2] z) <float[2] one = {1, 1}, float[2] two = {2, 2}, float[2] stray = {0, 0}> {
        k = Constant <value_floats = [1.0, 1.0]> ()
        a = Add (x, one)
        b = Add (a, k)
        y = Add (b, two)
        z = Sub (x, two)
      }`;
    const drop = rule({
      name: 'drop',
      match: op.Add(op.Add(op.Add(any('x'), constant()), constant()), constant()),
      becomes: op.Abs(any('x')),
      effect: 'closer',
    });
    const after = rewrite(before, drop).model;
    expect(after.graph.initializers.map((tensor) => tensor.name)).toEqual(['two', 'stray']);
    expect(after.graph.nodes.map((node) => node.opType)).toEqual(['Abs', 'Sub']);
  });

  it('leaves a model in which nothing matches as it is, to the identity', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Relu (x) }`;
    expect(rewrite(before, ruleSet(doubleNegation, toAbs)).model).toBe(before);
  });

  it('leaves untouched nodes, metadata and annotations as they are', () => {
    const plain = model`main (float[2] x) => (float[2] y) { r = Relu (x)  a = Neg (r)  b = Neg (a)  y = Abs (b) }`;
    const before: Model = {
      ...plain,
      metadata: [{ key: 'author', value: 'me' }],
      graph: {
        ...plain.graph,
        metadata: [{ key: 'g', value: '1' }],
        quantizationAnnotations: [
          { tensorName: 'r', parameters: [{ key: 'SCALE_TENSOR', value: 's' }] },
          { tensorName: 'a', parameters: [] },
        ],
        valueInfos: ['r', 'a', 'b'].map((name) => ({
          name,
          type: plain.graph.inputs[0]!.type,
          metadata: [],
        })),
      },
    };
    const after = rewrite(before, doubleNegation).model;
    expect(after.graph.nodes[0]).toBe(before.graph.nodes[0]);
    expect(after.metadata).toBe(before.metadata);
    expect(after.graph.metadata).toBe(before.graph.metadata);
    expect(after.graph.quantizationAnnotations).toEqual([before.graph.quantizationAnnotations[0]]);
    expect(after.graph.valueInfos.map((info) => info.name)).toEqual(['r']);
  });

  it('does not change the model it is given', () => {
    const before = model`main (float[2] x) => (float[2] y) { a = Neg (x)  b = Neg (a)  y = Relu (b) }`;
    const text = printModel(before);
    rewrite(before, doubleNegation);
    expect(printModel(before)).toBe(text);
  });
});

describe('types', () => {
  it('that would change make the rule fail', () => {
    const before = model`main (float[2] x) => (float[2] y) { a = Neg (x)  y = Relu (a) }`;
    const wrong = rule({
      name: 'wrong-type',
      match: op.Neg(any('x')),
      rewrite: ({ x }, build) => build.Cast(x, { to: 7 }),
    });
    expect(() => rewrite(before, wrong)).toThrow(/wrong-type.*from float\[2\] to int64\[2\]/);
    const shape = rule({
      name: 'wrong-shape',
      match: op.Neg(any('x')),
      rewrite: ({ x }, build) => build.Concat(x, x, { axis: 0 }),
    });
    expect(() => rewrite(before, shape)).toThrow(/wrong-shape/);
  });
  it('that an interface rule changes are declared anew', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const cast = rule({
      name: 'cast',
      match: op.Neg(any('x')),
      effect: 'interface',
      rewrite: ({ x }, build) => build.Cast(x, { to: 7 }),
    });
    expect(rewrite(before, cast).model.graph.outputs[0]!.type).toMatchObject({
      elemType: 'int64',
      shape: [{ value: 2 }],
    });
  });
});

describe('rewriting ends', () => {
  const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
  it('for a rule that feeds on its own output', () => {
    const grow = rule({
      name: 'grow',
      match: op.Neg(any('x')),
      effect: 'rounding',
      rewrite: ({ x }, build) => build.Neg(build.Abs(x)),
    });
    const { trace } = rewrite(before, grow);
    expect(trace.stop).toMatchObject({ kind: 'loop', rule: 'grow', at: 'y' });
    expect(trace.rewrites.length).toBeLessThan(1000);
  });
  it('for two rules that undo each other', () => {
    const back = rule({ name: 'back', match: op.Abs(any('x')), becomes: op.Neg(any('x')), effect: 'closer' });
    const { stop } = rewrite(before, ruleSet(toAbs, back)).trace;
    expect(stop.kind).toBe('loop');
    expect(stop.message).toBe('to-abs and back keep rewriting what they have written before');
  });
  it('when a measure does not fall', () => {
    const same = rule({
      name: 'same',
      match: op.Neg(any('x')).as('neg'),
      measure: () => 3,
      rewrite: ({ neg, x }, build) => build.copy(neg, [x]),
    });
    expect(rewrite(before, same).trace.stop).toMatchObject({
      kind: 'measure',
      rule: 'same',
      message: 'the measure of same went from 3 to 3 on its own output',
    });
  });
  it('at the limit asked for', () => {
    const many = model`main (float[2] x) => (float[2] a, float[2] b, float[2] c) { a = Neg (x)  b = Neg (x)  c = Neg (x) }`;
    const { trace } = rewrite(many, toAbs, { maxRewrites: 2 });
    expect(trace.rewrites).toHaveLength(2);
    expect(trace.stop).toMatchObject({ kind: 'limit', rule: 'to-abs' });
  });
  it('for stages of a pipeline that undo each other', () => {
    const back = rule({ name: 'back', match: op.Abs(any('x')), becomes: op.Neg(any('x')), effect: 'closer' });
    expect(rewrite(before, pipeline('pair', toAbs, back), { maxRounds: 5 }).trace.stop).toMatchObject({
      kind: 'rounds',
    });
  });
});

describe('the trace', () => {
  const before = model`main (float[2] x) => (float[2] y) <float[2] k = {1, 2}> { a = Neg (x)  b = Neg (a)  c = Add (b, k)  y = Neg (c) }`;
  const both = ruleSet(doubleNegation, toAbs);
  const { model: after, trace } = rewrite(before, both);
  it('tells what each rule did where', () => {
    expect(String(trace)).toBe(
      [
        '1. double-negation [exact] at b',
        '   - b = Neg (a)',
        '   - a = Neg (x)',
        '2. to-abs [closer] at y',
        '   - y = Neg (c)',
        '   + y = Abs (c)',
      ].join('\n'),
    );
    expect([...trace.counts()]).toEqual([
      ['double-negation', 1],
      ['to-abs', 1],
    ]);
  });
  it('can be replayed on an equal model and undone', () => {
    const again = model`main (float[2] x) => (float[2] y) <float[2] k = {1, 2}> { a = Neg (x)  b = Neg (a)  c = Add (b, k)  y = Neg (c) }`;
    expect(printModel(trace.replay(again))).toBe(printModel(after));
    expect(printModel(trace.undo(after))).toBe(printModel(before));
  });
  it('refuses other models', () => {
    expect(() => trace.replay(after)).toThrow('not the model');
    expect(() => trace.undo(before)).toThrow('not the model');
  });
});

describe('passes', () => {
  it('have to say what they change', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const silent = pass({
      name: 'silent',
      run: (given) => ({ model: { ...given, docString: 'x' }, rewrites: [] }),
    });
    expect(() => rewrite(before, silent)).toThrow('recorded no rewrite');
  });
  it('report what they leave alone', () => {
    const before = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
    const shy = pass({
      name: 'shy',
      run: (given) => ({
        model: given,
        rewrites: [],
        findings: [{ rule: 'shy', at: 'y', message: 'too hard' }],
      }),
    });
    expect(String(rewrite(before, pipeline('p', shy, toAbs)).trace)).toContain(
      'left alone: shy at y: too hard',
    );
  });
});

describe('whyNot', () => {
  const early = rule({
    name: 'early',
    match: quantizePair(op.Pad(any('x'), constant('pads'))),
    unless: ({ pads }) => pads.numbers().some((pad) => pad < 0) && 'a pad is negative',
    rewrite: ({ x }) => x,
  });
  const padded = (pad: number, extra = '') => model`
    main (float[4] x) => (float[6] y) <float s = {1}, int8 z = {0}, int64[2] pads = {${pad}, 1}> {
      p = Pad (x, pads)
      q = QuantizeLinear (p, s, z)
      y = DequantizeLinear (q, s, z)
      ${extra}
    }`;
  it('gives the reason at the nearest miss', () => {
    expect(whyNot(early, padded(-1))).toBe('a pad is negative');
    expect(whyNot(early, padded(1, 'other = Relu (p)'))).toBe(
      'p is also read by Relu; the match would have to own it',
    );
    expect(whyNot(early, model`main (float[4] x) => (float[4] y) { y = Relu (x) }`)).toBe(
      'there is no DequantizeLinear in the graph',
    );
  });
  it('gives none where the rule fires', () => {
    expect(whyNot(early, padded(1))).toBeUndefined();
    expect(whyNot(early, padded(1), 'y')).toBeUndefined();
  });
  it('can be asked about one node, by itself, its name, or what it makes', () => {
    const before = padded(1);
    expect(whyNot(early, before, 'q')).toBe('QuantizeLinear (q) is not DequantizeLinear');
    expect(whyNot(early, before, before.graph.nodes[0]!)).toBe('Pad (p) is not DequantizeLinear');
    expect(() => whyNot(early, before, 'nobody')).toThrow('No node is called "nobody"');
  });
});

describe('order and names', () => {
  it('make no difference to how much is rewritten', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('Neg', 'Neg', 'Abs', 'Relu'), { minLength: 1, maxLength: 12 }),
        fc.integer(),
        (operators, seed) => {
          const body = operators.map((operator, i) => `v${i + 1} = ${operator} (v${i})`);
          const shuffled = body
            .map((line, i) => [Math.imul(seed ^ i, 2654435761) >>> 0, line] as const)
            .sort((a, b) => a[0] - b[0]);
          const build = (nodes: readonly string[]) =>
            model`main (float[2] v0) => (float[2] v${operators.length}) { ${nodes.join('\n')} }`;
          const [one, other] = [build(body), build(shuffled.map(([, line]) => line))].map((given) =>
            rewrite(given, ruleSet(doubleNegation, toAbs)),
          );
          const lines = (given: Model) => picture(given).split('\n').sort();
          expect(lines(other!.model)).toEqual(lines(one!.model));
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
