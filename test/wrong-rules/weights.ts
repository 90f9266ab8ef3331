import { tensor } from '../../src/ir/index.ts';
import { any, type Constant, constant, op, optional } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import { foldBatchNormIntoConv, foldBatchNormIntoQuantizedConv } from '../../src/rules/index.ts';
import type { Exhibit } from './exhibit.ts';

const statistics = [constant('gamma'), constant('beta'), constant('mean'), constant('variance')] as const;

interface Norm {
  readonly gamma: Constant;
  readonly beta: Constant;
  readonly mean: Constant;
  readonly variance: Constant;
}

function gainsOf({ gamma, variance }: Norm, epsilon: number): readonly number[] {
  const [g, v] = [gamma.numbers(), variance.numbers()];
  return g.map((value, i) => value / Math.sqrt(v[i]! + epsilon));
}

function biasOf(
  { beta, mean }: Norm,
  gains: readonly number[],
  bias: Constant | undefined,
): readonly number[] {
  const [b, m, own] = [beta.numbers(), mean.numbers(), bias?.numbers()];
  return gains.map((gain, i) => gain * ((own?.[i] ?? 0) - m[i]!) + b[i]!);
}

/** Weights with each output channel (the first axis) scaled. */
function scaled(w: Constant, gains: readonly number[]) {
  const values = w.numbers();
  const each = values.length / gains.length;
  return tensor(
    'float32',
    w.dims,
    values.map((value, i) => value * gains[Math.floor(i / each)]!),
  );
}

const conv = op.Conv(any('x'), constant('w'), optional(constant('b'))).as('conv');

const secondReader = rule({
  name: 'fold-batch-norm-for-everyone',
  effect: 'rounding',
  match: [op.BatchNormalization(conv, ...statistics).as('norm'), conv],
  unless: ({ norm }) => (norm.attributes.training_mode ?? 0) !== 0 && 'in training',
  rewrite({ x, w, b, conv: old, norm, ...rest }, build) {
    const gains = gainsOf(rest, norm.attributes.epsilon);
    const weights = build.constant(scaled(w, gains));
    const bias = build.constant(tensor('float32', [gains.length], biasOf(rest, gains, b)));
    const folded = build.copy(old, [x, weights, bias]);
    return [folded, folded];
  },
});

const epsilonForgotten = rule({
  name: 'fold-batch-norm-without-epsilon',
  effect: 'rounding',
  match: op.BatchNormalization(conv, ...statistics).as('norm'),
  unless: ({ norm, w }) => ((norm.attributes.training_mode ?? 0) !== 0 || w.size === 0) && 'in training',
  rewrite({ x, w, b, conv: old, norm: _norm, ...rest }, build) {
    const gains = gainsOf(rest, 0);
    const bias = build.constant(tensor('float32', [gains.length], biasOf(rest, gains, b)));
    return build.copy(old, [x, build.constant(scaled(w, gains)), bias]);
  },
});

const negativeGain = rule({
  name: 'fold-negative-gain-into-codes',
  effect: 'rounding',
  match: op
    .BatchNormalization(
      op
        .Conv(
          any('x'),
          op.DequantizeLinear(constant('codes'), constant('scale'), constant('zero')).as('dequantize'),
        )
        .as('conv'),
      ...statistics,
    )
    .opset(13)
    .as('norm'),
  unless: ({ codes, zero, scale, norm }) =>
    ((norm.attributes.training_mode ?? 0) !== 0 && 'in training') ||
    (codes.dtype !== 'int8' && 'not int8') ||
    (zero.numbers().some((z) => z !== 0) && 'not symmetric') ||
    (scale.dims.length > 0 && 'several scales'),
  rewrite({ x, codes, scale, dequantize, conv: old, norm, ...rest }, build) {
    const gains = gainsOf(rest, norm.attributes.epsilon);
    const each = codes.size / gains.length;
    const flipped = codes
      .numbers()
      .map((code, i) => (gains[Math.floor(i / each)]! < 0 ? Math.min(127, -code) : code));
    const scales = gains.map((gain) => Math.abs(gain) * scale.numbers()[0]!);
    const weights = build.copy(
      dequantize,
      [
        build.constant(tensor('int8', codes.dims, flipped)),
        build.constant(tensor('float32', [gains.length], scales)),
        build.constant(
          tensor(
            'int8',
            [gains.length],
            gains.map(() => 0),
          ),
        ),
      ],
      { axis: 0 },
    );
    const bias = build.constant(tensor('float32', [gains.length], biasOf(rest, gains, undefined)));
    return build.copy(old, [x, weights, bias]);
  },
});

