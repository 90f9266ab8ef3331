import { describe, expect, it } from 'vitest';
import { type SequenceData, Tensor, tensor } from '../../src/ir/index.ts';
import { execute, executeValues, type RuntimeValue } from '../../src/runtime/index.ts';
import { parseModel } from '../../src/serde/index.ts';

const header = '<ir_version: 10, opset_import: ["" : 21]>';
const f32 = (...values: number[]) => tensor('float32', [values.length], values);

function sequence(...tensors: Tensor[]): SequenceData {
  return { elemKind: 'tensor', tensors, sparseTensors: [], sequences: [], maps: [], optionals: [] };
}

/** Tensors as lists of numbers, sequences as lists of those, empty optionals as `undefined`. */
function plain(value: RuntimeValue | undefined): unknown {
  if (value instanceof Tensor) return Array.from(value.toTypedArray() as ArrayLike<unknown>);
  if (value === undefined) return undefined;
  return 'tensors' in value ? value.tensors.map(plain) : plain(value.tensor ?? value.sequence);
}

function run(text: string, inputs: Record<string, RuntimeValue>): unknown[] {
  const outputs = executeValues(parseModel(`${header} ${text}`), Object.entries(inputs));
  return [...outputs.values()].map(plain);
}

const index = (value: number) => tensor('int64', [], [value]);

describe('sequences', () => {
  it('are made, read, lengthened and shortened', () => {
    const text = `g (float[N] a, float[M] b, int64 i) => (float[K] at, seq(float[K]) longer, seq(float[K]) shorter, int64 n) {
      s = SequenceConstruct (a, b)
      at = SequenceAt (s, i)
      longer = SequenceInsert (s, a, i)
      shorter = SequenceErase (s, i)
      n = SequenceLength (longer)
    }`;
    const feeds = { a: f32(1, 2), b: f32(3) };
    expect(run(text, { ...feeds, i: index(-1) })).toEqual([[3], [[1, 2], [1, 2], [3]], [[1, 2]], [3n]]);
    expect(run(text, { ...feeds, i: index(0) })).toEqual([[1, 2], [[1, 2], [1, 2], [3]], [[3]], [3n]]);
    expect(() => run(text, { ...feeds, i: index(2) })).toThrow('none at 2');
  });

  it('are joined along an axis, or along a new one', () => {
    const text = `g (seq(float[2]) s) => (float[K] joined, float[K, 2] stacked, float[2, K] last) {
      joined = ConcatFromSequence <axis = 0> (s)
      stacked = ConcatFromSequence <axis = 0, new_axis = 1> (s)
      last = ConcatFromSequence <axis = -1, new_axis = 1> (s)
    }`;
    expect(run(text, { s: sequence(f32(1, 2), f32(3, 4)) })).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [1, 3, 2, 4],
    ]);
    expect(() => run(text, { s: sequence() })).toThrow('nothing to join');
  });

  it('come from cutting: single slices, pieces of one length, pieces of given lengths', () => {
    const text = `g (float[5] x, int64 two, int64[2] lengths) => (seq(float) slices, seq(float[1]) kept, seq(float[N]) twos, seq(float[N]) parts) {
      slices = SplitToSequence <keepdims = 0> (x)
      kept = SplitToSequence (x)
      twos = SplitToSequence <keepdims = 0> (x, two)
      parts = SplitToSequence (x, lengths)
    }`;
    const x = f32(1, 2, 3, 4, 5);
    const feeds = { x, two: index(2), lengths: tensor('int64', [2], [4, 1]) };
    expect(run(text, feeds)).toEqual([
      [[1], [2], [3], [4], [5]],
      [[1], [2], [3], [4], [5]],
      [[1, 2], [3, 4], [5]],
      [[1, 2, 3, 4], [5]],
    ]);
    const [slices, kept] = executeValues(parseModel(`${header} ${text}`), Object.entries(feeds)).values();
    expect((slices as SequenceData).tensors[0]!.dims).toEqual([]);
    expect((kept as SequenceData).tensors[0]!.dims).toEqual([1]);
  });

  it('are mapped by a subgraph, several along each other, tensors staying the same', () => {
    const text = `g (seq(float[2]) s, seq(float[2]) t, float[1] c) => (seq(float[2]) y) {
      y = SequenceMap <body = b (float[2] p, float[2] q, float[1] r) => (float[2] z) { m = Mul (p, q)  z = Add (m, r) }> (s, t, c)
    }`;
    const feeds = { s: sequence(f32(1, 2), f32(3, 4)), c: f32(10) };
    expect(run(text, { ...feeds, t: sequence(f32(5, 6), f32(7, 8)) })).toEqual([
      [
        [15, 22],
        [31, 42],
      ],
    ]);
    expect(() => run(text, { ...feeds, t: sequence(f32(5, 6)) })).toThrow('shorter than the first');
  });

  it('are carried around a loop', () => {
    const text = `g (int64 n) => (seq(float[K]) y) {
      true = Constant <value = bool {1}> ()
      none = SequenceEmpty ()
      y = Loop <body = b (int64 i, bool c, seq(float[K]) s) => (bool d, seq(float[K]) t) {
        d = Identity (c)
        one = Constant <value = int64[1] {1}> ()
        shape = Reshape (i, one)
        f = Cast <to = 1> (shape)
        t = SequenceInsert (s, f)
      }> (n, true, none)
    }`;
    expect(run(text, { n: index(3) })).toEqual([[[0], [1], [2]]]);
  });

  it('hold one element type, and are nothing that arithmetic takes', () => {
    expect(() =>
      run('g (float[1] a, int64 i) => (seq(float[1]) s) { s = SequenceConstruct (a, i) }', {
        a: f32(1),
        i: index(1),
      }),
    ).toThrow('one element type');
    expect(() => run('g (seq(float[1]) s) => (float[1] y) { y = Neg (s) }', { s: sequence(f32(1)) })).toThrow(
      'is a sequence or an empty optional',
    );
    expect(() => run('g (float[1] x) => (float[1] y) { y = Neg (x) }', { x: sequence(f32(1)) })).toThrow(
      'is a tensor; a sequence was given',
    );
  });

  it('are outputs of executeValues only', () => {
    const model = parseModel(`${header} g (float[1] x) => (seq(float[1]) y) { y = SequenceConstruct (x) }`);
    expect(() => execute(model, [['x', f32(1)]])).toThrow('is a sequence or an optional');
  });
});

