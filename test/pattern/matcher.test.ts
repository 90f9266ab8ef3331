import { describe, expect, expectTypeOf, it } from 'vitest';
import { type Model, viewOf } from '../../src/ir/index.ts';
import {
  absent,
  any,
  anyOf,
  type Constant,
  constant,
  domain,
  each,
  type Match,
  type Mismatch,
  matchAt,
  type NodeMatch,
  type NodePattern,
  oneOf,
  op,
  optional,
  quantizePair,
  type Value,
} from '../../src/pattern/index.ts';
import { rewrite, rule, ruleSet } from '../../src/rewrite/index.ts';
import { model } from '../../src/serde/index.ts';

function matchOf(
  pattern: NodePattern | readonly NodePattern[],
  inside: Model,
  at: string,
  mismatches?: Mismatch[],
): Match | undefined {
  const view = viewOf(inside);
  const roots = Array.isArray(pattern) ? pattern : [pattern as NodePattern];
  return matchAt({ view, typeOf: () => undefined }, view.producer(at)!, { roots, mismatches });
}

function reasons(
  pattern: NodePattern | readonly NodePattern[],
  inside: Model,
  at: string,
): readonly string[] {
  const mismatches: Mismatch[] = [];
  expect(matchOf(pattern, inside, at, mismatches)).toBeUndefined();
  return mismatches.map((mismatch) => mismatch.reason);
}

const names = (match: Match | undefined) =>
  match &&
  Object.fromEntries(Object.entries(match.captures).map(([name, capture]) => [name, String(capture)]));

describe('a node pattern', () => {
  const chain = model`
    main (float[2] x) => (float[2] y) {
      a = Relu (x)
      y = Neg (a)
    }`;

  it('matches from the last node upwards and captures values and nodes', () => {
    const match = matchOf(op.Neg(op.Relu(any('x')).as('relu')).as('neg'), chain, 'y');
    expect(names(match)).toEqual({ x: 'x', relu: 'Relu (a)', neg: 'Neg (y)' });
    expect(match!.nodes.map((node) => node.opType)).toEqual(['Neg', 'Relu']);
  });

  it('says what stands in the place of a missing node', () => {
    expect(reasons(op.Neg(op.Sigmoid(any())), chain, 'y')).toEqual(['Relu (a) is not Sigmoid']);
    expect(reasons(op.Neg(op.Relu(op.Abs(any()))), chain, 'y')).toEqual([
      'x is not made by Abs: it is an input of the graph',
    ]);
  });

  it('takes one of several operators', () => {
    expect(matchOf(op.Neg(anyOf(['Sigmoid', 'Relu'], any())), chain, 'y')).toBeDefined();
    expect(reasons(op.Neg(anyOf(['Sigmoid', 'Tanh', 'Abs'], any())), chain, 'y')).toEqual([
      'Relu (a) is not Sigmoid, Tanh or Abs',
    ]);
  });

  it('does not take operators of other domains, nor calls of a function of the same name', () => {
    const custom = model`
      <ir_version: 10, opset_import: ["" : 21, "com.custom" : 1]>
      main (float[2] x) => (float[2] y) {
        a = com.custom.Relu (x)
        y = Neg (a)
      }
      <domain: "", opset_import: ["" : 21]>
      Neg (u) => (v) { v = Abs (u) }`;
    expect(reasons(op.Relu(any()), custom, 'a')).toEqual(['Relu (a) is of the domain "com.custom", not ""']);
    expect(matchOf(domain('com.custom').Relu!(any('x')), custom, 'a')).toBeDefined();
    expect(reasons(op.Neg(any()), custom, 'y')).toEqual([
      'Neg (y) calls a function of the model, not the operator of that name',
    ]);
  });

  it('keeps to a range of opsets', () => {
    expect(matchOf(op.Neg(any()).opset(13), chain, 'y')).toBeDefined();
    expect(reasons(op.Neg(any()).opset(7, 12), chain, 'y')).toEqual([
      'the model imports opset 21 of domain ""; the pattern needs 7 to 12',
    ]);
  });
});

