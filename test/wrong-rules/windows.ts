import { tensor } from '../../src/ir/index.ts';
import type { OperatorAttributes } from '../../src/ops/index.ts';
import { any, anyOf, constant, op, optional } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

/** Two pools that move one by one ⇒ one pool with a larger window. */
const mergePools = (name: string, looks: { strides: boolean; pads: boolean; dilations: boolean }) =>
  rule({
    name,
    match: op
      .MaxPool(op.MaxPool(any('x')).as('inner'))
      .opset(12)
      .as('outer')
      .unless(({ outputs }) => outputs[1] !== undefined && 'indices'),
    unless: ({ inner, outer }) => {
      for (const { attributes: a, outputs } of [inner, outer]) {
        if (outputs[1] !== undefined) return 'indices';
        if (a.ceil_mode === 1 || (a.auto_pad ?? 'NOTSET') !== 'NOTSET') return 'uncommon';
        if (looks.strides && a.strides?.some((stride) => stride !== 1)) return 'strides';
        if (looks.pads && a.pads?.some((pad) => pad !== 0)) return 'pads';
        if (looks.dilations && a.dilations?.some((dilation) => dilation !== 1)) return 'dilations';
      }
      return false;
    },
    rewrite({ x, inner, outer }, build) {
      const kernel = inner.attributes.kernel_shape!.map((k, i) => k + outer.attributes.kernel_shape![i]! - 1);
      return build.MaxPool(x, { kernel_shape: kernel });
    },
  });

const strict = { strides: true, pads: true, dilations: true };

const padIntoPool = (name: string, operator: 'MaxPool' | 'AveragePool', counts: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: anyOf([operator], op.Pad(any('x'), constant('pads')).as('pad'))
      .opset(13)
      .as('pool'),
    unless: ({ pads, pad, pool }) => {
      const all = pads.numbers();
      if (pad.attributes.mode !== 'constant') return 'copies elements';
      if (all.length !== 8 || all.some((p) => p < 0)) return 'no image, or crops';
      if (all[0] !== 0 || all[1] !== 0 || all[4] !== 0 || all[5] !== 0) return 'pads channels';
      const a = pool.attributes as OperatorAttributes['AveragePool'];
      if (a.ceil_mode === 1 || (a.auto_pad ?? 'NOTSET') !== 'NOTSET') return 'uncommon';
      if (a.pads?.some((p) => p !== 0)) return 'pads already';
      if (pool.outputs[1] !== undefined) return 'indices';
      const k = a.kernel_shape!;
      if (all[2]! >= k[0]! || all[3]! >= k[1]! || all[6]! >= k[0]! || all[7]! >= k[1]!)
        return 'wider than the window';
      if (operator === 'AveragePool' && !counts && a.count_include_pad === 1) return 'counts';
      return false;
    },
    rewrite({ x, pads, pool }, build) {
      const all = pads.numbers();
      const own = [all[2]!, all[3]!, all[6]!, all[7]!];
      return build.copy(
        pool,
        [x],
        operator === 'MaxPool' ? { pads: own } : { pads: own, ...(counts ? { count_include_pad: 1 } : {}) },
      );
    },
  });

