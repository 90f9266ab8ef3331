import { describe, it } from 'vitest';
import { type Tensor, tensor } from '../../src/ir/index.ts';
import type { PlainValue } from '../../src/ops/index.ts';
import { type Case, caseOf, expectSameWithSeeds, product, type Random } from './engine.ts';

/** Random nodes of transforms, losses, strings and attention, computed here and by ONNX Runtime. */

const whole64 = (...values: number[]) => tensor('int64', [values.length], values);
const scalar64 = (value: number) => tensor('int64', [], [value]);

function window(opType: string) {
  return (r: Random): Case => caseOf(opType, [scalar64(r.whole(3, 20))], { periodic: r.whole(0, 1) });
}

function loss(r: Random, scores: (dims: number[]) => Tensor) {
  const [batch, classes, length] = [r.whole(1, 3), r.whole(2, 5), r.whole(1, 4)];
  const labels = Array.from({ length: batch * length }, () => r.whole(0, classes - 1));
  const weight = tensor(
    'float32',
    [classes],
    Array.from({ length: classes }, () => 0.1 + r.next()),
  );
  const inputs = [
    scores([batch, classes, length]),
    tensor('int64', [batch, length], labels),
    r.pick([undefined, weight]),
  ];
  const attributes: Record<string, PlainValue> = { reduction: r.pick(['mean', 'sum', 'none']) };
  if (r.next() < 0.5) attributes['ignore_index'] = r.pick(labels);
  return { inputs, attributes };
}

function attention(r: Random): Case {
  const groups = r.whole(1, 2);
  const heads = groups * r.whole(1, 3);
  const [batch, queries, fresh, past] = [r.whole(1, 2), r.whole(1, 4), r.whole(1, 4), r.pick([0, 3])];
  const [size, width] = [r.whole(1, 5), r.whole(1, 5)];
  const keys = fresh + past;
  const flat = r.next() < 0.5;
  const shaped = (n: number, length: number, d: number) =>
    r.floats(flat ? [batch, length, n * d] : [batch, n, length, d]);
  const maskDims = r.pick([
    [queries, keys],
    [batch, 1, queries, keys],
    [1, heads, queries, keys],
  ]);
  const mask = r.pick([
    undefined,
    r.floats(maskDims),
    tensor(
      'bool',
      maskDims,
      // The first key is seen by every query.
      Array.from({ length: product(maskDims) }, (_, i) => i % keys === 0 || r.next() < 0.5),
    ),
  ]);
  const inputs = [
    shaped(heads, queries, size),
    shaped(groups, fresh, size),
    shaped(groups, fresh, width),
    mask,
    ...(past > 0 ? [r.floats([batch, groups, past, size]), r.floats([batch, groups, past, width])] : []),
  ];
  // A single query sees the keys behind it, too, in ONNX Runtime; the specification says it does not.
  const is_causal = past === 0 || queries > 1 ? r.whole(0, 1) : 0;
  // Where it forbids, ONNX Runtime adds the lowest float32, not −∞ as the specification; scores with a mask show that.
  const forbids = is_causal === 1 || mask?.dtype === 'bool';
  const attributes: Record<string, PlainValue> = {
    is_causal,
    softcap: r.pick([0, 1.5]),
    qk_matmul_output_mode: r.pick(forbids ? [0, 1, 3] : [0, 1, 2, 3]),
  };
  if (flat) Object.assign(attributes, { q_num_heads: heads, kv_num_heads: groups });
  if (r.next() < 0.5) attributes['scale'] = 0.3;
  return caseOf('Attention', inputs, attributes, {
    opset: r.pick([23, 24]),
    outputs: 4,
    floats: ['softcap', 'scale'],
  });
}