describe('from()', () => {
  it('asks for several operators of another domain', () => {
    const pattern = anyOf(['Gelu', 'FastGelu'] as const, any('x')).from('com.microsoft');
    const inside = model`
      <ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
      main (float[2] x) => (float[2] y) { a = com.microsoft.FastGelu (x)  y = Gelu (a) }`;
    expect(matchOf(pattern, inside, 'a')).toBeDefined();
    expect(matchOf(pattern, inside, 'y')).toBeUndefined();
  });
});

describe('attributes', () => {
  const convs = model`
    main (float[1,2,4,4] x, float[2,2,1,1] w) => (float[1,2,4,4] a, float[1,2,4,4] b) {
      a = Conv (x, w)
      b = Conv <group = 1, strides = [1, 1]> (x, w)
    }`;
  it('have the default of the schema when absent', () => {
    for (const value of ['a', 'b'])
      expect(matchOf(op.Conv(any(), any()).with({ group: 1 }), convs, value)).toBeDefined();
    expect(reasons(op.Conv(any(), any()).with({ group: 2 }), convs, 'a')).toEqual([
      'attribute group of Conv (a) is 1, not 2',
    ]);
  });
  it('are compared element by element, absent being a value of its own', () => {
    expect(matchOf(op.Conv(any(), any()).with({ strides: [1, 1] }), convs, 'b')).toBeDefined();
    expect(reasons(op.Conv(any(), any()).with({ strides: [1, 1] }), convs, 'a')).toEqual([
      'attribute strides of Conv (a) is absent, not [1, 1]',
    ]);
  });
  it('may be judged by a function', () => {
    const strided = op
      .Conv(any(), any())
      .with({ strides: (strides) => strides?.some((s) => s > 1) && 'has a stride' });
    expect(matchOf(strided, convs, 'b')).toBeDefined();
  });
  it('called __proto__ do no harm', () => {
    const odd = model`main (float x) => (float y) { y = Relu <"__proto__" = 1> (x) }`;
    expect(matchOf(op.Relu(any()), odd, 'y')).toBeDefined();
  });
});

describe('inputs', () => {
  const clips = model`
    main (float[2] x) => (float[2] a, float[2] b, float[2] c) <float lo = {0}, float hi = {6}> {
      a = Clip (x, lo, hi)
      b = Clip (x, , hi)
      c = Clip (x)
    }`;
  it('may be optional: present or absent, "" or left out', () => {
    const clip = op.Clip(any('x'), optional(constant('min')), optional(constant('max')));
    expect(names(matchOf(clip, clips, 'a'))).toEqual({ x: 'x', min: 'lo', max: 'hi' });
    expect(names(matchOf(clip, clips, 'b'))).toEqual({ x: 'x', min: 'undefined', max: 'hi' });
    expect(names(matchOf(clip, clips, 'c'))).toEqual({ x: 'x', min: 'undefined', max: 'undefined' });
  });
  it('may have to be absent', () => {
    expect(matchOf(op.Clip(any(), absent(), any()), clips, 'b')).toBeDefined();
    expect(reasons(op.Clip(any(), absent(), any()), clips, 'a')).toEqual([
      '"lo" is there; the pattern wants the input absent',
    ]);
  });
  it('that the pattern does not mention are a mismatch', () => {
    expect(reasons(op.Clip(any()), clips, 'b')).toEqual([
      'Clip (b) has an input 2 ("hi") that the pattern does not mention',
    ]);
    expect(reasons(op.Clip(any(), any(), any()), clips, 'c')).toEqual(['the input is absent']);
  });

  it('of commutative operators may stand in either order, unless ordered', () => {
    const sum = model`
      main (float[2] x) => (float[2] y) <float[1] one = {1}> {
        a = Relu (x)
        y = Add (one, a)
      }`;
    const add = op.Add(op.Relu(any('x')), constant('c'));
    expect(names(matchOf(add, sum, 'y'))).toEqual({ x: 'x', c: 'one' });
    expect(matchOf(add.ordered(), sum, 'y')).toBeUndefined();
    expect(matchOf(op.Sub(op.Relu(any()), constant()), sum, 'y')).toBeUndefined();
  });

  it('may be any number, each with its own captures', () => {
    const parts = model`
      main (int8[2] p, int8[2] q) => (float[4] y) <float s = {0.5}, float t = {0.5}> {
        a = DequantizeLinear (p, s)
        b = DequantizeLinear (q, t)
        y = Concat <axis = 0> (a, b)
      }`;
    const concat = op.Concat(each('parts', op.DequantizeLinear(any('q'), constant('s'))));
    const captured = matchOf(concat, parts, 'y')!.captures['parts'] as readonly { q: Value; s: Constant }[];
    expect(captured.map(({ q, s }) => [q.name, s.numbers()])).toEqual([
      ['p', [0.5]],
      ['q', [0.5]],
    ]);
    expect(reasons(op.Concat(each('parts', op.Relu(any()))), parts, 'y')).toEqual([
      'DequantizeLinear (a) is not Relu',
    ]);
    expect(reasons(op.Concat(each('parts', any(), { atLeast: 3 })), parts, 'y')).toEqual([
      'Concat (y) has 2 inputs where the pattern wants at least 3',
    ]);
  });
});

