import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Model, Tensor, tensor } from '../../src/ir/index.ts';
import { compile, execute, type RuntimeValue } from '../../src/runtime/index.ts';
import { placePieces } from '../../src/runtime/layout.ts';
import { ModelSession } from '../../src/runtime/session.ts';
import { parseModel } from '../../src/serde/index.ts';
import { ModelError } from '../../src/support/errors.ts';

const modelOf = (text: string): Model => parseModel(`<ir_version: 10, opset_import: ["" : 21]> ${text}`);
const f32 = (...values: number[]) => tensor('float32', [values.length], values);
const ramp = (...dims: number[]) => {
  const count = dims.reduce((a, b) => a * b, 1);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
  );
};
const plain = (outputs: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries(
    [...outputs].map(([name, y]) => [name, Array.from(y.toTypedArray() as ArrayLike<unknown>)]),
  );

function errorOf(work: () => unknown): ModelError {
  try {
    work();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Branches, shared data, a reshape, a value that is an output and read on. */
const branched =
  modelOf(`g (float[N,8] x) => (float[N,8] y, float[M] flat, float[N,8] kept) <int64[1] all = {-1}> {
  a = Relu (x)  b = Neg (x)  kept = Add (a, b)  c = Mul (kept, a)
  flat = Reshape (c, all)  d = Identity (c)  e = Exp (d)  y = Sub (e, b)
}`);

describe('a session', () => {
  it('gives what execute gives, run after run, whatever was run in between', () => {
    const session = new ModelSession(branched, {}, { repeats: true, poison: true });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 }), (lengths) => {
        for (const length of lengths) {
          const inputs = [['x', ramp(length, 8)]] as const;
          expect(plain(session.run(inputs))).toEqual(plain(execute(branched, inputs)));
        }
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it('never changes what it has given back', () => {
    const session = compile(branched);
    const seen: Tensor[] = [];
    const runs = [1, 2, 3, 2, 2, 2].map((length) => {
      const onValue = (_: string, value: Tensor) => void seen.push(value);
      const outputs = session.run([['x', ramp(length, 8)]], { onValue });
      return { outputs, before: JSON.stringify(plain(outputs)) };
    });
    const before = seen.map((value) => String(value.toTypedArray()));
    for (let i = 0; i < 4; i++) session.run([['x', ramp(2, 8)]]);
    for (const run of runs) expect(JSON.stringify(plain(run.outputs))).toBe(run.before);
    expect(seen.map((value) => String(value.toTypedArray()))).toEqual(before);
  });

  it('takes its memory from one planned piece from the second run on', () => {
    const chain = Array.from({ length: 20 }, (_, i) => `v${i + 1} = Neg (v${i})`).join(' ');
    const model = modelOf(`g (float[N] v0) => (float[N] y) { ${chain} y = Relu (v20) }`);
    const session = compile(model);
    const inputs = [['v0', ramp(1024)]] as const;
    session.run(inputs);
    expect(session.memory).toEqual({ peak: 2 * 4096, optimum: 2 * 4096, planned: 0, constants: 0 });
    session.run(inputs);
    // Two values are alive at once; the memory of the output, which is new each time, holds others before.
    expect(session.memory).toEqual({ peak: 2 * 4096, optimum: 2 * 4096, planned: 4096, constants: 0 });
  });

  it('lets no two pieces that live at the same time overlap, in the memory of outputs neither', () => {
    const takes = fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), fc.nat(9)), { maxLength: 40 });
    fc.assert(
      fc.property(takes, (list) => {
        // A piece is given back so many steps later, or never.
        const log: number[] = [];
        const due = new Map<number, number[]>();
        list.forEach(([bytes, later], index) => {
          for (const other of due.get(index) ?? []) log.push(-1 - other);
          log.push(bytes);
          if (later > 0) due.set(index + later, [...(due.get(index + later) ?? []), index]);
        });
        const bornAt = log.flatMap((entry, time) => (entry >= 0 ? [time] : []));
        const layout = placePieces(log, true);
        const pieces = list.map(([bytes], index) => {
          const [born, dead] = [bornAt[index]!, log.indexOf(-1 - index)];
          const from = layout.offsets[index]!;
          return {
            index,
            home: layout.homes[index]!,
            from,
            to: from + bytes,
            born,
            dead: dead < 0 ? Infinity : dead,
          };
        });
        for (const piece of pieces.filter(({ from }) => from >= 0)) {
          const room = layout.rooms[piece.home - 1];
          expect(piece.to).toBeLessThanOrEqual(room?.bytes ?? layout.bytes);
          if (piece.home === 0) expect(piece.dead).toBeLessThan(Infinity);
          for (const other of pieces) {
            if (other.index === piece.index || other.home !== piece.home || other.from < 0) continue;
            const meet = other.born < piece.dead && piece.born < other.dead;
            if (meet) expect(other.from >= piece.to || piece.from >= other.to).toBe(true);
          }
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('shows every value to a watcher, in execution order, each time', () => {
    const model = modelOf(`g (float[2] x) => (float[2] y) <float[2] k = {1, 2}> {
      k2 = Neg (k)  k3 = Exp (k2)  a = Add (x, k3)  y = Mul (a, k)
    }`);
    const session = compile(model);
    const watched = () => {
      const seen: [string, unknown[]][] = [];
      const nodes: string[] = [];
      session.run([['x', f32(1, 2)]], {
        onValue: (name, value) => seen.push([name, Array.from(value.toTypedArray() as Float32Array)]),
        onProgress: ({ done, total, node }) => nodes.push(`${done}/${total} ${node}`),
      });
      return { seen, nodes };
    };
    const first = watched();
    session.run([['x', f32(1, 2)]]);
    expect(watched()).toEqual(first);
    expect(first.seen.map(([name]) => name)).toEqual(['k2', 'k3', 'a', 'y']);
    expect(first.seen[0]).toEqual(['k2', [-1, -2]]);
    expect(first.nodes).toEqual(['0/4 g/k2', '1/4 g/k3', '2/4 g/a', '3/4 g/y']);
  });

  it('computes what does not depend on inputs once, within a limit', () => {
    const model =
      modelOf(`g (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {0}, float[4] w = {1, 2, 3, 4}> {
      q = QuantizeLinear (w, s, z)  d = DequantizeLinear (q, s, z)  y = Add (x, d)
    }`);
    const inputs = [['x', f32(1, 1, 1, 1)]] as const;
    const session = compile(model);
    // d alone: nobody else reads q.
    expect(session.memory.constants).toBe(16);
    expect(plain(session.run(inputs))).toEqual({ y: [2, 3, 4, 5] });
    const poor = compile(model, { limits: { constants: 10 } });
    expect(poor.memory.constants).toBe(4);
    expect(plain(poor.run(inputs))).toEqual({ y: [2, 3, 4, 5] });
    expect(poor.memory.constants).toBe(4);
    expect(compile(model, { limits: { constants: 0 } }).memory.constants).toBe(0);
  });

  it('computes an initializer that is an input anew, and draws other random numbers for other seeds', () => {
    const model = modelOf(`g (float[1] x, float[1] k) => (float[1] y, float[3] r) <float[1] k = {10}> {
      n = Neg (k)  y = Add (x, n)  r = RandomUniform <shape = [3]> ()
    }`);
    const session = compile(model);
    const of = (k: number | undefined, seed: number) =>
      plain(session.run([['x', f32(1)], ...(k === undefined ? [] : [['k', f32(k)] as const])], { seed }));
    expect(of(undefined, 1)['y']).toEqual([-9]);
    expect(of(3, 1)['y']).toEqual([-2]);
    expect(of(undefined, 1)['y']).toEqual([-9]);
    expect(of(3, 2)['r']).not.toEqual(of(3, 1)['r']);
    expect(of(3, 2)['r']).toEqual(of(3, 2)['r']);
    expect(errorOf(() => session.run([['x', f32(1)]])).code).toBe('unseeded');
  });

  it('follows sizes that depend on data', () => {
    const model = modelOf(`g (float[8] x) => (float[K] y, int64[1,K] at) <int64[1] all = {-1}> {
      some = Neg (x)  at = NonZero (x)  flat = Reshape (at, all)  taken = Gather (some, flat)  y = Abs (taken)
    }`);
    const session = new ModelSession(model, {}, { repeats: true, poison: true });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 8, maxLength: 8 }), (values) => {
        const inputs = [['x', f32(...values)]] as const;
        expect(plain(session.run(inputs))).toEqual(plain(execute(model, inputs)));
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('runs branches that give back values of the graph around', () => {
    const model = modelOf(`g (bool c, float[64] x) => (float[64] y) {
      a = Neg (x)  b = Abs (x)
      y = If (c) <then_branch = t () => (float[64] u) { u = Identity (a) }, else_branch = e () => (float[64] v) { v = Identity (b) }>
    }`);
    const session = new ModelSession(model, {}, { repeats: true, poison: true });
    for (const c of [true, true, false, false, true, false]) {
      const inputs = [
        ['c', tensor('bool', [], [c])],
        ['x', ramp(64)],
      ] as const;
      const given = session.run(inputs);
      session.run(inputs);
      expect(plain(given)).toEqual(plain(execute(model, inputs)));
    }
  });

  it('runs loops and functions, and computes what never changes in them once', () => {
    const model = parseModel(`<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (int64 n, float[4] x) => (float[4] last, float[K,4] all) <bool go = {1}, float[4] k = {1, 2, 3, 4}> {
        last, all = Loop (n, go, x) <body = b (int64 i, bool c, float[4] v) => (bool c2, float[4] w, float[4] s) {
          half = Constant <value = float {0.5}> ()  scaled = Mul (k, half)
          c2 = Identity (c)  sum = Add (v, scaled)  w = own.Twice (sum)  s = Identity (v)
        }>
      }
      <domain: "own", opset_import: ["" : 21]>
      Twice (v) => (w) { two = Constant <value = float {2}> ()  n = Neg (v)  m = Mul (n, two)  w = Neg (m) }`);
    const session = new ModelSession(model, {}, { repeats: true, poison: true });
    for (const n of [3, 0, 5, 3, 3]) {
      const inputs = [
        ['n', tensor('int64', [], [n])],
        ['x', f32(0, 0, 1, 1)],
      ] as const;
      expect(plain(session.run(inputs))).toEqual(plain(execute(model, inputs)));
    }
    const [last] = session
      .run([
        ['n', tensor('int64', [], [2])],
        ['x', f32(0, 0, 0, 0)],
      ])
      .values();
    // ((0 + k / 2) · 2 + k / 2) · 2 = 3k
    expect([...last!.toTypedArray()]).toEqual([3, 6, 9, 12]);
  });

  it('gives sequences back', () => {
    const model = modelOf(`g (float[2] a, float[2] b) => (seq(float[2]) s, float[2] at) <int64 one = {1}> {
      n = Neg (a)  m = Neg (b)  t = SequenceConstruct (n, m)  at = SequenceAt (t, one)  s = SequenceInsert (t, at)
    }`);
    const session = new ModelSession(model, {}, { repeats: true, poison: true });
    const items = (value: RuntimeValue | undefined) =>
      value !== undefined && !(value instanceof Tensor) && 'tensors' in value
        ? value.tensors.map((item) => Array.from(item.toTypedArray() as Float32Array))
        : undefined;
    const inputs = [
      ['a', f32(1, 2)],
      ['b', f32(3, 4)],
    ] as const;
    const first = session.runValues(inputs);
    for (let i = 0; i < 3; i++)
      expect(items(session.runValues(inputs).get('s'))).toEqual([
        [-1, -2],
        [-3, -4],
        [-3, -4],
      ]);
    expect(items(first.get('s'))).toEqual([
      [-1, -2],
      [-3, -4],
      [-3, -4],
    ]);
    expect(errorOf(() => session.run(inputs)).code).toBe('not-a-tensor');
  });

  it('is as before after a run that failed', () => {
    const model = modelOf(
      'g (float[N] x, float[M] y) => (float[K] z) { a = Neg (x)  b = Add (a, y)  z = Exp (b) }',
    );
    const session = new ModelSession(model, {}, { repeats: true, poison: true });
    const good = [
      ['x', f32(1, 2)],
      ['y', f32(3, 4)],
    ] as const;
    const bad = [
      ['x', f32(1, 2)],
      ['y', f32(3, 4, 5)],
    ] as const;
    const wanted = plain(execute(model, good));
    for (const inputs of [good, bad, good, good, bad, good]) {
      if (inputs === bad) expect(errorOf(() => session.run(inputs)).at).toBe('g/b');
      else expect(plain(session.run(inputs))).toEqual(wanted);
    }
    const signal = { aborted: false };
    const stop = () => {
      signal.aborted = true;
    };
    expect(errorOf(() => session.run(good, { signal, onValue: stop })).code).toBe('aborted');
    expect(plain(session.run(good))).toEqual(wanted);
  });

  it('lets callbacks keep what they compute from codes', () => {
    const model = modelOf(`g (float[3] x) => (float[3] y) <float s = {0.5}, int8 z = {0}> {
      q = QuantizeLinear (x, s, z)  d = DequantizeLinear (q, s, z)  r = Relu (d)
      p = QuantizeLinear (r, s, z)  y = DequantizeLinear (p, s, z)
    }`);
    const options = { arithmetic: 'integer', engine: 'tensorrt' } as const;
    const session = new ModelSession(model, options, { repeats: true, poison: true });
    const seen = new Map<string, Tensor>();
    for (let i = 0; i < 3; i++) {
      seen.clear();
      session.run([['x', f32(1, -2, 3)]], { onValue: (name, value) => seen.set(name, value) });
    }
    expect(plain(seen)).toMatchObject({ q: [2, -4, 6], d: [1, -2, 3] });
  });

  it('refuses to be run by its own callbacks', () => {
    const model = modelOf('g (float[1] x) => (float[1] y) { y = Neg (x) }');
    const session = compile(model);
    const inputs = [['x', f32(1)]] as const;
    const again = () => void session.run(inputs);
    expect(errorOf(() => session.run(inputs, { onValue: again })).code).toBe('session-busy');
    // Another session may.
    const other = () => void execute(model, inputs);
    expect(plain(session.run(inputs, { onValue: other }))).toEqual({ y: [-1] });
  });
});