const padIntoConv = (name: string, order: readonly number[]) =>
  rule({
    name,
    effect: 'rounding',
    match: op
      .Conv(op.Pad(any('x'), constant('pads')).as('pad'), any('w'), optional(any('b')))
      .opset(13)
      .as('conv'),
    unless: ({ pads, pad, conv }) => {
      const all = pads.numbers();
      if (pad.attributes.mode !== 'constant') return 'copies elements';
      if (all.length !== 8 || all.some((p) => p < 0)) return 'no image, or crops';
      if (all[0] !== 0 || all[1] !== 0 || all[4] !== 0 || all[5] !== 0) return 'pads channels';
      if ((conv.attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') return 'pads itself';
      return conv.attributes.pads?.some((p) => p !== 0) && 'pads already';
    },
    rewrite({ x, w, b, pads, conv }, build) {
      const all = pads.numbers();
      return build.copy(conv, [x, w, b], { pads: order.map((i) => all[i]!) });
    },
  });

/** SAME padding of a pool written down. */
const samePads = (name: string, looksAtSide: boolean) =>
  rule({
    name,
    match: op.MaxPool(any('x')).opset(12).as('pool'),
    unless: ({ x, pool }) => {
      const a = pool.attributes;
      if (a.auto_pad !== 'SAME_UPPER' && a.auto_pad !== 'SAME_LOWER') return 'pads are given';
      if (x.rank === undefined || x.dims!.some((d) => typeof d !== 'number')) return 'no dims';
      if (a.dilations?.some((d) => d !== 1) || a.ceil_mode === 1) return 'uncommon';
      return pool.outputs[1] !== undefined && 'indices';
    },
    rewrite({ x, pool }, build) {
      const a = pool.attributes;
      const lengths = x.dims!.slice(2) as number[];
      const totals = lengths.map((length, i) => {
        const stride = a.strides?.[i] ?? 1;
        return Math.max(0, (Math.ceil(length / stride) - 1) * stride + a.kernel_shape![i]! - length);
      });
      const smaller = totals.map((total) => Math.floor(total / 2));
      const larger = totals.map((total, i) => total - smaller[i]!);
      const isLower = looksAtSide && a.auto_pad === 'SAME_LOWER';
      const pads = isLower ? [...larger, ...smaller] : [...smaller, ...larger];
      return build.copy(pool, [x], { auto_pad: undefined, pads });
    },
  });

const ceilDropped = (name: string, looksAtLengths: boolean) =>
  rule({
    name,
    match: op.MaxPool(any('x')).with({ ceil_mode: 1 }).as('pool'),
    unless: ({ pool }) => {
      if (pool.outputs[1] !== undefined) return 'indices';
      if (!looksAtLengths) return false;
      return pool.attributes.strides?.some((stride) => stride !== 1) && 'the last window may hang over';
    },
    rewrite: ({ x, pool }, build) => build.copy(pool, [x], { ceil_mode: 0 }),
  });

const pointwise = (name: string, isCareful: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Conv(any('x'), constant('w')).opset(13).as('conv'),
    unless: ({ x, w, conv }) => {
      const a = conv.attributes;
      if (x.rank !== 3 || w.dims[2] !== 1) return 'no pointwise convolution of a line';
      if (a.pads?.some((p) => p !== 0) || (a.auto_pad ?? 'NOTSET') !== 'NOTSET') return 'pads';
      if (a.group !== 1 && x.dims![1] !== w.dims[1]) return 'groups';
      return isCareful && a.strides?.some((stride) => stride !== 1) && 'skips';
    },
    rewrite: ({ x, w }, build) => build.MatMul(build.constant(w.tensor.withDims(w.dims.slice(0, 2))), x),
  });

const groupsForgotten = rule({
  name: 'one-group',
  effect: 'rounding',
  match: op.Conv(any('x'), constant('w'), optional(any('b'))).as('conv'),
  unless: ({ w, conv }) => (conv.attributes.group === 1 && 'one group') || (w.size === 0 && 'empty'),
  rewrite: ({ x, w, b, conv }, build) => build.copy(conv, [x, w, b], { group: 1 }),
});

const scaledConv = (name: string, axis: 0 | 1) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Mul(op.ConvTranspose(any('x'), constant('w')).as('conv'), constant('k')),
    unless: ({ w, k, conv }) =>
      (conv.attributes.group !== 1 && 'groups') ||
      ((k.dims.length !== 4 ||
        k.dims[0] !== 1 ||
        k.dims[2] !== 1 ||
        k.dims[3] !== 1 ||
        k.size !== w.dims[1]) &&
        'not one factor per channel'),
    rewrite({ x, w, k, conv }, build) {
      const [ins, outs, ...kernel] = w.dims;
      const each = kernel.reduce((a, b) => a * b, 1);
      const factors = k.numbers();
      const values = w.numbers().map((value, i) => {
        const channel = axis === 1 ? Math.floor(i / each) % outs! : Math.floor(i / (each * outs!));
        return value * (factors[channel] ?? 1);
      });
      return ins === undefined
        ? null
        : build.copy(conv, [x, build.constant(tensor('float32', w.dims, values))]);
    },
  });

const outputPadding = (name: string, looks: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.ConvTranspose(any('x'), any('w')).as('conv'),
    unless: ({ x, conv, w }) => {
      const a = conv.attributes;
      if (a.group !== 1 || x.rank !== 4 || (a.auto_pad ?? 'NOTSET') !== 'NOTSET') return 'no plain image';
      if (a.output_shape !== undefined || a.dilations?.some((d) => d !== 1)) return 'uncommon';
      if (w.dims?.[2] !== 1 || w.dims?.[3] !== 1) return 'a window';
      if (a.pads?.some((p) => p !== 0)) return 'crops';
      return (
        looks &&
        (a.strides?.some((s) => s !== 1) || a.output_padding?.some((p) => p !== 0)) &&
        'leaves room between'
      );
    },
    rewrite: ({ x, w }, build) => build.Conv(x, build.Transpose(w, { perm: [1, 0, 2, 3] })),
  });

/** Resize in whole steps ⇒ two repetitions. */
const resizeFloor = (name: string, looks: boolean) =>
  rule({
    name,
    match: op.Resize(any('x'), optional(any()), constant('scales')).opset(13).as('resize'),
    unless: ({ resize, scales }) => {
      const a = resize.attributes;
      if (a.mode !== 'nearest' || a.coordinate_transformation_mode !== 'asymmetric') return 'another mode';
      if (scales.size === 0 || scales.numbers().some((s) => s < 1 || !Number.isInteger(s)))
        return 'no whole steps';
      if (a.axes !== undefined) return 'axes';
      if (a.nearest_mode === 'floor') return 'as it should be';
      return (
        looks && a.nearest_mode !== 'floor' && scales.numbers().some((s) => s !== 1) && 'another neighbour'
      );
    },
    rewrite: ({ x, scales, resize }, build) =>
      build.copy(resize, [x, undefined, scales], { nearest_mode: 'floor' }),
  });

