import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createView, dataTypes, type Model, type Tensor, tensor, viewOf } from '../../src/ir/index.ts';
import { castTensor, constantOf, constantSource, isNumeric } from '../../src/ops/index.ts';
import { model } from '../../src/serde/index.ts';

const guises = model`
  <ir_version: 10, opset_import: ["" : 21, "my" : 1]>
  main (float x, bool c, float[2] overridable) => (float y)
  <float[2] stored = {1, 2}, float[2] overridable = {3, 4}, int64[2] whole = {5, 300}> {
    node_value = Constant <value = float[2] {6, 7}> ()
    node_float = Constant <value_float = 1.5> ()
    node_floats = Constant <value_floats = [1.5, 2.5]> ()
    node_int = Constant <value_int = 7> ()
    node_ints = Constant <value_ints = [7, 8]> ()
    node_string = Constant <value_string = "s"> ()
    same = Identity (stored)
    same_again = Identity (same)
    narrow = Cast <to = 3> (whole)
    wide = Cast <to = 1> (narrow)
    computed = Neg (stored)
    dropped = Dropout (stored)
    foreign = my.Identity (stored)
    from_input = Identity (x)
    from_default = Identity (overridable)
    circle = Identity (round)
    round = Identity (circle)
    y = If (c) <
      then_branch = yes () => (float t) { t = Identity (same_again) },
      else_branch = no () => (float e) { e = Identity (x) }
    >
  }`;

describe('constantOf', () => {
  const view = viewOf(guises);

  it.each<[string, number[]]>([
    ['stored', [1, 2]],
    ['node_value', [6, 7]],
    ['node_float', [1.5]],
    ['node_floats', [1.5, 2.5]],
    ['node_int', [7]],
    ['node_ints', [7, 8]],
    ['same', [1, 2]],
    ['same_again', [1, 2]],
    ['narrow', [5, 44]],
    ['wide', [5, 44]],
  ])('sees the constant %s', (name, values) => {
    expect(numbers(constantOf(view, name)!)).toEqual(values);
  });

  it('sees strings', () => {
    expect(constantOf(view, 'node_string')?.toStrings()).toEqual(['s']);
  });

  it.each([
    'x',
    'overridable',
    'from_default',
    'computed',
    'dropped',
    'foreign',
    'from_input',
    'circle',
    'nobody',
    '',
  ])('does not take "%s" for a constant', (name) => {
    expect(constantOf(view, name)).toBeUndefined();
  });

  it('takes an overridable default when told to, and always below IR version 4', () => {
    expect(numbers(constantOf(view, 'from_default', { overridable: true })!)).toEqual([3, 4]);
    const old: Model = { ...guises, irVersion: 3 };
    expect(numbers(constantOf(viewOf(old), 'from_default')!)).toEqual([3, 4]);
  });

  it('looks through the graphs around, and stops at an inner input of the same name', () => {
    const branch = guises.graph.nodes.at(-1)!.attributes[0]!;
    if (branch.type !== 'GRAPH') throw new Error('the picture changed');
    const inner = createView(branch.value, { ...guises, outer: view });
    expect(numbers(constantOf(inner, 't')!)).toEqual([1, 2]);
    const shadowed = { ...branch.value, inputs: [{ name: 'same_again', metadata: [] }] };
    expect(constantOf(createView(shadowed, { ...guises, outer: view }), 't')).toBeUndefined();
  });

  it('tells how a constant is reached', () => {
    const source = constantSource(view, 'wide');
    expect(source).toMatchObject({ storedAs: 'whole' });
    expect(source?.nodes.map((node) => node.opType)).toEqual(['Cast', 'Cast']);
    expect(constantSource(view, 'stored')?.nodes).toEqual([]);
  });

  it('gives up behind more nodes than allowed', () => {
    expect(constantOf(view, 'same_again', { depth: 2 })).toBeDefined();
    expect(constantOf(view, 'same_again', { depth: 1 })).toBeUndefined();
  });
});

describe('castTensor', () => {
  it.each<[string, number[], string, number[]]>([
    ['float32', [2.7, -2.7, NaN, Infinity], 'int32', [2, -2, 0, 0]],
    ['float32', [200, -9, 300], 'int8', [-56, -9, 44]],
    ['float32', [-9, 7], 'int4', [7, 7]],
    ['float32', [-1, 256], 'uint8', [255, 0]],
    ['int32', [-1, 65537], 'uint16', [65535, 1]],
    ['int64', [2 ** 40 + 5], 'int32', [5]],
    ['int32', [-1], 'uint64', [2 ** 64]],
    ['float32', [0, -0, NaN, 0.1], 'bool', [0, 0, 1, 1]],
    ['bool', [0, 1], 'float16', [0, 1]],
    ['float32', [464, 465, 1000, -Infinity, NaN], 'float8e4m3fn', [448, 448, 448, -448, NaN]],
    ['float32', [2.5, 6, 100], 'float4e2m1', [2, 6, 6]],
    ['float32', [1, 2049, 70000], 'float16', [1, 2048, Infinity]],
    ['float32', [3, 4, 0.3], 'float8e8m0', [4, 4, 0.5]],
  ])('%s %j to %s', (from, values, to, wanted) => {
    const result = castTensor(tensor(from as 'float32', [values.length], values), to as 'float32');
    expect(result.dtype).toBe(to);
    expect(numbers(result)).toEqual(wanted);
  });

  it('lets an 8-bit float overflow when it does not saturate', () => {
    const source = tensor('float32', [4], [464, 465, Infinity, -1e9]);
    expect(numbers(castTensor(source, 'float8e4m3fn', { saturate: false }))).toEqual([448, NaN, NaN, NaN]);
    expect(numbers(castTensor(source, 'float8e5m2', { saturate: false }))).toEqual([
      448,
      448,
      Infinity,
      -Infinity,
    ]);
  });

  it('rounds powers of two as told', () => {
    const source = tensor('float32', [3], [3, 2.9, 4]);
    expect(numbers(castTensor(source, 'float8e8m0', { roundMode: 'down' }))).toEqual([2, 2, 4]);
    expect(numbers(castTensor(source, 'float8e8m0', { roundMode: 'nearest' }))).toEqual([4, 2, 4]);
  });

  it('rounds a large int64 once, not twice', () => {
    // 2^60 + 2^36 is a tie between two float32 values; one more makes the upper one nearest.
    const value = 2n ** 60n + 2n ** 36n + 1n;
    expect(numbers(castTensor(tensor('int64', [1], [value]), 'float32'))).toEqual([2 ** 60 + 2 ** 37]);
  });

  it('gives back the tensor itself when it has the type', () => {
    const source = tensor('float32', [1], [NaN]);
    expect(castTensor(source, 'float32')).toBe(source);
  });

  it('refuses strings', () => {
    expect(() => castTensor(tensor('string', [1], ['1']), 'float32')).toThrowError(/string cannot be cast/);
  });

  it('keeps every value that the other type holds', () => {
    const numeric = dataTypes
      .filter(({ name }) => isNumeric(name) && name !== 'float8e8m0')
      .map(({ name }) => name);
    fc.assert(
      fc.property(
        fc.constantFrom(...numeric),
        fc.constantFrom(...numeric),
        fc.array(fc.constantFrom(0, 1)),
        (a, b, bits) => {
          const source = tensor(a, [bits.length], bits);
          expect(numbers(castTensor(castTensor(source, b), a))).toEqual(bits);
        },
      ),
    );
  });
});

function numbers(source: Tensor): number[] {
  return Array.from(source.toTypedArray() as ArrayLike<number | bigint>, Number);
}
