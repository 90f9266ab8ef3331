import { describe, expect, it } from 'vitest';
import { type Graph, type Type, tensor } from '../../../src/ir/index.ts';
import { parseModel, printGraph, printModel, printType } from '../../../src/serde/index.ts';
import { ModelError } from '../../../src/support/errors.ts';

function errorOf(run: () => unknown): ModelError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }
  throw new Error('Nothing was thrown.');
}

describe('a syntax error says what was expected, what was found, and where', () => {
  it.each([
    ['', 'Expected "(" before the inputs of the graph, but found the end of the text.', 'line 1, column 1'],
    ['main (float[2] x) (', 'Expected "=>" between inputs and outputs, but found "(".', 'line 1, column 19'],
    [
      'm () => () {\n  y = Relu x\n}',
      'Expected "(" before the inputs of a node, but found "x".',
      'line 2, column 12',
    ],
    [
      'm () => () {\n  y = Relu (x z)\n}',
      'Expected "," or ")" after an input, but found "z".',
      'line 2, column 15',
    ],
    [
      'm () => () {\n  y Relu (x)\n}',
      'Expected "=" after the outputs of a node, but found "Relu".',
      'line 2, column 5',
    ],
    ['m () => () { y = (x) }', 'Expected an operator, but found "(".', 'line 1, column 18'],
    [
      'm () => () {',
      'Expected "=" after the outputs of a node, but found the end of the text.',
      'line 1, column 13',
    ],
    [
      'm () => () {} }',
      'Expected "(" before the inputs of the function, but found "}".',
      'line 1, column 15',
    ],
    ['m (flaot[2] x) => () {}', '"flaot" is no element type.', 'line 1, column 4'],
    ['m () => () <flaot w = {1}> {}', '"flaot" is no element type.', 'line 1, column 13'],
    ['m (float[2 x) => () {}', 'Expected "," or "]", but found "x".', 'line 1, column 12'],
    [
      'm (float[1.5] x) => () {}',
      'Expected a dimension: a whole number, a name or "?", but found "1".',
      'line 1, column 10',
    ],
    [
      'm () => () <float[N] w = {1}> {}',
      'The dimensions of a constant have to be whole numbers.',
      'line 1, column 13',
    ],
    ['m () => () <w = {1}> {}', 'Expected the type of a constant, but found "w".', 'line 1, column 13'],
    [
      'm () => () { y = Op <a = []> () }',
      'An empty list has to say what it is a list of.',
      'line 1, column 26',
    ],
    [
      'm () => () { y = Op <a = [1, "b"]> () }',
      'A list holds values of one type, not INT and STRING.',
      'line 1, column 26',
    ],
    [
      'm () => () { y = Op <a: intz = 1> () }',
      /^Expected one of the types float, int, .*, but found "intz"\.$/,
      'line 1, column 25',
    ],
    [
      '<ir_version: "8"> m () => () {}',
      'Expected a whole number for "ir_version", but found "8".',
      'line 1, column 14',
    ],
    [
      '<ir: 8> m () => () {}',
      /^Expected one of the fields ir_version, .*, but found "ir"\.$/,
      'line 1, column 2',
    ],
    ['<domain: "a", domain: "b"> m () => () {}', 'The field "domain" is given twice.', 'line 1, column 15'],
    ['m () => () { y = Op ("x) }', 'This string has no closing quote.', 'line 1, column 22'],
    [String.raw`m () => () { y = Op ("\u12") }`, /^Expected a code point/, 'line 1, column 23'],
    [
      'm () => () <float16 w = {2}> {}',
      '"2" could be a value or the bits of a float16.',
      'line 1, column 26',
    ],
    ['m () => () <float w = {1e}> {}', 'This number has an exponent without digits.', 'line 1, column 24'],
    ['m () => () <float w = {1x}> {}', /neither a number nor a name/, 'line 1, column 24'],
    ['m () => () <float w = {"1"}> {}', 'Expected a number, but found "1".', 'line 1, column 24'],
    ['m () => () <float w = raw "0"> {}', 'Expected pairs of hexadecimal digits.', 'line 1, column 27'],
  ])('%j', (text, message, at) => {
    const error = errorOf(() => parseModel(text));
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect([error.code, error.at]).toEqual(['syntax', at]);
  });
});

