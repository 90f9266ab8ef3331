import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementCount, findDataType, type Model, Tensor, tensor } from '../../src/ir/index.ts';
import { type Certificate, checkCertificate, proveEqual } from '../../src/proof/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { model, parseModel } from '../../src/serde/index.ts';
import { ModelError } from '../../src/support/errors.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { models, nodes, qdqModels } from '../../src/testing/index.ts';
import { meaningOf } from './meaning.ts';

function certificateOf(before: Model, after = before): Certificate {
  const proof = proveEqual(before, after);
  if (proof.verdict !== 'proved') throw new Error(`${proof.verdict}: ${JSON.stringify(proof)}`);
  return proof.certificate;
}

/** Grids of four bits keep functions short; together the pairs have claims of every kind. */
const grid = 'float s = {0.3}, int4 z = {1}';
const header = '<ir_version: 10, opset_import: ["" : 21]>';
const pairs: Readonly<Record<string, readonly [Model, Model]>> = {
  'moves, steps and a pad': [
    model`${header} main (float[2] x) => (float[1,3] y) <${grid}, int64[2] to = {1, 2}, int64[4] more = {0, 1, 0, 0}> {
      p = Reshape (x, to) w = Pad (p, more) q = QuantizeLinear (w, s, z) y = DequantizeLinear (q, s, z)
    }`,
    model`${header} main (float[2] x) => (float[1,3] y) <${grid}, int64[2] to = {1, 2}, int64[4] more = {0, 1, 0, 0}> {
      q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) p = Reshape (d, to) y = Pad (p, more)
    }`,
  ],
  'codes, tables and extremes': [
    model`${header} main (uint4[1,1,3] x) => (float[1,1,2] y) <float s = {0.3}, uint4 z = {1}> {
      d = DequantizeLinear (x, s, z) y = MaxPool <kernel_shape = [2]> (d)
    }`,
    model`${header} main (uint4[1,1,3] x) => (float[1,1,2] y) <float s = {0.3}, uint4 z = {1}> {
      d = DequantizeLinear (x, s, z) t = Transpose <perm = [1, 0, 2]> (d) y = MaxPool <kernel_shape = [2]> (t)
    }`,
  ],
  'extremes of floats and of a constant': [
    model`${header} main (float[2] x) => (float[2] y, float[2] v) <${grid}, float[1] c = {0.5}> {
      m = Max (x, c) q = QuantizeLinear (m, s, z) y = DequantizeLinear (q, s, z) r = ReduceMax (x) v = Min (x, r)
    }`,
    model`${header} main (float[2] x) => (float[2] y, float[2] v) <${grid}, float[1] c = {0.5}> {
      q = QuantizeLinear (x, s, z) d = DequantizeLinear (q, s, z) e = QuantizeLinear (c, s, z) f = DequantizeLinear (e, s, z)
      y = Max (d, f) r = ReduceMax (x) v = Min (x, r)
    }`,
  ],
  'chains, and nodes that are not looked into': [
    model`${header} main (float[2] x, int64[1] i) => (float[1] y) <float low = {-1.0}, float high = {2.0}, float two = {2.0}> {
      g = Gather (x, i) c = Clip (g, low, high) m = Mul (c, two) h = Sigmoid <> (m) y = Add (h, high)
    }`,
    model`${header} main (float[2] x, int64[1] i) => (float[1] y) <float low = {-1.0}, float high = {2.0}, float two = {2.0}> {
      c = Clip (x, low, high) g = Gather (c, i) m = Mul (two, g) h = Sigmoid (m) y = Add (h, high)
    }`,
  ],
};