describe('alternatives', () => {
  it('are tried until the whole matches', () => {
    // The first alternative fits the first operand as well, but then the second operand has nothing left to be.
    const both = model`
      main (float[2] x) => (float[2] y) {
        a = Relu (x)
        b = Sigmoid (a)
        y = Sub (a, b)
      }`;
    const either = op.Sub(
      oneOf(op.Relu(any('r')).shared(), any('z')),
      op.Sigmoid(op.Relu(any('r')).as('relu').shared()),
    );
    const match = matchOf(either, both, 'y');
    expect(names(match)).toEqual({ r: 'x', z: 'a', relu: 'Relu (a)' });
  });
  it('go on when the guard objects', () => {
    const sum = model`main (float[2] x, float[2] z) => (float[2] y) { y = Add (x, z) }`;
    const view = viewOf(sum);
    const match = matchAt({ view, typeOf: () => undefined }, view.producer('y')!, {
      roots: [op.Add(any('first'), any('second'))],
      objection: ({ captures }) => String(captures['first']) === 'x' && 'not x first',
    });
    expect(names(match)).toEqual({ first: 'z', second: 'x' });
  });
});

describe('one name', () => {
  it('stands for one value', () => {
    const square = model`main (float[2] x, float[2] z) => (float[2] y, float[2] n) { y = Mul (x, x)  n = Mul (x, z) }`;
    expect(matchOf(op.Mul(any('x'), any('x')), square, 'y')).toBeDefined();
    expect(reasons(op.Mul(any('x'), any('x')), square, 'n')).toContain('x differs: x and z');
  });
  const pairs = (scale: string, zero: string) => model`
    main (float[2] x) => (float[2] y)
    <float s = {0.1}, int8 z = {0}, float same = {0.1}, float next = {0.10000001}, int8 zero = {0}, uint8 byte = {0}> {
      q = QuantizeLinear (x, s, z)
      y = DequantizeLinear (q${scale}${zero})
    }`;
  it('stands for equal constants under whatever names', () => {
    expect(matchOf(quantizePair(any('x')), pairs(', same', ', zero'), 'y')).toBeDefined();
  });
  it('does not stand for constants that differ in the last bit, the type, or by being absent', () => {
    expect(reasons(quantizePair(any('x')), pairs(', next', ', zero'), 'y')).toEqual([
      'scale differs: 0.10000000149011612 and 0.10000000894069672',
    ]);
    expect(reasons(quantizePair(any('x')), pairs(', same', ', byte'), 'y')).toEqual([
      'zero differs: int8 0 and uint8 0',
    ]);
    expect(reasons(quantizePair(any('x')), pairs(', same', ''), 'y')).toEqual([
      'zero is present in one place and absent in the other',
    ]);
  });
});

