import { describe, expect, it } from 'vitest';
import { type Model, tensor } from '../../src/ir/index.ts';
import { type ExecuteOptions, execute, type Inputs } from '../../src/runtime/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { ModelError } from '../../src/support/errors.ts';

const header = '<ir_version: 10, opset_import: ["" : 21]>';
const modelOf = (text: string): Model => parseModel(`${header} ${text}`);
const f32 = (...values: number[]) => tensor('float32', [values.length], values);

function run(model: Model, inputs: Inputs, options?: ExecuteOptions): Record<string, unknown[]> {
  return Object.fromEntries(
    [...execute(model, inputs, options)].map(([name, y]) => [
      name,
      Array.from(y.toTypedArray() as ArrayLike<unknown>),
    ]),
  );
}

function errorOf(work: () => unknown): ModelError {
  try {
    work();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('execute', () => {
  it('gives the outputs by name, in graph order, also those that are inputs or initializers', () => {
    const model = modelOf(
      'g (float[2] x) => (float[2] y, float[2] x, float[1] c) <float[1] c = {3}> { y = Add (x, c) }',
    );
    const outputs = execute(model, [['x', f32(1, 2)]]);
    expect([...outputs.keys()]).toEqual(['y', 'x', 'c']);
    expect(run(model, new Map([['x', f32(1, 2)]]))).toEqual({ y: [4, 5], x: [1, 2], c: [3] });
  });

  it('runs nodes that are out of order, and refuses a cycle', () => {
    const model = modelOf('g (float[1] x) => (float[1] y) { a = Neg (x)  y = Neg (a) }');
    const [first, second] = model.graph.nodes;
    const turned = { ...model, graph: { ...model.graph, nodes: [second!, first!] } };
    expect(run(turned, [['x', f32(5)]])).toEqual({ y: [5] });
    const cyclic = { ...first!, inputs: ['y'] };
    const error = errorOf(() =>
      run({ ...model, graph: { ...model.graph, nodes: [cyclic, second!] } }, [['x', f32(1)]]),
    );
    expect([error.code, error.at]).toEqual(['cyclic-graph', 'g/a']);
  });

  it('sorts a chain of 100,000 nodes given backwards', () => {
    const model = modelOf('g (float[1] x) => (float[1] y) { y = Neg (x) }');
    const node = model.graph.nodes[0]!;
    const nodes = Array.from({ length: 100_000 }, (_, i) => ({
      ...node,
      inputs: [i === 0 ? 'x' : `v${i - 1}`],
      outputs: [i === 99_999 ? 'y' : `v${i}`],
    })).reverse();
    expect(run({ ...model, graph: { ...model.graph, nodes } }, [['x', f32(5)]])).toEqual({ y: [5] });
  });

  it('takes an initializer where an input is not given, and the input where it is', () => {
    const model = modelOf(
      'g (float[1] x, float[1] k) => (float[1] y) <float[1] k = {10}> { y = Mul (x, k) }',
    );
    expect(run(model, [['x', f32(2)]])).toEqual({ y: [20] });
    expect(
      run(model, [
        ['x', f32(2)],
        ['k', f32(3)],
      ]),
    ).toEqual({ y: [6] });
  });

  it('fetches values in between, and shows each on the way', () => {
    const model = modelOf('g (float[1] x) => (float[1] y) { a = Neg (x)  b = Exp (a)  y = Neg (b) }');
    expect(run(model, [['x', f32(0)]], { outputs: ['b', 'a'] })).toEqual({ b: [1], a: [-0] });
    const seen: string[] = [];
    const steps: string[] = [];
    run(model, [['x', f32(0)]], {
      onValue: (name, value) => seen.push(`${name}=${value.toTypedArray()}`),
      onProgress: ({ done, total, node }) => steps.push(`${done}/${total} ${node}`),
    });
    expect(seen).toEqual(['a=0', 'b=1', 'y=-1']);
    expect(steps).toEqual(['0/3 g/a', '1/3 g/b', '2/3 g/y']);
    expect(errorOf(() => run(model, [['x', f32(0)]], { outputs: ['nowhere'] })).code).toBe('unknown-value');
  });

  it('leaves what it was given as it was', () => {
    const model = modelOf('g (float[2] x) => (float[2] y) { a = Relu (x)  y = Identity (a) }');
    const x = f32(-1, 2);
    execute(model, [['x', x]]);
    expect([...x.toTypedArray()]).toEqual([-1, 2]);
  });

  it('runs subgraphs that see the values around them', () => {
    const model = modelOf(`g (bool c, float[1] x) => (float[1] y) {
      k = Neg (x)
      y = If (c) <then_branch = a () => (float[1] t) { t = Add (x, k) }, else_branch = b () => (float[1] e) { e = Mul (x, k) }>
    }`);
    const inputs = (c: boolean) =>
      [
        ['c', tensor('bool', [], [c])],
        ['x', f32(3)],
      ] as const;
    expect(run(model, inputs(true))).toEqual({ y: [0] });
    expect(run(model, inputs(false))).toEqual({ y: [-9] });
  });

  it('loops over carried values and stacks the others', () => {
    const model = modelOf(`g (int64 n, float[1] x) => (float[1] last, float[N,1] all) <bool go = {1}> {
      last, all = Loop (n, go, x) <body = b (int64 i, bool c, float[1] v) => (bool c2, float[1] w, float[1] s) {
        c2 = Identity (c)  w = Add (v, x)  s = Identity (v)
      }>
    }`);
    const of = (n: number | bigint, options?: ExecuteOptions) =>
      run(
        model,
        [
          ['n', tensor('int64', [], [n])],
          ['x', f32(2)],
        ],
        options,
      );
    expect(of(3)).toEqual({ last: [8], all: [2, 4, 6] });
    expect(of(0)).toEqual({ last: [2], all: [] });
    const endless = errorOf(() => of(2n ** 63n - 1n, { limits: { iterations: 100 } }));
    expect(endless.code).toBe('endless-loop');
  });

  it('calls model-local functions with attributes of the caller or their defaults', () => {
    const model = parseModel(`<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float[2] x) => (float[2] y, float[2] z) { y = own.Leak <slope = 0.5> (x)  z = own.Leak (x) }
      <domain: "own", opset_import: ["" : 21]>
      Leak <slope: float = 0.25> (v) => (w) { w = LeakyRelu <alpha: float = @slope> (v) }`);
    expect(run(model, [['x', f32(-4, 4)]])).toEqual({ y: [-2, 4], z: [-1, 4] });
  });

  it('works on empty arrays', () => {
    const model = modelOf(
      'g (float[N,2] x) => (float[N,3] y) <float[2,3] w = {1,2,3,4,5,6}> { y = MatMul (x, w) }',
    );
    expect(execute(model, [['x', tensor('float32', [0, 2], [])]]).get('y')!.dims).toEqual([0, 3]);
  });
});

describe('execute refuses', () => {
  const relu = modelOf('g (float[2] x) => (float[2] y) { y = Relu (x) }');

  it.each([
    ['missing-input', [], /"x" was not given/],
    [
      'unknown-input',
      [
        ['x', f32(1, 2)],
        ['z', f32(1)],
      ],
      /no input "z"/,
    ],
    ['input-mismatch', [['x', tensor('int8', [2], [1, 2])]], /is float32; int8 was given/],
    ['input-mismatch', [['x', f32(1, 2, 3)]], /declared as \[2\]; a tensor of dims \[3\]/],
  ] as const)('%s', (code, inputs, sentence) => {
    const error = errorOf(() => run(relu, inputs as never));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(sentence);
  });

  it('symbols that mean two lengths', () => {
    const model = modelOf('g (float[N] x, float[N] y) => (float[N] z) { z = Add (x, y) }');
    expect(
      errorOf(() =>
        run(model, [
          ['x', f32(1, 2)],
          ['y', f32(1)],
        ]),
      ).message,
    ).toMatch(/"N" is 2 in input "x", but 1/);
  });

  it('what it cannot compute before anything runs, naming node, operator and version', () => {
    const seen: string[] = [];
    const refused = (text: string, opset = 21) =>
      errorOf(() =>
        run(
          parseModel(
            `<ir_version: 10, opset_import: ["" : ${opset}, "own" : 1, "com.microsoft" : 2]> ${text}`,
          ),
          [['x', f32(1, 2)]],
          {
            onValue: (name) => seen.push(name),
          },
        ),
      );
    const unknown = refused('g (float[2] x) => (float[2] y) { a = Neg (x)  y = own.Magic (a) }');
    expect([unknown.code, unknown.at]).toEqual(['unsupported-operator', 'g/y']);
    expect(unknown.message).toMatch(/own::Magic/);
    const version = refused(
      'g (float[2] x) => (float[2] y) { a = Neg (x)  y = com.microsoft.QuantizeLinear (a, a) }',
    );
    expect([version.code, version.at]).toEqual(['unsupported-version', 'g/y']);
    expect(version.message).toMatch(/com\.microsoft::QuantizeLinear of opset 2 \(version 2\)/);
    expect(refused('g (float[2] x) => (float[2] y) { y = Neg (x) }', 99).code).toBe('unsupported-version');
    const dtype = refused('g (float[2] x) => (float[2] y) { a = Cast <to = 8> (x)  y = Neg (a) }');
    expect([dtype.code, dtype.at]).toEqual(['unsupported-dtype', 'g/y']);
    const mixed = refused('g (float[2] x) => (float[2] y) { a = Cast <to = 6> (x)  y = Add (x, a) }');
    expect(mixed.code).toBe('type-mismatch');
    const inside = refused(`g (float[2] x) => (float[2] y) <bool c = {1}> {
      y = If (c) <then_branch = t () => (float[2] a) { a = Neg (x) }, else_branch = e () => (float[2] b) { b = own.No (x) }>
    }`);
    expect([inside.code, inside.at]).toEqual(['unsupported-operator', 'g/y/e/b']);
    expect(refused('g (float[2] x) => (float[2] y) { y = Neg (nothing) }').code).toBe('unknown-value');
    expect(seen).toEqual([]);
  });

  it.each([
    ['Add (x)', 'missing-input'],
    ['Add (x, "")', 'missing-input'],
    ['Neg (x, x)', 'too-many-inputs'],
    ['Cast (x)', 'missing-attribute'],
    ['Cast <to = 1.5> (x)', 'attribute-type'],
    ['Conv (x, x)', 'shape-mismatch'],
    ['InstanceNormalization (x, x, x)', 'shape-mismatch'],
    ['LRN <size = 3> (x)', 'shape-mismatch'],
    ['GridSample (x, x)', 'shape-mismatch'],
    ['MaxPool <kernel_shape = [2]> (x)', 'shape-mismatch'],
    ['LSTM (x, x, x)', 'shape-mismatch'],
  ])('a node that is written wrongly: %s', (call, code) => {
    const model = modelOf(`g (float[2] x) => (y) { y = ${call} }`);
    expect(errorOf(() => execute(model, [['x', f32(1, 2)]])).code).toBe(code);
  });

  it('shapes that do not fit while it runs, with the node as place', () => {
    const model = modelOf('g (float[N] x, float[M] y) => (float[K] z) { [sum] z = Add (x, y) }');
    const error = errorOf(() =>
      run(model, [
        ['x', f32(1, 2)],
        ['y', f32(1, 2, 3)],
      ]),
    );
    expect([error.code, error.at]).toEqual(['shape-mismatch', 'g/sum']);
  });

  it('more memory than it may take, and dims beyond what a number holds', () => {
    const model = modelOf('g (int64[R] s) => (float[N] y) { y = ConstantOfShape (s) }');
    const shape = (...dims: number[]) => [['s', tensor('int64', [dims.length], dims)]] as const;
    const limited = errorOf(() => run(model, shape(1000, 1000), { limits: { memory: 1_000_000 } }));
    expect([limited.code, limited.at]).toEqual(['memory-limit', 'g/y']);
    expect(errorOf(() => run(model, shape(2 ** 40, 2 ** 40))).code).toBe('dims-overflow');
    expect(errorOf(() => run(model, shape(-1))).code).toBe('negative-dimension');
  });

  it('frees what nobody reads any more', () => {
    const chain = Array.from({ length: 50 }, (_, i) => `v${i} = Neg (${i === 0 ? 'x' : `v${i - 1}`})`).join(
      ' ',
    );
    const model = modelOf(`g (float[1000] x) => (float[1000] y) { ${chain} y = Neg (v49) }`);
    const x = tensor('float32', [1000], new Float32Array(1000));
    expect(() => run(model, [['x', x]], { limits: { memory: 3 * 4000 } })).not.toThrow();
  });

  it('to go on when its signal is aborted', () => {
    const signal = { aborted: false };
    const model = modelOf('g (float[1] x) => (float[1] y) { a = Neg (x)  y = Neg (a) }');
    const stop = () => {
      signal.aborted = true;
    };
    const error = errorOf(() => run(model, [['x', f32(1)]], { signal, onValue: stop }));
    expect([error.code, error.at]).toEqual(['aborted', 'g/y']);
  });

  it('functions that call themselves', () => {
    const model = parseModel(`<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
      g (float[2] x) => (float[2] y) { y = own.F (x) }
      <domain: "own", opset_import: ["own" : 1]>
      F (v) => (w) { w = own.F (v) }`);
    expect(errorOf(() => run(model, [['x', f32(1, 2)]])).code).toBe('too-deep');
  });
});