describe('checkCertificate', () => {
  it.each(Object.entries(pairs))(
    'accepts a proof of %s, and refuses it wherever it is changed',
    (_, [before, after]) => {
      const certificate = certificateOf(before, after);
      expect(checkCertificate(before, after, certificate)).toMatchObject({ valid: true });
      const used = usedBy(certificate);
      const accepted = { used: [] as string[], unused: new Set<string>() };
      let refused = 0;
      for (const { path, forged } of changesOf(certificate, [])) {
        if (!checkCertificate(before, after, forged as Certificate).valid) refused += 1;
        else if (used(path)) accepted.used.push(path.join('.'));
        else accepted.unused.add(path.slice(0, 2).join(' '));
      }
      expect(accepted.used).toEqual([]);
      expect(refused).toBeGreaterThan(200);
      // Steps on the way of a claim that nothing refers to any more: at most the parts of one extreme.
      expect(accepted.unused.size).toBeLessThanOrEqual(6);
    },
  );

  const [copied] = Object.values(pairs)[0]!;
  const genuine = certificateOf(copied);
  const steps = genuine.functions.find(({ kind }) => kind === 'steps')!;
  if (steps.kind !== 'steps') throw new Error('the quantizer has no steps');

  it.each<[string, Partial<Certificate>]>([
    [
      'a first function that does something',
      { functions: genuine.functions.with(0, { ...steps, values: steps.values.map(() => 0) }) },
    ],
    [
      'steps that say nothing of what lies in front of them',
      {
        functions: genuine.functions.map((of) =>
          of.kind === 'steps' ? { ...of, starts: of.starts.slice(-1), values: of.values.slice(-1) } : of,
        ),
      },
    ],
    [
      'an input of a type that has fewer values',
      {
        roots: new Map(
          [...genuine.roots].map(([number, root]) => [
            number,
            root.kind === 'input' ? { ...root, dtype: 'uint4' } : root,
          ]),
        ),
        before: new Map([...genuine.before, ['x', { ...genuine.before.get('x')!, dtype: 'uint4' }]]),
        after: new Map([...genuine.after, ['x', { ...genuine.after.get('x')!, dtype: 'uint4' }]]),
      },
    ],
    [
      'a value that is a constant and terms at once',
      {
        before: new Map([
          ...genuine.before,
          ['x', { ...genuine.before.get('x')!, constant: tensor('float32', [2], [0, 0]) }],
        ]),
      },
    ],
  ])('refuses %s', (_, forged) => {
    expect(checkCertificate(copied, copied, genuine)).toMatchObject({ valid: true });
    expect(checkCertificate(copied, copied, { ...genuine, ...forged })).toMatchObject({ valid: false });
  });

  it('refuses a certificate of other models', () => {
    const [a, b] = Object.values(pairs).map(([one]) => one) as [Model, Model];
    expect(checkCertificate(a, b, genuine)).toMatchObject({ valid: false, at: 'main' });
    expect(checkCertificate(b, b, genuine)).toMatchObject({ valid: false });
  });
});

/** Whether a place of a certificate holds something that claims rest on. What nobody refers to may be anything. */
function usedBy({ terms, roots, made, before, after }: Certificate): (path: readonly string[]) => boolean {
  const [usedTerms, usedRoots, usedFunctions] = [new Set<number>(), new Set<number>(), new Set<number>([0])];
  const use = (number: number) => {
    if (usedTerms.has(number)) return;
    usedTerms.add(number);
    const { root, fn } = terms[number]!;
    usedFunctions.add(fn);
    usedRoots.add(root);
    const origin = roots.get(root)!;
    if (origin.kind === 'extreme') origin.terms.forEach(use);
  };
  const arrays = [...before.values(), ...after.values(), ...made.flatMap(({ inputs }) => inputs)];
  for (const array of arrays) array?.terms?.forEach(use);
  return ([field, index]) => {
    if (field === 'terms') return usedTerms.has(Number(index));
    if (field === 'roots') return usedRoots.has(Number(index));
    return field !== 'functions' || usedFunctions.has(Number(index));
  };
}

interface Change {
  readonly path: readonly string[];
  readonly forged: unknown;
}

/** Every way to change one leaf of plain data, or to leave one item out. */
function* changesOf(of: unknown, path: readonly string[]): Iterable<Change> {
  if (of instanceof Tensor) {
    const data = Array.from(of.toTypedArray() as ArrayLike<number | bigint>);
    for (const [i, value] of data.entries())
      yield {
        path: [...path, `${i}`],
        forged: tensor(
          of.dtype,
          of.dims,
          data.with(i, typeof value === 'bigint' ? value + 1n : value + 1) as number[],
        ),
      };
    yield { path, forged: tensor('float64', of.dims, data.map(Number)) };
    yield { path, forged: tensor(of.dtype, [1, ...of.dims], data as number[]) };
  } else if (of instanceof Map) {
    for (const key of of.keys()) {
      yield { path: [...path, `${key}`], forged: new Map([...of].filter(([other]) => other !== key)) };
      for (const { path: where, forged } of changesOf(of.get(key), [...path, `${key}`]))
        yield { path: where, forged: new Map([...of, [key, forged]]) };
    }
  } else if (of instanceof Float64Array || Array.isArray(of)) {
    const items = [...of];
    if (items.length > 0)
      yield { path: [...path, `${items.length - 1}`], forged: likeArray(of, items.slice(0, -1)) };
    for (const [i, item] of items.entries())
      for (const { path: where, forged } of changesOf(item, [...path, `${i}`]))
        yield { path: where, forged: likeArray(of, items.with(i, forged)) };
  } else if (typeof of === 'object' && of !== null) {
    for (const [key, value] of Object.entries(of))
      for (const { path: where, forged } of changesOf(value, [...path, key]))
        yield { path: where, forged: { ...of, [key]: forged } };
  } else if (typeof of === 'number') {
    // An index of −0 is one of 0.
    const isValue = path.some((part) => ['values', 'value', 'links'].includes(part));
    const others = of === 0 && !isValue ? [1, NaN] : [of + 1, -of, NaN];
    for (const forged of others) if (!Object.is(forged, of)) yield { path, forged };
  } else if (typeof of === 'string') {
    for (const forged of swaps.get(of) ?? [`${of}!`]) yield { path, forged };
  }
}