describe('constants', () => {
  const guises = model`
    <ir_version: 8, opset_import: ["" : 17]>
    main (float[1] x, float[1] given) => (float[1] a, float[1] b, float[1] c, float[1] d, float[1] e, float[1] f)
    <float[1] w = {1}, float[1] given = {2}> {
      k = Constant <value_floats = [3.0]> ()
      i = Identity (w)
      n = Constant <value_ints = [4]> ()
      t = Cast <to = 1> (n)
      s = Sqrt (w)
      a = Add (x, w)
      b = Add (x, k)
      c = Add (x, i)
      d = Add (x, t)
      e = Add (x, given)
      f = Add (x, s)
    }`;
  it('are seen in every guise', () => {
    for (const [value, number] of [
      ['a', 1],
      ['b', 3],
      ['c', 1],
      ['d', 4],
    ] as const) {
      const match = matchOf(op.Add(any('x'), constant('c')), guises, value)!;
      expect((match.captures['c'] as Constant).numbers()).toEqual([number]);
    }
  });
  it('are neither overridable defaults nor results of computation', () => {
    expect(reasons(op.Add(any('x'), constant('c')), guises, 'e')).toContain(
      'given is not a constant; it is an input of the graph with a default that a caller may override',
    );
    expect(reasons(op.Add(any('x'), constant('c')), guises, 'f')).toContain(
      's is not a constant; Sqrt (s) makes it',
    );
  });
});

describe('a match owns what lies between its inputs and its root', () => {
  const pattern = op.Neg(op.Relu(any('x')).as('relu'));
  it('so nobody else may read it', () => {
    const read = model`main (float[2] x) => (float[2] y, float[2] z) { h = Relu (x)  y = Neg (h)  z = Abs (h) }`;
    expect(reasons(pattern, read, 'y')).toEqual(['h is also read by Abs; the match would have to own it']);
    expect(matchOf(op.Neg(op.Relu(any('x')).shared()), read, 'y')).toBeDefined();
  });
  it('so it may not be an output of the graph', () => {
    const shown = model`main (float[2] x) => (float[2] y, float[2] h) { h = Relu (x)  y = Neg (h) }`;
    expect(reasons(pattern, shown, 'y')).toEqual([
      'h is also an output of the graph; the match would have to own it',
    ]);
  });
  it('so no subgraph may capture it', () => {
    const captured = model`
      main (float[2] x, bool c) => (float[2] y, float[2] z) {
        h = Relu (x)
        y = Neg (h)
        z = If <then_branch = yes () => (float[2] t) { t = Abs (h) }, else_branch = no () => (float[2] e) { e = Identity (x) }> (c)
      }`;
    expect(reasons(pattern, captured, 'y')).toEqual([
      'h is also read by a subgraph of If; the match would have to own it',
    ]);
  });
  it('even when its values have the names of object properties', () => {
    const odd = model`main (float[2] "constructor") => (float[2] y) { "__proto__" = Relu ("constructor")  y = Neg ("__proto__") }`;
    expect(names(matchOf(pattern, odd, 'y'))).toEqual({ x: 'constructor', relu: 'Relu (__proto__)' });
  });
});

describe('several roots', () => {
  const twins = model`
    main (float[2] x, float[2] z) => (float[2] a, float[2] b, float[2] c) {
      a = Relu (x)
      b = Relu (x)
      c = Relu (z)
    }`;
  const pair = [op.Relu(any('x')).as('one'), op.Relu(any('x')).as('two')] as const;
  it('are found around what is bound already, each a node of its own', () => {
    expect(matchOf(pair, twins, 'a')!.roots.map((root) => root.outputs[0])).toEqual(['a', 'b']);
    expect(matchOf(pair, twins, 'c')).toBeUndefined();
  });
});

describe('outputs', () => {
  const split = model`
    main (float[4] x) => (float[2] y) {
      a, b = Split <axis = 0, num_outputs = 2> (x)
      y = Sub (b, a)
    }`;
  it('other than the first are named by their index, and a pattern used twice is one node', () => {
    const parts = op.Split(any('x')).as('split');
    const match = matchOf(op.Sub(parts.output(1), parts), split, 'y');
    expect(names(match)).toEqual({ x: 'x', split: 'Split (a)' });
    expect(reasons(op.Sub(parts, parts.output(1)), split, 'y')[0]).toBe(
      'b is output 1 of Split (a), not output 0',
    );
  });
});

