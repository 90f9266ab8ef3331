import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { quantizedModel } from './groups.ts';

/** The options of integer arithmetic; what it computes is held against ONNX Runtime elsewhere. */

const model = quantizedModel(
  'a = QDQ:int8 (x, 0.5, 0)\n b = QDQ:int8 (v, 0.25, 0)\n c = Add (a, b)\n d = QDQ:int8 (c, 1.0, 0)\n y = Abs (d)',
  { inputs: 'float[3] x, float[3] v', outputs: 'float[3] y' },
);
const inputs = new Map([
  ['x', tensor('float32', [3], [1, -2, 100])],
  ['v', tensor('float32', [3], [0.5, 0.25, -1])],
]);
const numbers = (value: Tensor | undefined) => value && [...(value.toTypedArray() as Float32Array)];

describe('integer arithmetic', () => {
  it('gives the outputs their names and types', () => {
    const outputs = execute(model, inputs, { arithmetic: 'integer' });
    expect([...outputs.keys()]).toEqual(['y']);
    expect(numbers(outputs.get('y'))).toEqual([2, 2, 62]);
  });

  it('tells codes, and the real numbers they stand for, but nothing from inside a group', () => {
    const seen = new Map<string, Tensor>();
    execute(model, inputs, {
      arithmetic: 'integer',
      int8: true,
      onValue: (name, value) => seen.set(name, value),
    });
    expect([...seen].map(([name, { dtype }]) => `${name} ${dtype}`)).toEqual([
      'a_q int8',
      'a float32',
      'b_q int8',
      'b float32',
      'd_q int8',
      'd float32',
      'y float32',
    ]);
    expect(numbers(seen.get('a'))).toEqual([1, -2, 63.5]);
    expect(numbers(seen.get('d_q'))).toEqual([2, -2, 62]);
    const literal = new Map<string, Tensor>();
    execute(model, inputs, { onValue: (name, value) => literal.set(name, value) });
    expect(literal.get('a')).toEqual(seen.get('a'));
    expect(literal.has('c')).toBe(true);
  });

  it('gives back values that it has as codes only', () => {
    const outputs = execute(model, inputs, { arithmetic: 'integer', outputs: ['b', 'y', 'a'] });
    expect([...outputs.keys()]).toEqual(['b', 'y', 'a']);
    expect(numbers(outputs.get('b'))).toEqual([0.5, 0.25, -1]);
  });

  it('refuses values that lie inside a group', () => {
    expect(() => execute(model, inputs, { arithmetic: 'integer', outputs: ['c'] })).toThrow(
      /has no value "c" to give back/,
    );
  });
});