function likeArray(of: unknown, items: readonly unknown[]): unknown {
  return of instanceof Float64Array ? Float64Array.from(items as number[]) : items;
}

/** Words that could stand in the place of others. */
const swaps = new Map<string, readonly string[]>([
  ['float32', ['float16', 'uint4', 'int64']],
  ['uint4', ['int4', 'float32']],
  ['int4', ['uint4', 'float32']],
  ['largest', ['largest, first', 'largest, last', 'smallest']],
  ['largest, first', ['largest', 'largest, last', 'smallest, first']],
  ['largest, last', ['largest', 'largest, first', 'smallest, last']],
]);

/** Operators that proofs look into, whose nodes are drawn. */
const drawnOperators = [
  ...[
    'Reshape',
    'Transpose',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Slice',
    'Split',
    'Tile',
    'Expand',
    'Identity',
  ],
  ...['DepthToSpace', 'SpaceToDepth', 'ReverseSequence', 'Concat', 'Pad', 'ScatterND', 'Resize', 'Cast'],
  ...['Shape', 'Size', 'QuantizeLinear', 'DequantizeLinear', 'Relu', 'Clip'],
  ...['GlobalMaxPool', 'ReduceMax', 'ReduceMin', 'Max', 'Min'],
];

/** The others, whose drawn nodes read what has to be constant from inputs. */
const written = Object.entries({
  Gather: '(float[3,2] x) => (float[2,2] y) <int64[2] i = {2, -3}> { y = Gather (x, i) }',
  'Gather by an input':
    '(float[3,2] x, int64[2] i) => (float[2,2] y) <float s = {0.5}> { h = Gather (x, i) q = QuantizeLinear (x, s) g = Gather (q, i) y = DequantizeLinear (g, s) }',
  GatherElements: '(float[3,2] x) => (float[1,2] y) <int64[1,2] i = {2, 0}> { y = GatherElements (x, i) }',
  GatherND: '(float[3,2] x) => (float[2,2] y) <int64[2,1] i = {2, -1}> { y = GatherND (x, i) }',
  Compress: '(float[3,2] x) => (float[2,2] y) <bool[3] c = {1, 0, 1}> { y = Compress <axis = 0> (x, c) }',
  Where: '(float[3,2] x, float[2] w) => (float[3,2] y) <bool[3,1] c = {1, 0, 1}> { y = Where (c, x, w) }',
  ScatterElements:
    '(float[3,2] x, float[1,2] u) => (float[3,2] y) <int64[1,2] i = {2, 0}> { y = ScatterElements (x, i, u) }',
  Dropout: '(float[2] x) => (float[2] y) <float r = {0.5}, bool t = {0}> { y = Dropout (x, r, t) }',
  Mul: '(float[2] x) => (float[2] y) <float[1] c = {-0.3}> { y = Mul (c, x) }',
  'MaxPool with pads':
    '(float[1,1,4,4] x) => (float[1,1,3,2] y) { y = MaxPool <kernel_shape = [2, 3], strides = [2, 2], pads = [1, 0, 1, 1], dilations = [1, 1]> (x) }',
  'MaxPool with dilations':
    '(float[1,1,5] x) => (float[1,1,3] y) { y = MaxPool <kernel_shape = [2], dilations = [2]> (x) }',
  'MaxPool that counts upwards':
    '(float[1,1,4] x) => (float[1,1,2] y) { y = MaxPool <kernel_shape = [3], strides = [2], ceil_mode = 1> (x) }',
  'MaxPool of the same size':
    '(float[1,1,4] x) => (float[1,1,4] y, float[1,1,4] z) { y = MaxPool <kernel_shape = [2], auto_pad = "SAME_LOWER"> (x) z = MaxPool <kernel_shape = [2], auto_pad = "SAME_UPPER"> (x) }',
  '16-bit floats':
    '(float16[4] x) => (float16[4] y) <float16 s = {0.3}, int8 z = {-7}> { c = Clip (x) q = QuantizeLinear (c, s, z) y = DequantizeLinear (q, s, z) }',
  bfloat16:
    '(bfloat16[4] x) => (bfloat16[4] y) <bfloat16 s = {0.3}, int4 z = {1}> { q = QuantizeLinear (x, s, z) y = DequantizeLinear (q, s, z) }',
  'a scale for each channel':
    '(float[2,3] x) => (float[2,3] y) <float[3] s = {0.3, -2.0, 7.0}, int8[3] z = {1, 2, 3}> { q = QuantizeLinear <axis = -1> (x, s, z) y = DequantizeLinear (q, s, z) }',
  'a scale for each block':
    '(float[2,3,2] x) => (float[2,3,2] y) <float[2,2,2] s = {1, 2, 3, 4, 5, 0.5, 0.25, 3}, int8[2,2,2] z = {1, 2, 3, 4, 5, 6, 7, 8}> { q = QuantizeLinear <axis = 1, block_size = 2> (x, s, z) y = DequantizeLinear <axis = 1, block_size = 2> (q, s, z) }',
});

