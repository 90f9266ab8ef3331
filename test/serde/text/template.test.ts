import { describe, expect, it } from 'vitest';
import { tensor } from '../../../src/ir/index.ts';
import { graph, model, parseModel, printModel } from '../../../src/serde/index.ts';
import { plain } from './plain.ts';

describe('the model template', () => {
  it('is parseModel', () => {
    const made = model`
      main (float[1,1,4,4] x) => (float[1,1,4,4] y)
      <float[1,1,1,1] w = {2}, float[1] gamma = {3}, float[1] beta = {5}, float[1] mean = {1}, float[1] variance = {4}> {
        h = Conv (x, w)
        y = BatchNormalization <epsilon = 0.0> (h, gamma, beta, mean, variance)
      }`;
    expect(made).toMatchObject({ irVersion: 10, opsetImports: [{ domain: '', version: 21 }] });
    expect(made.graph.initializers).toHaveLength(5);
    expect(made.graph.nodes.map((node) => node.opType)).toEqual(['Conv', 'BatchNormalization']);
    expect(plain(parseModel(printModel(made)))).toEqual(plain(made));
  });

  it('takes tensors, by any of their places', () => {
    const w = tensor('float32', [2], [1, 2], 'w');
    const made = model`
      m (float[2] d = ${w}) => ()
      <${w}, float[2] typed = ${w}, untyped = ${w}> {
        y = Op <value = ${w}, other: tensor = ${w}, many = [${w}, ${w}]> ()
      }`;
    expect(made.graph.initializers.map(({ name }) => name)).toEqual(['d', 'w', 'typed', 'untyped']);
    const [value, other, many] = made.graph.nodes[0]!.attributes;
    expect(value?.value).toBe(w);
    expect(other?.value).toBe(w);
    expect(many?.value).toEqual([w, w]);
  });

  it('refuses a tensor of another type than is written, or where none can be', () => {
    const w = tensor('float32', [2], [1, 2]);
    expect(() => model`m () => () <int8[2] w = ${w}> {}`).toThrow(
      'The interpolated tensor is float32[2], not int8[2].',
    );
    expect(() => model`m (float[${w}] x) => () {}`).toThrow('but found an interpolated tensor');
    expect(() => model`m (float["${w}"] x) => () {}`).toThrow('inside a string');
    expect(() => model`m () => () {} # ${w}`).toThrow('inside a string or a comment');
  });

  it('takes numbers, text and lists', () => {
    const op = 'Clip';
    const lines = 'b = Relu (a)\n"c d" = Relu (b)';
    const { nodes, inputs, initializers } = model`
      m (float[${[1, 'N', 3]}] x) => ()
      <float[4] w = {${[NaN, Infinity, -0, 0.1]}}, int64 big = {${2n ** 63n - 1n}}> {
        a = ${op} <max = ${1.5}, low = ${-3}> (x)
        ${lines}
      }`.graph;
    expect(plain(inputs[0]?.type)).toMatchObject({ shape: [{ value: 1 }, { param: 'N' }, { value: 3 }] });
    expect([...(initializers[0]!.toTypedArray() as Float32Array)]).toEqual([
      NaN,
      Infinity,
      -0,
      Math.fround(0.1),
    ]);
    expect(initializers[1]?.toTypedArray()).toEqual(BigInt64Array.of(2n ** 63n - 1n));
    expect(nodes.map((node) => node.opType)).toEqual(['Clip', 'Relu', 'Relu']);
    expect(nodes[0]?.attributes).toMatchObject([{ value: 1.5 }, { value: -3n }]);
  });

  it('takes the shared indentation away, but not from interpolated text', () => {
    const text = 'x\n        y';
    const { docString, producerName } = model`
      <doc_string: "first
        second
      third", producer_name: "${text}">
      m () => () {}`;
    expect(docString).toBe('first\n  second\nthird');
    expect(producerName).toBe(text);
  });

  it('leaves backslashes to the ONNX text', () => {
    const { nodes } = model`m () => () { "a\"b\n" = Op () }`.graph;
    expect(nodes[0]?.outputs).toEqual(['a"b\n']);
  });
});

describe('the graph template', () => {
  it('is parseGraph', () => {
    expect(graph`g (x) => (y) { y = Relu (x) }`).toMatchObject({ name: 'g', nodes: [{ opType: 'Relu' }] });
    expect(() => graph`g () => () {} g () => () {}`).toThrow('Expected the end of the text, but found "g".');
  });
});
