import { describe, expect, it } from 'vitest';
import { Tensor, tensor } from '../../../src/ir/index.ts';
import {
  model,
  parseModel,
  printGraph,
  printModel,
  printNode,
  printTensor,
  printType,
} from '../../../src/serde/index.ts';

describe('a printed model', () => {
  it('has a line per node and is as short as it can be', () => {
    const text = printModel(model`
      <opset_import: ["" : 13, "local" : 1]>
      main (float[1,1,4,4] x, bool c) => (float[1,1,4,4] y)
      <float[1,1,1,1] w = {2}, float[1,1,4,4] h> {
        [conv] h = Conv <strides: ints = [1, 1], empty: ints = []> (x, w, )
        y = If (c) <
          then_branch = yes () => (float[1,1,4,4] t) { t = local.twice <mode: string = "a"> (h) },
          else_branch = no () => (float[1,1,4,4] e) { e = Clip (h, "", w) }
        >
      }
      <domain: "local", opset_import: ["" : 13]>
      twice <mode, times: int = 2> (float a) => (b) { b = Add (a, a) }`);
    expect(text).toMatchInlineSnapshot(`
      "<ir_version: 10, opset_import: ["" : 13, "local" : 1]>
      main (float[1,1,4,4] x, bool c) => (float[1,1,4,4] y)
      <float[1,1,1,1] w = {2}, float[1,1,4,4] h> {
        [conv] h = Conv <strides = [1, 1], empty: ints = []> (x, w)
        y = If (c) <then_branch = yes () => (float[1,1,4,4] t) {
          t = local.twice <mode = "a"> (h)
        }, else_branch = no () => (float[1,1,4,4] e) {
          e = Clip (h, "", w)
        }>
      }

      <domain: "local", opset_import: ["" : 13]>
      twice <mode, times = 2> (a) => (b)
      <float a> {
        b = Add (a, a)
      }"
    `);
  });

  it('puts long lists of constants on lines of their own', () => {
    const { graph } =
      model`m () => (float y) <${['a', 'b', 'c', 'd', 'e', 'f'].map((n) => `float[1] weight_${n} = {1.5}`)}> {}`;
    expect(printGraph(graph).split('\n').slice(0, 4)).toEqual([
      'm () => (float y)',
      '<',
      '  float[1] weight_a = {1.5},',
      '  float[1] weight_b = {1.5},',
    ]);
  });

  it('quotes names that are no identifiers, or words', () => {
    const { nodes } = model`m () => () { "a/b", "float", "nan", "", x_1 = "Op 2" ("1x") }`.graph;
    expect(printNode(nodes[0]!)).toBe('"a/b", "float", "nan", "", x_1 = "Op 2" ("1x")');
  });

  it('escapes what would break the line', () => {
    const [node] = model`m () => () {}`.graph.nodes.concat({
      opType: 'Op',
      inputs: ['a\nb\t"\\', '\u0000\ud83d', '🙂é'],
      outputs: [],
      attributes: [],
      metadata: [],
      deviceConfigurations: [],
    });
    expect(printNode(node!)).toBe(String.raw`= Op ("a\nb\t\"\\", "\u{0}\u{d83d}", "🙂é")`);
  });
});

describe('abbreviation', () => {
  const w = tensor('float32', [4], [1, 2, 3, 4], 'w');

  it('leaves out elements beyond the given number', () => {
    expect(printTensor(w, { abbreviate: 2 })).toBe('float[4] w = {1, 2, …}');
    expect(printTensor(w, { abbreviate: 0 })).toBe('float[4] w = {…}');
    expect(printTensor(w, { abbreviate: 4 })).toBe('float[4] w = {1, 2, 3, 4}');
    expect(printTensor(tensor('string', [3], ['a', 'b', 'c']), { abbreviate: 1 })).toBe('string[3] {"a", …}');
    expect(printTensor(tensor('complex64', [2], [1, 2, 3, 4]), { abbreviate: 1 })).toBe(
      'complex64[2] {1, 2, …}',
    );
  });

  it('reaches into attributes and subgraphs', () => {
    const { nodes } = model`m () => () { y = If (c) <b = g () => () <${w}> { z = Op <t = ${w}> () }> }`.graph;
    expect(printNode(nodes[0]!, { abbreviate: 1 })).toBe(
      'y = If (c) <b = g () => ()\n<float[4] w = {1, …}> {\n  z = Op <t = float[4] w = {1, …}> ()\n}>',
    );
  });
});

describe('external data', () => {
  const external = [{ key: 'location', value: 'w.bin' }];

  it('is a reference as long as it was not read', () => {
    let reads = 0;
    const load = () => new Uint8Array(4 + 0 * ++reads);
    const w = new Tensor({
      name: 'w',
      dtype: 'float32',
      dims: [1],
      external,
      storage: { kind: 'lazy', load },
    });
    expect(printTensor(w)).toBe('float[1] w = ["location": "w.bin"]');
    expect(reads).toBe(0);
  });

  it('keeps its elements when they are there', () => {
    const text = 'float[1] w = ["location": "w.bin"] {2}';
    expect(printTensor(tensor('float32', [1], [2], 'w').with({ external }))).toBe(text);
    expect(printTensor(parseModel(`m () => () <${text}> {}`).graph.initializers[0]!)).toBe(text);
  });
});

describe('printType', () => {
  it('writes a scalar without brackets and an unknown rank with empty ones, as ONNX does', () => {
    expect(printType({ kind: 'tensor', elemType: 'float32', shape: [] })).toBe('float');
    expect(printType({ kind: 'tensor', elemType: 'float32' })).toBe('float[]');
    expect(
      printType({ kind: 'tensor', elemType: 'float64', shape: [{ value: 1 }, { param: 'a b' }, {}] }),
    ).toBe('double[1,"a b",?]');
  });
});

describe('size', () => {
  it('prints and parses 20,000 nodes in a row', () => {
    const lines = Array.from(
      { length: 20_000 },
      (_, i) =>
        `["/model.${i}/conv"] v${i + 1} = Conv <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (v${i}, w)`,
    );
    const made = model`m (float[1,3,8,8] v0) => (float[1,3,8,8] v20000) <float[3,3,3,3] w = {${new Array(81).fill(0.1)}}> { ${lines.join('\n')} }`;
    const back = parseModel(printModel(made));
    expect(back.graph.nodes).toHaveLength(20_000);
  });
});