describe('what a certificate says', () => {
  const numbers = [0, -0, 0.5, -0.5, 1, -1, 2.5, -2.5, 100, -100, 3e4, -3e4, 2 ** -24];

  function drawInputs({ graph }: Model, random: Random): Map<string, Tensor> {
    return new Map(
      graph.inputs.map(({ name, type }) => {
        if (type?.kind !== 'tensor') throw new ModelError('cannot-generate-input', `${name} is no tensor`);
        const { elemType } = type;
        const dims = (type.shape ?? []).map(({ value }) => value ?? 1);
        const real = findDataType(elemType)?.kind === 'float';
        const draw = () => (real ? random.pick(numbers) : random.below(elemType === 'bool' ? 2 : 4));
        return [name, tensor(elemType, dims, Array.from({ length: elementCount(dims) }, draw))];
      }),
    );
  }

  /** What comes of a run; nothing where the inputs do not fit the model. */
  function tried<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (error instanceof ModelError) return undefined;
      throw error;
    }
  }

  /** Compares each value of a run with what the certificate says it is, and counts the elements. */
  function compareWithRun(before: Model, certificate: Certificate, inputs: Map<string, Tensor>): number {
    const made = before.graph.nodes.flatMap((node) => node.outputs);
    const names = made.filter((name) => certificate.before.has(name));
    const outputs = names.map((name) => ({ name, metadata: [] }));
    const ran = tried(() => execute({ ...before, graph: { ...before.graph, outputs } }, inputs));
    if (ran === undefined) return 0;
    const meaning = meaningOf(certificate, inputs);
    let count = 0;
    for (const name of names) {
      const array = certificate.before.get(name)!;
      const tensor = ran.get(name)!;
      expect([name, tensor.dtype, ...tensor.dims]).toEqual([name, array.dtype, ...array.dims]);
      if (array.dtype === 'string') continue;
      const values = tensor.toTypedArray() as ArrayLike<number | bigint>;
      // No proof speaks of NaN, and nothing of what is made of it.
      if (Array.from(values).some((value) => Number.isNaN(Number(value)))) return count;
      meaning(array, values).forEach((said, i) => {
        if (said === undefined) return;
        count += 1;
        const wide = typeof values[i] === 'bigint' && typeof said === 'number' ? BigInt(said) : said;
        if (!Object.is(wide, values[i]))
          expect(`${name}[${i}] is ${said}`).toBe(`${name}[${i}] is ${values[i]}`);
      });
    }
    return count;
  }

  function compared(before: Model, random: Random): number {
    const proof = tried(() => proveEqual(before, before));
    if (proof?.verdict !== 'proved') return 0;
    expect(checkCertificate(before, before, proof.certificate)).toMatchObject({ valid: true });
    let count = 0;
    for (let run = 0; run < 3; run++)
      count += compareWithRun(before, proof.certificate, drawInputs(before, random));
    return count;
  }

  it.each(drawnOperators)('is what the executor computes, for %s', (opType) => {
    const random = createRandom(3);
    const counts = fc.sample(nodes(opType), { seed: 5, numRuns: 8 }).map((one) => compared(one, random));
    expect(Math.max(...counts)).toBeGreaterThan(0);
  });

  it.each(written)('is what the executor computes, for %s', (_, text) => {
    expect(compared(parseModel(`${header} main ${text}`), createRandom(3))).toBeGreaterThan(0);
  });

  it('is what the executor computes, for networks', () => {
    const random = createRandom(4);
    const drawn = [
      ...fc.sample(models(), { seed: 1, numRuns: 40 }),
      ...fc.sample(qdqModels({ maxNodes: 8 }), { seed: 1, numRuns: 15 }),
      ...Object.values(pairs).flat(),
    ];
    const counts = drawn.map((one) => compared(one, random));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1000);
  });

  it('is never that models are equal which are not', () => {
    const random = createRandom(5);
    const counts = { proved: 0, differing: 0 };
    const drawn = [
      ...fc.sample(models(), { seed: 2, numRuns: 40 }),
      ...fc.sample(qdqModels({ maxNodes: 8 }), { seed: 2, numRuns: 15 }),
      ...Object.values(pairs)
        .flat()
        .flatMap((one) => [one, one, one]),
    ];
    for (const before of drawn) {
      const after = changed(before, random);
      const proof = tried(() => proveEqual(before, after));
      if (proof === undefined) continue;
      const accepted = proof.verdict === 'proved' && checkCertificate(before, after, proof.certificate).valid;
      if (accepted) counts.proved += 1;
      for (let run = 0; run < 4; run++) {
        const inputs = drawInputs(before, random);
        const [x, y] = [before, after].map((one) => tried(() => execute(one, inputs)));
        if (x === undefined || y === undefined || sameBits(x, y)) continue;
        counts.differing += 1;
        expect(accepted).toBe(false);
      }
    }
    expect(counts.proved).toBeGreaterThan(10);
    expect(counts.differing).toBeGreaterThan(30);
  });
});