/** Gemm → BatchNormalization ⇒ Gemm */
function gemmNorm(name: string, looksAtBeta: boolean) {
  return rule({
    name,
    effect: 'rounding',
    match: op
      .BatchNormalization(
        op.Gemm(any('x'), constant('w'), constant('b')).with({ transB: 1 }).as('gemm'),
        ...statistics,
      )
      .as('norm'),
    unless: ({ gemm, b, w, norm }) =>
      ((norm.attributes.training_mode ?? 0) !== 0 && 'in training') ||
      (w.dtype !== 'float32' && 'not float32') ||
      ((b.dims.length !== 1 || b.dims[0] !== w.dims[0]) && 'a bias of other dims') ||
      (looksAtBeta && gemm.attributes.beta !== 1 && 'the bias is multiplied by beta'),
    rewrite({ x, w, b, gemm, norm, ...rest }, build) {
      const gains = gainsOf(rest, norm.attributes.epsilon);
      const bias = build.constant(tensor('float32', [gains.length], biasOf(rest, gains, b)));
      return build.copy(gemm, [x, build.constant(scaled(w, gains)), bias]);
    },
  });
}

/** Pad → Conv ⇒ Conv with pads */
function padIntoConv(name: string, looksAtSigns: boolean) {
  return rule({
    name,
    match: op
      .Conv(op.Pad(any('x'), constant('amounts')).opset(11).as('pad'), any('w'), optional(any('b')))
      .as('conv'),
    unless({ amounts, pad, conv: behind }) {
      const pads = amounts.numbers();
      const rank = pads.length / 2;
      if (pad.attributes.mode !== 'constant') return 'copies elements';
      if ((behind.attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') return 'pads by itself';
      if (pads.some((amount, i) => i % rank < 2 && amount !== 0)) return 'pads channels';
      return looksAtSigns && pads.some((amount) => amount < 0) && 'crops';
    },
    rewrite({ x, w, b, amounts, conv: old }, build) {
      const all = amounts.numbers();
      const rank = all.length / 2;
      const spatial = [...all.slice(2, rank), ...all.slice(rank + 2)];
      const before = old.attributes.pads ?? spatial.map(() => 0);
      return build.copy(old, [x, w, b], { pads: spatial.map((amount, i) => amount + before[i]!) });
    },
  });
}

const factor = op.Mul(op.Conv(any('x'), constant('w')).as('first'), constant('k'));

const sharedWeights = rule({
  name: 'scale-weights-where-they-are',
  effect: 'rounding',
  match: [factor, op.Conv(any('y'), constant('w')).as('second')],
  unless: ({ k, w }) => (k.size !== 1 || k.dims.length > w.dims.length) && 'not one factor',
  rewrite({ x, y, w, k, first, second }, build) {
    const edited = build.constant(
      tensor(
        'float32',
        w.dims,
        w.numbers().map((value) => value * k.numbers()[0]!),
      ),
    );
    return [build.copy(first, [x, edited]), build.copy(second, [y, edited])];
  },
});

const copiedWeights = rule({
  name: 'scale-a-copy-of-weights',
  effect: 'rounding',
  match: factor,
  unless: ({ k, w }) => (k.size !== 1 || k.dims.length > w.dims.length) && 'not one factor',
  rewrite: ({ x, w, k, first }, build) =>
    build.copy(first, [
      x,
      build.constant(
        tensor(
          'float32',
          w.dims,
          w.numbers().map((value) => value * k.numbers()[0]!),
        ),
      ),
    ]),
});

const poolPads = rule({
  name: 'pad-into-max-pool',
  match: op.MaxPool(op.Pad(any('x'), constant('amounts')).opset(11).as('pad')).as('pool'),
  unless: ({ amounts, pad, pool }) => {
    const pads = amounts.numbers();
    const rank = pads.length / 2;
    return (
      (pad.attributes.mode !== 'constant' && 'copies elements') ||
      (pool.outputs[1] !== undefined && 'gives indices') ||
      (pads.some((amount, i) => amount < 0 || (i % rank < 2 && amount !== 0)) && 'pads channels or crops') ||
      (pool.attributes.pads !== undefined && 'pads already')
    );
  },
  rewrite({ x, amounts, pool }, build) {
    const all = amounts.numbers();
    const rank = all.length / 2;
    return build.copy(pool, [x], { pads: [...all.slice(2, rank), ...all.slice(rank + 2)] });
  },
});

/** What happens to weights, biases and pads when operators are folded. */
export const weightExhibits: readonly Exhibit[] = [
  { wrong: secondReader, right: foldBatchNormIntoConv, forgets: 'somebody else reads the convolution' },
  { wrong: epsilonForgotten, right: foldBatchNormIntoConv, forgets: 'epsilon' },
  { wrong: negativeGain, right: foldBatchNormIntoQuantizedConv, forgets: '−128 has no opposite in int8' },
  {
    wrong: gemmNorm('fold-batch-norm-into-any-gemm', false),
    right: gemmNorm('fold-batch-norm-into-gemm', true),
    forgets: 'beta multiplies the bias',
  },
  {
    wrong: padIntoConv('any-pad-into-conv', false),
    right: padIntoConv('pad-into-conv', true),
    forgets: 'a pad may crop',
    breaks: ['outputs', 'valid', 'types', 'runs'],
  },
  { wrong: sharedWeights, right: copiedWeights, forgets: 'weights may be shared' },
  {
    wrong: poolPads,
    right: padIntoConv('pad-into-conv-again', true),
    forgets: 'a pool pads with minus infinity',
  },
];
