import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, equalModels, validate } from '../../src/analysis/index.ts';
import { dataTypes, type Tensor, tensor, valuesOf } from '../../src/ir/index.ts';
import { makeAttribute } from '../../src/ops/index.ts';
import { any, op, quantizePair } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import { tensorrt } from '../../src/rules.ts';
import { execute } from '../../src/runtime/index.ts';
import { model, parseModel } from '../../src/serde/index.ts';
import {
  attributes,
  checkLaws,
  expectSameOutputs,
  type QuantizationParameters,
  qdqModels,
  quantizationParameters,
  renamed,
  shapes,
  shuffled,
  tensors,
} from '../../src/testing/index.ts';
import { verify } from '../../src/verify/index.ts';

function elementsOf(made: Tensor): readonly (number | bigint | string)[] {
  return made.dtype === 'string' ? made.toStrings() : [...(valuesOf(made) as Float32Array)];
}

/** A quantizer of x with these parameters. */
function quantizerOf(scale: Tensor, zeroPoint: Tensor, told: Readonly<Record<string, number | undefined>>) {
  const plain = parseModel(
    `<ir_version: 10, opset_import: ["" : 21]> main (float[2,3] x) => (${printDataType(zeroPoint)}[2,3] y) { y = QuantizeLinear (x, s, z) }`,
  );
  const [node] = plain.graph.nodes;
  const made = Object.entries(told).map(([name, value]) => makeAttribute(name, value!));
  const initializers = [scale.withName('s'), zeroPoint.withName('z')];
  return { ...plain, graph: { ...plain.graph, initializers, nodes: [{ ...node!, attributes: made }] } };
}

function printDataType({ dtype }: Tensor): string {
  return dataTypes.find(({ name }) => name === dtype)!.text;
}

