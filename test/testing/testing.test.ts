import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash, equalModels, validate } from '../../src/analysis/index.ts';
import { any, op, quantizePair } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import { tensorrt } from '../../src/rules.ts';
import { model } from '../../src/serde/index.ts';
import {
  checkLaws,
  expectSameOutputs,
  qdqModels,
  renamed,
  shapes,
  shuffled,
  tensors,
} from '../../src/testing/index.ts';
import { verify } from '../../src/verify/index.ts';

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
  it.each(['float32', 'float16', 'int4', 'uint8', 'int64', 'uint64', 'bool'] as const)(
    'makes %s',
    (dtype) => {
      fc.assert(
        fc.property(
          shapes().chain((dims) => tensors(dtype, dims)),
          (made) => made.dtype === dtype && made.toTypedArray().length === made.size,
        ),
        { numRuns: 30 },
      );
    },
  );

  it('refuses strings', () => {
    expect(() => tensors('string', [])).toThrowError(expect.objectContaining({ code: 'no-arbitrary' }));
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