describe('everyOutput', () => {
  const pattern = op
    .Split(any('x'))
    .as('split')
    .everyOutput('parts', (part) => op.Abs(op.Neg(part)).as('abs'));
  const split = (behind: string, outputs = 'y, z') => model`
    main (float[6] x) => (${outputs
      .split(', ')
      .map((name) => `float[2] ${name}`)
      .join(', ')}) {
      a, b, c = Split <num_outputs = 3> (x)
      na = Neg (a)
      y = Abs (na)
      ${behind}
    }`;

  it('gives what stands behind each output, and the nodes there as roots', () => {
    const inside = split('nc = Neg (c)  z = Abs (nc)');
    const match = matchOf(pattern, inside, 'a')!;
    expect(match.roots.map(({ outputs }) => outputs[0])).toEqual(['y', 'z']);
    const parts = match.captures['parts'] as readonly ({ abs: NodeMatch } | undefined)[];
    expect(parts.map((part) => part?.abs.output.name)).toEqual(['y', undefined, 'z']);
  });

  it('has to find it behind all that are read', () => {
    const mismatches: Mismatch[] = [];
    expect(matchOf(pattern, split('z = Neg (c)'), 'a', mismatches)).toBeUndefined();
    expect(mismatches.at(-1)).toMatchObject({
      at: 'Split / output 2',
      reason: 'nothing behind c fits',
    });
  });

  it('owns the outputs', () => {
    const mismatches: Mismatch[] = [];
    const shared = split('nc = Neg (c)  z = Abs (nc)  r = Relu (c)', 'y, z, r');
    expect(matchOf(pattern, shared, 'a', mismatches)).toBeUndefined();
    expect(mismatches.at(-1)?.reason).toBe('c is also read by Relu; the match would have to own it');
  });

  it('is looked at again when something changes further down', () => {
    const before = split('ic = Identity (c)  nc = Neg (ic)  iz = Identity (nc)  z = Abs (iz)');
    const pass = rule({ name: 'pass', match: op.Identity(any('x')), becomes: any('x') });
    const lift = rule({
      name: 'lift',
      match: pattern,
      rewrite({ x, split, parts }, build) {
        const whole = build.outputsOf(build.copy(split, [build.Sign(x)]));
        return whole.filter((_, i) => parts[i] !== undefined);
      },
    });
    const { trace } = rewrite(before, ruleSet(lift, pass));
    expect(trace.rewrites.map(({ rule }) => rule)).toEqual(['pass', 'pass', 'lift']);
  });

  it('is known to TypeScript', () => {
    rule({
      name: 'typed',
      match: pattern,
      rewrite({ parts }) {
        expectTypeOf(parts).toEqualTypeOf<readonly ({ abs: NodeMatch<'Abs'> } | undefined)[]>();
        return null;
      },
    });
  });
});

describe('captures', () => {
  it('are known to TypeScript', () => {
    rule({
      name: 'typed',
      match: op.Conv(any('x'), constant('w'), optional(constant('b'))).as('conv'),
      unless: ({ b }) => {
        expectTypeOf(b).toEqualTypeOf<Constant | undefined>();
        return false;
      },
      rewrite({ x, w, b, conv }, build) {
        expectTypeOf(x).toEqualTypeOf<Value>();
        expectTypeOf(w).toEqualTypeOf<Constant>();
        expectTypeOf(conv).toEqualTypeOf<NodeMatch<'Conv'>>();
        expectTypeOf(conv.attributes.group).toEqualTypeOf<number>();
        expectTypeOf(conv.attributes.pads).toEqualTypeOf<readonly number[] | undefined>();
        // @ts-expect-error Conv has no such attribute
        conv.attributes.alpha;
        // @ts-expect-error a tensor is no operand
        build.Conv(x, w.tensor);
        return build.Conv(x, w, b, conv.attributes);
      },
    });
    // @ts-expect-error the pattern binds no q
    expect(() => rule({ name: 'typed', match: op.Relu(any('x')), rewrite: ({ q }) => q })).toThrow(
      'does not bind',
    );
    // @ts-expect-error there is no such operator
    op.Convolution;
    // @ts-expect-error group is a number
    op.Conv(any(), any()).with({ group: '1' });
  });
});