describe('optionals', () => {
  const text = `g (optional(float[2]) x) => (bool has, float[2] y) {
    has = OptionalHasElement (x)
    y = If <
      then_branch = t () => (float[2] a) { a = OptionalGetElement (x) },
      else_branch = e () => (float[2] b) { b = Constant <value = float[2] {0, 0}> () }> (has)
  }`;

  it('say whether they hold something, and give it', () => {
    expect(run(text, { x: { elemKind: 'tensor', tensor: f32(1, 2) } })).toEqual([[1], [1, 2]]);
    expect(run(text, { x: f32(1, 2) })).toEqual([[1], [1, 2]]);
    expect(run(text, { x: { elemKind: 'undefined' } })).toEqual([[0], [0, 0]]);
  });

  it('are made from tensors and sequences, and come out as optionals', () => {
    const made = executeValues(
      parseModel(`${header} g (float[1] x) => (optional(seq(float[1])) y, optional(float[1]) z) {
        s = SequenceConstruct (x)
        y = Optional (s)
        z = Optional (x)
      }`),
      [['x', f32(7)]],
    );
    expect(made.get('y')).toMatchObject({ elemKind: 'sequence' });
    expect(made.get('z')).toMatchObject({ elemKind: 'tensor' });
    expect([...made.values()].map(plain)).toEqual([[[7]], [7]]);
  });

  it('that are empty have no element to give', () => {
    const model = 'g (optional(float[1]) x) => (float[1] y) { y = OptionalGetElement (x) }';
    expect(() => run(model, { x: { elemKind: 'undefined' } })).toThrow('The optional is empty');
  });
});