describe('qdqModels', () => {
  it('makes valid models that the executor runs', () => {
    fc.assert(
      fc.property(qdqModels(), (made) => {
        expect(validate(made, { strict: true })).toEqual([]);
        expect(verify(made, made, { samples: 1 }).identical).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('tensors', () => {
  it.each(dataTypes.map(({ name }) => name))('makes %s, of other values than zero and finite', (dtype) => {
    const seen = new Set<unknown>();
    fc.assert(
      fc.property(
        shapes().chain((dims) => tensors(dtype, dims)),
        (made) => {
          const values = elementsOf(made);
          for (const value of values) seen.add(Object.is(value, -0) ? '-0' : value);
          expect(made.dtype).toBe(dtype);
          expect(values.some((value) => typeof value === 'number' && !Number.isFinite(value))).toBe(false);
        },
      ),
      { numRuns: 60, seed: 2 },
    );
    expect(seen.size).toBeGreaterThanOrEqual(dtype === 'bool' ? 2 : dtype.endsWith('int2') ? 4 : 6);
    if (dtype.startsWith('float') && dtype !== 'float8e8m0' && !dtype.endsWith('uz'))
      expect(seen).toContain('-0');
  });

  it.each(dataTypes.map(({ name }) => name))('shrinks %s to zeros but for what matters', (dtype) => {
    const isPlain = (value: unknown) => value === '' || value === 0n || Object.is(value, 0);
    const check = fc.check(
      fc.property(tensors(dtype, [2, 2]), (made) => elementsOf(made).every(isPlain)),
      { seed: 4, numRuns: 200 },
    );
    const left = elementsOf(check.counterexample![0]);
    // Nothing but powers of two there.
    if (dtype === 'float8e8m0') return;
    expect(left.filter((value) => !isPlain(value)).length).toBe(1);
  });

  it('refuses what it does not know', () => {
    expect(() => tensors('unknown:99' as never, [])).toThrowError(
      expect.objectContaining({ code: 'no-arbitrary' }),
    );
  });
});

describe('quantizationParameters', () => {
  it.each(['tensor', 'axis', 'block'] as const)(
    'makes scales for each %s that a quantizer takes',
    (granularity) => {
      const dtypes = ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4', 'float8e4m3fn'] as const;
      for (const dtype of dtypes) {
        fc.assert(
          fc.property(
            quantizationParameters({ dtype, dims: [2, 3], granularities: [granularity] }),
            ({ scale, zeroPoint, attributes: told, granularity: is }) => {
              expect(is).toBe(granularity);
              expect(zeroPoint.dtype).toBe(dtype);
              const made = quantizerOf(scale, zeroPoint, told);
              const problems = validate(made, { strict: true });
              expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
              expect(
                execute(made, new Map([['x', tensor('float32', [2, 3], [0, 1, 2, 3, 4, 5])]])).size,
              ).toBe(1);
            },
          ),
          { numRuns: 15, seed: 1 },
        );
      }
    },
  );

  it('makes all of them, and shrinks to one scale of 1', () => {
    const any = quantizationParameters({ dims: [2, 3] });
    const seen = new Set(fc.sample(any, { numRuns: 60, seed: 1 }).map(({ granularity }) => granularity));
    expect([...seen].sort()).toEqual(['axis', 'block', 'tensor']);
    const check = fc.check(
      fc.property(any, () => false),
      { seed: 3 },
    );
    const smallest = check.counterexample![0] as QuantizationParameters;
    expect(smallest).toMatchObject({ granularity: 'tensor', attributes: {} });
    expect([...elementsOf(smallest.scale), ...elementsOf(smallest.zeroPoint)]).toEqual([1, 0]);
  });

  it('says what a scalar has no room for', () => {
    expect(() => quantizationParameters({ granularities: ['axis'] })).toThrowError(/A tensor of \[\]/);
    expect(() => quantizationParameters({ dtype: 'bool' })).toThrowError(/No quantizer makes codes of bool/);
  });
});

describe('attributes', () => {
  it('are those of nodes of the operator, with what is fixed', () => {
    const names = new Set<string>();
    fc.assert(
      fc.property(attributes('MaxPool', { dims: [1, 1, 2, 2], fixed: { strides: [2, 2] } }), (made) => {
        for (const name of Object.keys(made)) names.add(name);
        expect(made['strides']).toEqual([2, 2]);
        expect((made['kernel_shape'] as readonly number[]).length).toBe(2);
      }),
      { numRuns: 100, seed: 1 },
    );
    expect([...names].sort()).toEqual([
      'auto_pad',
      'ceil_mode',
      'dilations',
      'kernel_shape',
      'pads',
      'strides',
    ]);
  });

  it('shrink to what the schema requires', () => {
    const { counterexample } = fc.check(
      fc.property(attributes('MaxPool'), () => false),
      { seed: 1 },
    );
    expect(Object.keys(counterexample![0] as object)).toEqual(['kernel_shape']);
  });

  it('are refused for dims that an operator cannot give', () => {
    expect(() => fc.sample(attributes('MaxPool', { dims: [] }), 1)).toThrowError(
      /No MaxPool of opset 21 .*\[\]/,
    );
  });
});

describe('disguises', () => {
  const branches = model`
    main (float[2] x) => (float[2] y) <float[2] c = {1, 2}, float[2] d = {3, 4}> {
      a = Add (x, c)
      b = Mul (x, d)
      e = Neg (b)
      y = Sub (a, e)
    }`;

  it('shuffled keeps the model and its order legal, and finds every order', () => {
    const orders = new Set(
      Array.from({ length: 100 }, (_, seed) => {
        const other = shuffled(branches, seed);
        expect(canonicalHash(other)).toBe(canonicalHash(branches));
        expect(validate(other)).toEqual([]);
        return other.graph.nodes.map(({ opType }) => opType).join();
      }),
    );
    // Add anywhere before Sub; Mul before Neg before Sub: three orders.
    expect([...orders].sort()).toEqual(['Add,Mul,Neg,Sub', 'Mul,Add,Neg,Sub', 'Mul,Neg,Add,Sub']);
  });

  it('renamed changes every name but those of the interface', () => {
    const other = renamed(branches);
    expect(canonicalHash(other)).toBe(canonicalHash(branches));
    expect(equalModels(other, branches)).toBe(false);
    expect(other.graph.initializers.map(({ name }) => name)).toEqual(['renamed_0', 'renamed_1']);
    expect(other.graph.nodes.map(({ outputs }) => outputs[0])).toEqual([
      'renamed_2',
      'renamed_3',
      'renamed_4',
      'y',
    ]);
  });

  it('renamed follows captures into subgraphs and avoids names that are taken', () => {
    const loop = model`
      main (bool c, float[1] renamed_0) => (float[1] y) <float[1] w = {1}> {
        h = Add (renamed_0, w)
        y = If (c) <
          then_branch = yes () => (float[1] t) { t = Neg (h) },
          else_branch = no () => (float[1] e) { e = Mul (h, w) }
        >
      }`;
    const other = renamed(loop);
    expect(validate(other)).toEqual([]);
    expect(canonicalHash(other)).toBe(canonicalHash(loop));
    expect(expectSameOutputs(loop, other).identical).toBe(true);
  });
});

describe('expectSameOutputs', () => {
  const one = model`main (float[2] x) => (float[2] y) { y = Neg (x) }`;
  const two = model`main (float[2] x) => (float[2] y) { y = Abs (x) }`;

  it('gives the report of equal models', () => expect(expectSameOutputs(one, one).identical).toBe(true));

  it('throws the report of models that differ', () => {
    expect(() => expectSameOutputs(one, two)).toThrowError(
      /First difference: y, made by Neg before, Abs after/,
    );
  });
});

describe('checkLaws', () => {
  it('finds nothing wrong with the TensorRT pipeline', () => {
    // What is judged by its noise is checked apart: on networks this small a single clamped value may be all of it.
    const pipeline = tensorrt({ unify: 'none' }).without('remove-dangling-dequantize');
    checkLaws(pipeline, qdqModels(), { runs: 60 });
    checkLaws(tensorrt({ unify: 'none' }), qdqModels(), { runs: 30, seed: 11 });
  });

  it('catches a rule that lies about being exact', () => {
    const drop = rule({ name: 'drop-every-pair', match: quantizePair(any('x')), rewrite: ({ x }) => x });
    expect(() => checkLaws(drop, qdqModels(), { seed: 1 })).toThrowError(
      /do not compute the same[\s\S]*The smallest model found:[\s\S]*QuantizeLinear/,
    );
  });

  it('catches a rule that writes nonsense', () => {
    const wrong = rule({
      name: 'half-relu',
      match: op.Relu(any('x')),
      effect: 'rounding',
      rewrite: ({ x }, build) => build.LeakyRelu(x, { alpha: 0.5 }),
    });
    expect(() => checkLaws(wrong, qdqModels(), { seed: 1 })).toThrowError(/do not compute the same/);
  });

  it('does not let a rule pass that was never applied', () => {
    const never = rule({ name: 'never', match: op.Sin(any('x')), rewrite: ({ x }) => x });
    expect(() => checkLaws(never, qdqModels(), { runs: 20 })).toThrowError(/only 0 were rewritten/);
  });
});
