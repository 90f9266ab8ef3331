import { tensor } from '../../../src/ir/index.ts';
import { any, constant, type NodeMatch, op, optional } from '../../../src/pattern/index.ts';
import { rule } from '../../../src/rewrite/index.ts';
import { foldedBias, gainsOf, unlessFixed } from '../../../src/rules/fuse/batch-norm.ts';
import { foldBatchNormIntoConv, foldBatchNormIntoQuantizedConv } from '../../../src/rules/index.ts';
import type { Exhibit } from './exhibit.ts';

const statistics = () =>
  [constant('gamma'), constant('beta'), constant('mean'), constant('variance')] as const;

const conv = op
  .Conv(any('x'), constant('w'), optional(constant('b')))
  .as('conv')
  .shared();

/** The folded convolution takes the place of both nodes: whoever read the convolution reads the batch norm. */
const foldUnderReaders = rule({
  name: 'fold-batch-norm-under-other-readers',
  effect: 'rounding',
  match: [op.BatchNormalization(conv, ...statistics()).as('norm'), conv],
  unless: ({ w, b, conv, norm, gamma, beta, mean, variance }) =>
    (w.dtype !== 'float32' && 'only float32 is folded') ||
    unlessFixed({ norm, gamma, beta, mean, variance }, conv, w.dims, b),
  rewrite({ x, w, b, conv, norm, gamma, beta, mean, variance }, build) {
    const batchNorm = { norm, gamma, beta, mean, variance };
    const gains = gainsOf(batchNorm);
    const area = w.size / w.dims[0]!;
    const weights = w.numbers().map((value, i) => gains[Math.floor(i / area)]! * value);
    const bias = foldedBias(batchNorm, b);
    const folded = build.copy(conv, [
      x,
      build.constant(tensor('float32', w.dims, weights)),
      build.constant(tensor('float32', [bias.length], bias)),
    ]);
    return [folded, folded];
  },
});

/** Signs and codes are negated in 8 bits, where −(−128) is −128. */
const foldIntoCodes = rule({
  name: 'fold-batch-norm-by-negating-codes',
  effect: 'rounding',
  match: op
    .BatchNormalization(
      op
        .Conv(
          any('x'),
          op.DequantizeLinear(constant('codes'), constant('scale'), constant('zero')).as('dequantize'),
          optional(constant('b')),
        )
        .as('conv'),
      ...statistics(),
    )
    .as('norm'),
  unless: ({ codes, scale, zero, b, conv, norm, gamma, beta, mean, variance }) =>
    (codes.dtype !== 'int8' && 'the codes are not int8') ||
    (scale.dtype !== 'float32' && 'only float32 scales are known') ||
    (scale.dims.length !== 0 && 'there are several scales') ||
    (zero.numbers().some((code) => code !== 0) && 'the zero point is not 0') ||
    unlessFixed({ norm, gamma, beta, mean, variance }, conv, codes.dims, b),
  rewrite({ x, codes, scale, b, dequantize, conv, norm, gamma, beta, mean, variance }, build) {
    const batchNorm = { norm, gamma, beta, mean, variance };
    const gains = gainsOf(batchNorm);
    const area = codes.size / codes.dims[0]!;
    const negated = Int8Array.from(codes.numbers(), (code, i) =>
      gains[Math.floor(i / area)]! < 0 ? -code : code,
    );
    const scales = gains.map((gain) => scale.numbers()[0]! * Math.abs(gain));
    const channels = [codes.dims[0]!];
    const weights = build.copy(
      dequantize,
      [
        build.constant(tensor('int8', codes.dims, negated)),
        build.constant(tensor('float32', channels, scales)),
        build.constant(tensor('int8', channels, new Int8Array(channels[0]!))),
      ],
      { axis: 0 },
    );
    const bias = build.constant(tensor('float32', channels, foldedBias(batchNorm, b)));
    return build.copy(conv, [x, weights, bias]);
  },
});