const poolCounts = (name: string, looks: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.AveragePool(any('x')).opset(11).as('pool'),
    unless: ({ pool }) =>
      ((pool.attributes.count_include_pad ?? 0) === 0 && 'does not count') ||
      (pool.attributes.ceil_mode === 1 && 'uncommon') ||
      ((pool.attributes.auto_pad ?? 'NOTSET') !== 'NOTSET' && 'pads itself') ||
      (looks && pool.attributes.pads?.some((p) => p !== 0) && 'pads'),
    rewrite: ({ x, pool }, build) => build.copy(pool, [x], { count_include_pad: 0 }),
  });

const normOfOnes = (name: string, looks: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op
      .BatchNormalization(
        any('x'),
        constant('gamma'),
        constant('beta'),
        constant('mean'),
        constant('variance'),
      )
      .opset(9)
      .as('norm'),
    unless: ({ norm, gamma, beta, mean, variance }) =>
      ((norm.attributes.training_mode ?? 0) !== 0 && 'in training') ||
      ((gamma.numbers().some((g) => g !== 1) || variance.numbers().some((v) => v !== 1)) && 'scales') ||
      ((beta.numbers().some((b) => b !== 0) || mean.numbers().some((m) => m !== 0)) && 'moves') ||
      (norm.output.isGraphOutput && 'it names an output') ||
      (looks && norm.attributes.epsilon > 1e-6 && 'epsilon'),
    rewrite: ({ x }) => x,
  });

const dropoutInTraining = (name: string, looks: boolean) =>
  rule({
    name,
    match: op
      .Dropout(any('x'), optional(any()), optional(constant('training')))
      .opset(12)
      .as('dropout'),
    unless: ({ dropout, training }) =>
      (dropout.outputs[1] !== undefined && 'its mask is read') ||
      (looks && training !== undefined && training.numbers()[0] !== 0 && 'in training'),
    rewrite: ({ x }) => x,
  });

/** Rules that are wrong about windows and images. */
export const windowExhibits: readonly Exhibit[] = [
  {
    wrong: mergePools('merge-pools-of-any-stride', { ...strict, strides: false }),
    right: mergePools('merge-pools', strict),
    forgets: 'strides',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: mergePools('merge-pools-of-any-dilation', { ...strict, dilations: false }),
    right: mergePools('merge-pools', strict),
    forgets: 'dilations',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: padIntoPool('pad-into-max-pool', 'MaxPool', true),
    right: padIntoPool('pad-into-counting-average', 'AveragePool', true),
    forgets: 'pools pad with nothing, not with zero',
  },
  {
    wrong: padIntoPool('pad-into-average', 'AveragePool', false),
    right: padIntoPool('pad-into-counting-average', 'AveragePool', true),
    forgets: 'pads are not counted',
  },
  {
    wrong: padIntoConv('pads-axis-by-axis', [2, 6, 3, 7]),
    right: padIntoConv('pad-into-conv', [2, 3, 6, 7]),
    forgets: 'pads of a convolution are begins, then ends',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: samePads('same-is-upper', false),
    right: samePads('same-pads', true),
    forgets: 'SAME_LOWER',
  },
  {
    wrong: ceilDropped('round-lengths-down', false),
    right: ceilDropped('round-whole-lengths', true),
    forgets: 'the last window',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: pointwise('any-pointwise-to-product', false),
    right: pointwise('pointwise-to-product', true),
    forgets: 'strides',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: groupsForgotten,
    right: padIntoConv('pad-into-conv', [2, 3, 6, 7]),
    forgets: 'weights of a group see its channels only',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: scaledConv('scale-inputs-of-transposed-conv', 0),
    right: scaledConv('scale-outputs-of-transposed-conv', 1),
    forgets: 'the second axis is that of the outputs',
  },
  {
    wrong: outputPadding('transposed-pointwise', false),
    right: outputPadding('plain-transposed-pointwise', true),
    forgets: 'strides and output_padding',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: resizeFloor('nearest-is-floor', false),
    right: resizeFloor('nothing-to-resize', true),
    forgets: 'nearest_mode',
  },
  {
    wrong: poolCounts('count-nothing', false),
    right: poolCounts('count-nothing-without-pads', true),
    forgets: 'pads count',
  },
  {
    wrong: normOfOnes('norm-of-ones', false),
    right: normOfOnes('norm-of-ones-without-epsilon', true),
    forgets: 'epsilon',
  },
  {
    wrong: dropoutInTraining('remove-any-dropout', false),
    right: dropoutInTraining('remove-idle-dropout', true),
    forgets: 'training',
  },
];