/** A model with one constant, operator, attribute or pair of inputs that is another one. */
function changed(one: Model, random: Random): Model {
  const { graph } = one;
  const { initializers, nodes: all } = graph;
  if (initializers.length > 0 && random.below(2) === 0) {
    const old = random.pick(initializers);
    const real = findDataType(old.dtype)?.kind === 'float';
    if (old.dtype === 'string' || old.size === 0) return one;
    const data = Array.from(old.toTypedArray() as ArrayLike<number | bigint>);
    const at = random.below(data.length);
    const value = data[at]!;
    const other =
      typeof value === 'bigint'
        ? value + 1n
        : real
          ? value * random.pick([2, -1, 1.001])
          : value > 0
            ? value - 1
            : value + 1;
    const made = tensor(old.dtype, old.dims, data.with(at, other) as number[], old.name);
    return { ...one, graph: { ...graph, initializers: initializers.map((it) => (it === old ? made : it)) } };
  }
  const node = random.pick(all);
  const replace = (by: Partial<typeof node>): Model => {
    return { ...one, graph: { ...graph, nodes: all.map((it) => (it === node ? { ...node, ...by } : it)) } };
  };
  const attribute = node.attributes.find(({ type }) => type === 'INT' || type === 'INTS');
  if (attribute?.type === 'INT' && random.below(2) === 0)
    return replace({ attributes: [{ ...attribute, value: attribute.value + 1n }] });
  if (attribute?.type === 'INTS' && random.below(2) === 0)
    return replace({ attributes: [{ ...attribute, value: [...attribute.value].reverse() }] });
  if (node.inputs.length > 1 && random.below(2) === 0)
    return replace({ inputs: node.inputs.with(0, node.inputs[1]!).with(1, node.inputs[0]!) });
  const twin = new Map([
    ['Max', 'Min'],
    ['Min', 'Max'],
    ['ReduceMax', 'ReduceMin'],
    ['Relu', 'Identity'],
    ['Identity', 'Relu'],
  ]);
  return replace({ opType: twin.get(node.opType) ?? node.opType });
}

function sameBits(a: ReadonlyMap<string, Tensor>, b: ReadonlyMap<string, Tensor>): boolean {
  return [...a].every(([name, x]) => {
    const y = b.get(name)!;
    if (x.dtype === 'string' || y.dtype === 'string') return true;
    const [left, right] = [x.toTypedArray(), y.toTypedArray()] as ArrayLike<number | bigint>[];
    // Models that make NaN are outside of what is proved.
    if (Array.from(left!).some((value) => Number.isNaN(Number(value)))) return true;
    return (
      left!.length === right!.length && Array.from(left!).every((value, i) => Object.is(value, right![i]))
    );
  });
}