/** Gemm → BatchNormalization; `careful` scales what beta multiplies, too. */
const foldIntoGemm = (name: string, careful: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op
      .BatchNormalization(op.Gemm(any('a'), constant('w'), constant('c')).as('gemm'), ...statistics())
      .as('norm'),
    unless: ({ w, c, gemm, norm, gamma, beta, mean, variance }) => {
      if (w.dtype !== 'float32' || c.dtype !== 'float32') return 'only float32 is folded';
      if (norm.attributes.training_mode === 1 || norm.outputs.length > 1) return 'the batch norm is training';
      if ((norm.opset ?? 0) < 9) return 'older batch norms are another operator';
      const channels = w.dims[gemm.attributes.transB === 1 ? 0 : 1];
      if (c.dims.length !== 1 || c.size !== channels)
        return 'the bias is no list of a number for each channel';
      const facts = { norm, gamma, beta, mean, variance };
      if (gainsOf(facts).some((gain) => !Number.isFinite(gain))) return 'a gain is no finite number';
      return (
        [gamma, beta, mean, variance].some(({ dtype, size }) => dtype !== 'float32' || size !== channels) &&
        'statistics do not fit'
      );
    },
    rewrite({ a, w, c, gemm, norm, gamma, beta, mean, variance }, build) {
      const facts = { norm, gamma, beta, mean, variance };
      const gains = gainsOf(facts);
      const { beta: factor, transB } = gemm.attributes;
      const columns = w.dims[1]!;
      const weights = w
        .numbers()
        .map((value, i) => value * gains[transB === 1 ? Math.floor(i / columns) : i % columns]!);
      const shift = mean.numbers().map((m, i) => beta.numbers()[i]! - gains[i]! * m);
      const bias = c.numbers().map((value, i) => gains[i]! * (careful ? factor * value : value) + shift[i]!);
      const operands = [
        a,
        build.constant(tensor('float32', w.dims, weights)),
        build.constant(tensor('float32', c.dims, bias)),
      ];
      return build.copy(gemm, operands, careful ? { beta: 1 } : undefined);
    },
  });

/** Pad → Conv ⇒ Conv with the pads in it. */
const foldPad = (name: string, guarded: boolean) =>
  rule({
    name,
    match: op
      .Conv(
        op
          .Pad(any('x'), constant('pads'), optional(constant('value')))
          .as('pad')
          .opset(11),
        any('w'),
        optional(any('b')),
      )
      .as('conv'),
    unless: ({ pads, pad, value, conv }) => {
      const amounts = pads.numbers();
      const rank = amounts.length / 2;
      if (rank < 3) return 'there are no spatial axes';
      if ((pad.node.inputs[3] ?? '') !== '') return 'the axes are named';
      if (pad.attributes.mode !== 'constant') return 'the pad is no constant';
      if (conv.attributes.auto_pad !== 'NOTSET') return 'the convolution pads as it likes';
      if ([amounts[0], amounts[1], amounts[rank], amounts[rank + 1]].some((amount) => amount !== 0))
        return 'other axes are padded';
      if ((value?.numbers()[0] ?? 0) !== 0) return 'the pad is not zero';
      return guarded && amounts.some((amount) => amount < 0) && 'the pad cuts off';
    },
    rewrite({ x, w, b, pads, conv }, build) {
      const amounts = pads.numbers();
      const rank = amounts.length / 2;
      const spatial = [...amounts.slice(2, rank), ...amounts.slice(rank + 2)];
      const own = spatialPads(conv, rank - 2);
      return build.copy(conv, [x, w, b], { pads: spatial.map((amount, i) => Math.max(0, amount + own[i]!)) });
    },
  });

function spatialPads(conv: NodeMatch<'Conv'>, axes: number): readonly number[] {
  const { pads } = conv.attributes;
  return pads !== undefined && pads.length > 0 ? pads : new Array<number>(2 * axes).fill(0);
}

/** Arithmetic that is folded into weights and attributes where it does not fit. */
export const folds: readonly Exhibit[] = [
  {
    because: 'Somebody else reads the convolution, too.',
    wrong: foldUnderReaders,
    right: foldBatchNormIntoConv,
  },
  {
    because: 'Code −128 has no negative.',
    wrong: foldIntoCodes,
    right: foldBatchNormIntoQuantizedConv,
  },
  {
    because: 'Gemm multiplies its bias by beta, once more behind the fold.',
    wrong: foldIntoGemm('fold-batch-norm-into-any-gemm', false),
    right: foldIntoGemm('fold-batch-norm-into-gemm', true),
  },
  {
    because: 'A convolution cannot be padded by less than nothing.',
    wrong: foldPad('fold-any-pad-into-conv', false),
    right: foldPad('fold-pad-into-conv', true),
  },
];