const makers: Record<string, (random: Random) => Case> = {
  DFT: (r) => {
    const [length, parts] = [r.whole(1, 12), r.whole(1, 2)];
    const inverse = r.whole(0, 1);
    const onesided = parts === 1 && inverse === 0 ? r.whole(0, 1) : 0;
    return caseOf(
      'DFT',
      [
        r.floats([2, length, 3, parts]),
        r.pick([undefined, scalar64(length + r.whole(-1, 2) || 1)]),
        scalar64(r.pick([1, -3])),
      ],
      { inverse, onesided },
    );
  },
  'DFT, the inverse of one side': (r) =>
    caseOf('DFT', [r.floats([1, r.whole(2, 6), 2]), undefined, scalar64(1)], { inverse: 1, onesided: 1 }),
  STFT: (r) => {
    const [samples, length] = [r.whole(12, 20), r.whole(3, 8)];
    return caseOf(
      'STFT',
      [
        r.floats([2, samples, 1]),
        scalar64(r.whole(1, 4)),
        r.pick([undefined, r.floats([length])]),
        scalar64(length),
      ],
      { onesided: r.whole(0, 1) },
    );
  },
  MelWeightMatrix: (r) =>
    caseOf('MelWeightMatrix', [
      scalar64(r.whole(2, 10)),
      scalar64(r.pick([16, 64, 100])),
      scalar64(8192),
      tensor('float32', [], [r.whole(0, 100)]),
      tensor('float32', [], [r.whole(1000, 4096)]),
    ]),
  HannWindow: window('HannWindow'),
  HammingWindow: window('HammingWindow'),
  BlackmanWindow: window('BlackmanWindow'),
  NegativeLogLikelihoodLoss: (r) => {
    const { inputs, attributes } = loss(r, (dims) => r.floats(dims));
    return caseOf('NegativeLogLikelihoodLoss', inputs, attributes);
  },
  SoftmaxCrossEntropyLoss: (r) => {
    const { inputs, attributes } = loss(r, (dims) => r.floats(dims));
    return caseOf('SoftmaxCrossEntropyLoss', inputs, attributes, { outputs: 2 });
  },
  MaxRoiPool: (r) => {
    const corners = Array.from({ length: 3 }, () => [
      r.whole(0, 1),
      r.whole(0, 6),
      r.whole(0, 6),
      r.whole(3, 15),
      r.whole(3, 15),
    ]).flat();
    return caseOf(
      'MaxRoiPool',
      [r.floats([2, 2, 8, 9]), tensor('float32', [3, 5], corners)],
      { pooled_shape: [r.whole(1, 3), r.whole(1, 4)], spatial_scale: r.pick([1, 0.5, 0.3]) },
      { floats: ['spatial_scale'] },
    );
  },
  StringNormalizer: (r) =>
    caseOf('StringNormalizer', [tensor('string', [4], ['Ab', 'cd', 'AB', 'eF'])], {
      locale: 'C',
      case_change_action: r.pick(['NONE', 'LOWER', 'UPPER']),
      is_case_sensitive: r.whole(0, 1),
      stopwords: r.pick([['ab'], ['AB', 'cd'], ['Ab']]),
    }),
  TfIdfVectorizer: (r) =>
    caseOf(
      'TfIdfVectorizer',
      [
        tensor(
          'int64',
          [2, 6],
          Array.from({ length: 12 }, () => r.whole(1, 4)),
        ),
      ],
      {
        mode: r.pick(['TF', 'IDF', 'TFIDF']),
        min_gram_length: r.whole(1, 2),
        max_gram_length: r.whole(2, 3),
        max_skip_count: r.whole(0, 2),
        ngram_counts: [0, 3, 7],
        ngram_indexes: [0, 1, 2, 3, 4, 5],
        pool_int64s: [1, 2, 3, 1, 2, 3, 3, 1, 2, 3],
        weights: [0.5, 1, 1.5, 2, 2.5, 3],
      },
      { floats: ['weights'] },
    ),
  Attention: attention,
  TensorScatter: (r) => {
    const mode = r.pick(['linear', 'circular']);
    const count = r.whole(1, 3);
    const last = mode === 'linear' ? 5 - count : 4;
    return caseOf(
      'TensorScatter',
      [r.floats([2, 3, 5, 2]), r.floats([2, 3, count, 2]), whole64(r.whole(0, last), r.whole(0, last))],
      { mode },
      { opset: 24 },
    );
  },
};

describe('beside ONNX Runtime', () => {
  it.each(Object.keys(makers))('%s', (name) => expectSameWithSeeds(name, makers[name]!, 16, 1e-5));
});