describe('a value that cannot be', () => {
  it.each([
    ['int8 w = {128}', 'value-out-of-range', '128 is no int8; the range is -128 to 127, whole numbers.', 24],
    ['int8 w = {1.0}', 'value-out-of-range', '1.0 is no int8; the range is -128 to 127, whole numbers.', 24],
    ['uint4[1] w = {16}', 'value-out-of-range', '16 is no uint4; the range is 0 to 15, whole numbers.', 28],
    ['bool w = {2}', 'value-out-of-range', '2 is no bool; the range is 0 to 1, whole numbers.', 24],
    ['int64 w = {9223372036854775808}', 'value-out-of-range', '9223372036854775808 is no int64.', 25],
    ['uint64 w = {-1}', 'value-out-of-range', '-1 is no uint64.', 26],
    ['float w = {1e39}', 'value-out-of-range', '1e39 is too large for a float of 32 bits.', 25],
    ['float16 w = {65520.0}', 'value-out-of-range', '65520.0 is no float16.', 27],
    ['float8e4m3fn w = {inf}', 'value-out-of-range', 'inf is no float8e4m3fn.', 32],
    ['float4e2m1 w = {7.0}', 'value-out-of-range', '7.0 is no float4e2m1.', 30],
    ['float4e2m1 w = {nan}', 'value-out-of-range', 'nan is no float4e2m1.', 30],
    ['float8e8m0 w = {0.0}', 'value-out-of-range', '0.0 is no float8e8m0.', 30],
    ['float w = {0x1ffffffff}', 'value-out-of-range', '0x1ffffffff has more than 32 bits.', 25],
    ['float[2] w = {1}', 'shape-mismatch', '"w" is float32[2] and has 2 values, but 1 are given.', 14],
    [
      'float[2,2] w = {1,2,3,4,5}',
      'shape-mismatch',
      '"w" is float32[2,2] and has 4 values, but 5 are given.',
      14,
    ],
    ['complex64 w = {1}', 'shape-mismatch', '"w" is complex64[] and has 2 values, but 1 are given.', 14],
    ['float[-1] w = {}', 'negative-dimension', 'A tensor has a negative dimension in [-1].', 14],
    [
      'float[9007199254740993] w = {}',
      'value-out-of-range',
      '9007199254740993 is beyond 2^53 and would not be kept exactly.',
      20,
    ],
    ['float[3037000500,3037000500] w = {}', 'dims-overflow', /more elements than 2\^53/, 14],
    [
      'unknown:57 w = {1}',
      'unknown-dtype',
      'Elements of type "unknown:57" cannot be written as numbers.',
      30,
    ],
    ['seq(float) w = {1}', 'syntax', /^Expected the type of a tensor/, 14],
  ])('%s', (declaration, code, message, column) => {
    const error = errorOf(() => parseModel(`m () => () < ${declaration}> {}`));
    expect(error.code).toBe(code);
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect(error.at).toBe(`line 1, column ${column}`);
  });

  it('of an attribute', () => {
    const parse = (value: string) => errorOf(() => parseModel(`m () => () { y = Op <a${value}> () }`));
    expect(parse(' = 9223372036854775808').code).toBe('value-out-of-range');
    expect(parse(` = ${'9'.repeat(10000)}`).code).toBe('value-out-of-range');
    expect(parse(' = 1e39').code).toBe('value-out-of-range');
    const error = parse(': string = 1');
    expect([error.code, error.message, error.at]).toEqual([
      'type-mismatch',
      'Attribute "a" is declared STRING, but its value is INT.',
      'line 1, column 34',
    ]);
  });
});

describe('text that was abbreviated', () => {
  it('is refused, with advice', () => {
    const w = tensor('float32', [3], [1, 2, 3], 'w');
    const model = parseModel('m () => () {}');
    const text = printModel({ ...model, graph: { ...model.graph, initializers: [w] } }, { abbreviate: 2 });
    expect(text).toContain('float[3] w = {1, 2, …}');
    const error = errorOf(() => parseModel(text));
    expect([error.code, error.at]).toEqual(['abbreviated-text', 'line 3, column 22']);
    expect(error.fix).toContain('abbreviate');
    expect(errorOf(() => parseModel('m () => () <float[3] w = {1, ...}> {}')).code).toBe('abbreviated-text');
  });
});

describe('hostile text', () => {
  it('may nest 200 deep and no deeper', () => {
    const graphs = (depth: number) =>
      `${'m () => () { y = If <b = '.repeat(depth)}m () => () {}${'> () }'.repeat(depth)}`;
    const types = (depth: number) => `m (${'seq('.repeat(depth)}float${')'.repeat(depth)} x) => () {}`;
    expect(parseModel(graphs(199)).graph.nodes).toHaveLength(1);
    expect(parseModel(types(199)).graph.inputs).toHaveLength(1);
    for (const text of [graphs(200), types(200), graphs(10_000), types(100_000)]) {
      expect(errorOf(() => parseModel(text)).code).toBe('nesting-too-deep');
    }
  });

  it('cannot be made by printing either', () => {
    let type: Type = { kind: 'none' };
    for (let i = 0; i < 10_000; i++) type = { kind: 'sequence', elem: type };
    expect(errorOf(() => printType(type)).code).toBe('nesting-too-deep');
    let graph: Graph = parseModel('m () => () { y = If (x) }').graph;
    const [node] = graph.nodes;
    for (let i = 0; i < 10_000; i++)
      graph = { ...graph, nodes: [{ ...node!, attributes: [{ name: 'b', type: 'GRAPH', value: graph }] }] };
    expect(errorOf(() => printGraph(graph)).code).toBe('nesting-too-deep');
  });

  it.each([
    ['spaces', ' '.repeat(2_000_000)],
    ['comments', '#\n'.repeat(1_000_000)],
    ['an open string', `"${'\\'.repeat(2_000_001)}`],
    ['a long name', 'a'.repeat(2_000_000)],
    ['a long number', `m () => () <float w = {${'1'.repeat(2_000_000)}`],
    ['a long whole number', `m () => () <int64 w = {${'1'.repeat(2_000_000)}`],
    ['many brackets', '['.repeat(1_000_000)],
    ['many quotes', '""'.repeat(1_000_000)],
    ['many commas', `m () => () { y = Op (${','.repeat(1_000_000)}`],
    ['many braces', `m () => () ${'{'.repeat(1_000_000)}`],
  ])('is refused, where a quadratic reader would not come back: %s', (_, text) => {
    expect(errorOf(() => parseModel(text)).message.length).toBeLessThan(300);
  });
});
