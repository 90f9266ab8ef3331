import { dataTypeFromCode, tensor } from '../../src/ir/index.ts';
import { any, anyOf, type Constant, constant, op, optional } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

const scalar = (value: number) => tensor('float32', [], [value]);
const first = (one: Constant) => one.numbers()[0]!;

const maskToProduct = rule({
  name: 'where-to-product',
  match: op.Where(any('c'), any('x'), constant('zero')).as('where'),
  unless: ({ x, c, zero, where }) =>
    (x.dtype !== 'float32' && 'not float32') ||
    (zero.numbers().some((value) => !Object.is(value, 0)) && 'not zero') ||
    (String(where.output.dims) !== String(x.dims) &&
      String(where.output.dims) !== String(c.dims) &&
      'broadcast'),
  rewrite: ({ c, x }, build) => build.Mul(x, build.Cast(c, { to: 1 })),
});

const maskTurned = rule({
  name: 'where-not',
  match: op.Where(op.Not(any('c')), any('a'), any('b')).as('where'),
  rewrite: ({ c, a, b, where }, build) => build.copy(where, [c, b, a]),
});

const timesZero = rule({
  name: 'times-zero-is-zero',
  match: op.Mul(any('x'), constant('zero')).as('mul'),
  unless: ({ x, zero, mul }) =>
    (x.dtype !== 'float32' && 'not float32') ||
    (zero.numbers().some((value) => value !== 0) && 'not zero') ||
    (zero.size === 0 && 'empty') ||
    (String(mul.output.dims) !== String(zero.dims) && 'broadcast'),
  rewrite: ({ zero }) => zero,
});

const intZero = rule({
  name: 'integer-times-zero-is-zero',
  match: op.Mul(any('x'), constant('zero')).as('mul'),
  unless: ({ x, zero, mul }) =>
    (x.dtype !== 'int32' && 'not int32') ||
    (zero.numbers().some((value) => value !== 0) && 'not zero') ||
    (String(mul.output.dims) !== String(zero.dims) && 'broadcast') ||
    (mul.output.isGraphOutput && 'it names an output'),
  rewrite: ({ zero }) => zero,
});

const negatedDifference = rule({
  name: 'negated-difference',
  match: op.Neg(op.Sub(any('a'), any('b'))),
  rewrite: ({ a, b }, build) => build.Sub(b, a),
});

const swappedDifference = rule({
  name: 'difference-in-any-order',
  match: op.Abs(op.Sub(any('a'), any('b')).as('sub')).as('abs'),
  unless: ({ sub, abs }) => (sub.attributes.axis !== undefined || abs === undefined ? 'old' : false),
  effect: 'rounding',
  rewrite: ({ a, b }, build) => build.Sub(b, a),
});

const addNegative = rule({
  name: 'add-of-negative',
  match: op.Add(any('a'), op.Neg(any('b'))),
  rewrite: ({ a, b }, build) => build.Sub(a, b),
});

const thereAndBack = (name: string, factor: (k: number) => boolean) =>
  rule({
    name,
    match: op.Mul(op.Div(any('x'), constant('k')), constant('k')).as('mul'),
    unless: ({ x, k, mul }) =>
      (x.dtype !== 'float32' && 'not float32') ||
      ((k.dims.length > 0 || !factor(first(k))) && 'another factor') ||
      (mul.output.isGraphOutput && 'it names an output'),
    rewrite: ({ x }) => x,
  });

const halfPower = rule({
  name: 'half-power-is-root',
  match: op.Pow(any('x'), constant('p')),
  unless: ({ x, p }) => (x.dtype !== 'float32' || p.dims.length > 0 || first(p) !== 0.5) && 'not a half',
  rewrite: ({ x }, build) => build.Sqrt(x),
});

const firstPower = rule({
  name: 'first-power-is-nothing',
  match: op.Pow(any('x'), constant('p')).as('pow'),
  unless: ({ x, p, pow }) =>
    ((x.dtype !== 'float32' || p.dims.length > 0 || first(p) !== 1) && 'not one') ||
    (pow.output.isGraphOutput && 'it names an output'),
  rewrite: ({ x }) => x,
});

const rootOfSquare = rule({
  name: 'root-of-square-is-nothing',
  effect: 'rounding',
  match: op.Sqrt(op.Mul(any('x'), any('x'))).as('root'),
  unless: ({ x, root }) =>
    (x.dtype !== 'float32' && 'not float32') || (root.output.isGraphOutput && 'it names an output'),
  rewrite: ({ x }) => x,
});

const rootIsMagnitude = rule({
  name: 'root-of-square-is-magnitude',
  effect: 'rounding',
  match: op.Sqrt(op.Mul(any('x'), any('x'))),
  unless: ({ x }) => x.dtype !== 'float32' && 'not float32',
  rewrite: ({ x }, build) => build.Abs(x),
});

const castTwice = (name: string, between: number, from: string, to: number) =>
  rule({
    name,
    match: op
      .Cast(op.Cast(any('x')).with({ to: between }))
      .with({ to })
      .as('cast'),
    unless: ({ x, cast }) =>
      (x.dtype !== from && `not ${from}`) || (cast.output.isGraphOutput && 'it names an output'),
    rewrite: ({ x, cast }, build) => (x.dtype === dataTypeFromCode(to) ? x : build.copy(cast, [x])),
  });

const castToBool = castTwice('integer-through-bool', 9, 'int32', 6);
const castThroughByte = castTwice('byte-through-integer', 6, 'uint8', 2);

const slope = (name: string, looksAtSize: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.PRelu(any('x'), constant('slope')),
    unless: ({ x, slope: s }) =>
      (x.dtype !== 'float32' && 'not float32') ||
      (s.size === 0 && 'no slope') ||
      (looksAtSize && s.numbers().some((value) => value !== first(s)) && 'several slopes'),
    rewrite: ({ x, slope: s }, build) => build.LeakyRelu(x, { alpha: first(s) }),
  });

const leakyTwice = (name: string, looksAtSign: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Relu(op.LeakyRelu(any('x')).as('leaky')).as('relu'),
    unless: ({ leaky }) => looksAtSign && leaky.attributes.alpha < 0 && 'turns negative numbers around',
    rewrite: ({ x, relu }, build) => build.copy(relu, [x]),
  });

const hardSwish = (name: string, looksAtAlpha: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Mul(any('x'), op.HardSigmoid(any('x')).as('hard')).opset(14),
    unless: ({ x, hard }) =>
      (x.dtype !== 'float32' && 'not float32') ||
      (looksAtAlpha && Math.abs(hard.attributes.alpha - 1 / 6) > 1e-6 && 'another slope') ||
      (hard.attributes.beta !== 0.5 && 'another offset'),
    rewrite: ({ x }, build) => build.HardSwish(x),
  });

/** Bounds by Max and Min ⇒ Clip. */
const bounds = (name: string, looksAtOrder: boolean) =>
  rule({
    name,
    match: op
      .Max(op.Min(any('x'), constant('high')).ordered(), constant('low'))
      .ordered()
      .opset(13),
    unless: ({ x, low, high }) =>
      (x.dtype !== 'float32' && 'not float32') ||
      ((low.dims.length > 0 || high.dims.length > 0) && 'several bounds') ||
      ((first(low) === 0 || first(high) === 0) && 'zeros have signs') ||
      (looksAtOrder && first(low) > first(high) && 'the bounds are the wrong way around'),
    rewrite: ({ x, low, high }, build) => build.Clip(x, low, high),
  });

const reluOfClip = (name: string, looksAtOrder: boolean) =>
  rule({
    name,
    match: op.Relu(op.Clip(any('x'), constant('low'), constant('high')).as('clip')),
    unless: ({ low, high }) =>
      (first(low) <= 0 && 'below zero') ||
      (looksAtOrder && first(high) < first(low) && 'the upper bound wins'),
    rewrite: ({ x, low, high, clip }, build) => build.copy(clip, [x, low, high]),
  });

const clipToRelu = (name: string, looksAtMost: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op
      .Clip(any('x'), constant('low'), optional(constant('high')))
      .opset(11)
      .as('clip'),
    unless: ({ x, low, high }) =>
      (x.dtype !== 'float32' && 'not float32') ||
      (!Object.is(first(low), 0) && 'another bound') ||
      (looksAtMost && high !== undefined && 'bounded above'),
    rewrite: ({ x }, build) => build.Relu(x),
  });

const sameSize = (name: string, monotone: 'Sigmoid' | 'Neg') =>
  rule({
    name,
    match: op
      .ArgMax(anyOf([monotone], any('x')))
      .opset(13)
      .as('arg'),
    rewrite: ({ x, arg }, build) =>
      monotone === 'Neg'
        ? build.ArgMin(x, {
            axis: arg.attributes.axis,
            keepdims: arg.attributes.keepdims,
            select_last_index: arg.attributes.select_last_index,
          })
        : build.copy(arg, [x]),
  });

const best = (name: string, looksAtEnd: boolean) =>
  rule({
    name,
    match: op
      .Cast(op.TopK(any('x'), constant('k')).opset(11).as('top').output(1))
      .with({ to: 6 })
      .as('cast'),
    unless: ({ k, top }) =>
      (first(k) !== 1 && 'more than one') ||
      (top.outputs[0] !== undefined && top.outputs[0].readers.length > 0 && 'the values are read') ||
      (top.outputs[0]?.isGraphOutput && 'the values are read') ||
      (looksAtEnd && top.attributes.largest !== 1 && 'the least'),
    rewrite: ({ x, top, cast }, build) =>
      build.copy(cast, [build.ArgMax(x, { axis: top.attributes.axis, keepdims: 1 })]),
  });

const addThenAdd = (name: string, effect: 'exact' | 'rounding') =>
  rule({
    name,
    effect,
    match: op.Add(op.Add(any('x'), constant('a')), constant('b')),
    unless: ({ x, a, b }) =>
      (x.dtype !== 'float32' && 'not float32') ||
      ((a.dims.length > 0 || b.dims.length > 0) && 'several numbers'),
    rewrite: ({ x, a, b }, build) => build.Add(x, build.constant(scalar(first(a) + first(b)))),
  });

const orderOfProduct = (name: string, isTurned: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Transpose(op.MatMul(any('a'), any('b'))).with({ perm: [1, 0] }),
    unless: ({ a, b }) => (a.rank !== 2 || b.rank !== 2) && 'not two matrices',
    rewrite: ({ a, b }, build) => {
      const [at, bt] = [a, b].map((x) => build.Transpose(x, { perm: [1, 0] }));
      return isTurned ? build.MatMul(bt, at) : build.MatMul(at, bt);
    },
  });

const gemmOf = (name: string, looksAtBias: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op
      .Add(op.MatMul(any('a'), any('b')).as('product'), any('c'))
      .opset(13)
      .as('add'),
    unless: ({ a, b, c, product, add }) =>
      ((a.rank !== 2 || b.rank !== 2 || a.dtype !== 'float32') && 'not two matrices') ||
      (c.rank !== undefined && c.rank > 2 && 'more axes') ||
      (looksAtBias && String(product.output.dims) !== String(add.output.dims) && 'the bias is larger'),
    rewrite: ({ a, b, c }, build) => build.Gemm(a, b, c),
  });

const transposeIntoGemm = (name: string, flips: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Gemm(any('a'), op.Transpose(any('b')).with({ perm: [1, 0] }), optional(any('c'))).as('gemm'),
    rewrite: ({ a, b, c, gemm }, build) =>
      build.copy(gemm, [a, b, c], { transB: flips ? 1 - gemm.attributes.transB : 1 }),
  });

const gemmParts = (name: string, part: 'alpha' | 'beta' | 'none') =>
  rule({
    name,
    effect: 'rounding',
    match: op.Gemm(any('a'), any('b'), any('c')).opset(13).as('gemm'),
    unless: ({ gemm, c }) => {
      const { transA, transB, alpha, beta } = gemm.attributes;
      return (
        ((transA !== 0 || transB !== 0) && 'transposed') ||
        (c.rank === undefined && 'no rank') ||
        (part !== 'alpha' && alpha !== 1 && 'scaled') ||
        (part !== 'beta' && beta !== 1 && 'scaled')
      );
    },
    rewrite: ({ a, b, c }, build) => build.Add(build.MatMul(a, b), c),
  });

const einsumToProduct = (name: string, looksAtEquation: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.Einsum(any('a'), any('b')).opset(13).as('sum'),
    unless: ({ a, b, sum }) =>
      ((a.rank !== 2 || b.rank !== 2) && 'not two matrices') ||
      (looksAtEquation && sum.attributes.equation !== 'ij,jk->ik' && 'another product'),
    rewrite: ({ a, b }, build) => build.MatMul(a, b),
  });

const roundToFloor = (name: string, right: boolean) =>
  rule({
    name,
    match: right
      ? op
          .Floor(op.Round(any('x')))
          .opset(11)
          .as('outer')
      : op.Round(any('x')).opset(11).as('outer'),
    unless: ({ x }) => x.dtype !== 'float32' && 'not float32',
    rewrite: ({ x, outer }, build) =>
      right ? build.Round(x) : (build.Floor(build.Add(x, build.constant(scalar(0.5)))) ?? outer.output),
  });

const cumSumTwice = (name: string, looksAtKind: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.CumSum(op.Neg(any('x')), any('axis')).as('sum'),
    rewrite: ({ x, axis, sum }, build) =>
      build.Neg(looksAtKind ? build.copy(sum, [x, axis]) : build.CumSum(x, axis)),
  });

const divideIntegers = (name: string, exact: boolean) =>
  rule({
    name,
    match: op.Mul(op.Div(any('x'), constant('k')), constant('k')).as('mul'),
    unless: ({ x, k, mul }) =>
      (x.dtype !== 'int32' && 'not int32') ||
      (k.dims.length > 0 && 'several') ||
      (exact && Math.abs(first(k)) !== 1 && 'a remainder is lost') ||
      (mul.output.isGraphOutput && 'it names an output'),
    rewrite: ({ x }) => x,
  });

const notNumber = (name: string, isInf: boolean) =>
  rule({
    name,
    match: op.Not(op.Equal(any('a'), any('b'))).opset(13),
    rewrite: ({ a, b }, build) =>
      isInf ? build.Greater(a, b) : build.Or(build.Greater(a, b), build.Less(a, b)),
    unless: ({ a }) => a.dtype !== 'float32' && a.dtype !== 'int32' && 'other types',
  });

/** Rules that are wrong about numbers in ways of their own. */
export const arithmeticExhibits: readonly Exhibit[] = [
  { wrong: maskToProduct, right: maskTurned, forgets: 'a negative number times zero is −0' },
  { wrong: timesZero, right: intZero, forgets: 'a negative number times zero is −0' },
  { wrong: negatedDifference, right: addNegative, forgets: 'zero gets a sign' },
  { wrong: swappedDifference, right: addNegative, forgets: 'differences have a sign' },
  {
    wrong: thereAndBack('divide-and-multiply', (k) => k !== 0),
    right: thereAndBack('divide-and-multiply-by-one', (k) => k === 1 || k === -1),
    forgets: 'quotients are rounded',
  },
  { wrong: halfPower, right: firstPower, forgets: 'the root of −0 is −0' },
  { wrong: rootOfSquare, right: rootIsMagnitude, forgets: 'the square loses the sign' },
  { wrong: castToBool, right: castThroughByte, forgets: 'bool has two values' },
  {
    wrong: castTwice('integer-through-byte', 3, 'int32', 6),
    right: castThroughByte,
    forgets: 'int8 wraps around',
  },
  {
    wrong: castTwice('float-through-integer', 6, 'float32', 1),
    right: castTwice('half-through-float', 1, 'float16', 10),
    forgets: 'a fraction is lost',
  },
  {
    wrong: castTwice('byte-through-signed-byte', 3, 'uint8', 6),
    right: castTwice('byte-through-integer-to-int64', 6, 'uint8', 7),
    forgets: 'codes from 128 are negative as int8',
  },
  {
    wrong: slope('slope-of-the-first', false),
    right: slope('one-slope', true),
    forgets: 'channels have slopes of their own',
  },
  {
    wrong: leakyTwice('relu-of-any-leaky', false),
    right: leakyTwice('relu-of-leaky', true),
    forgets: 'a slope may be negative',
  },
  {
    wrong: hardSwish('hard-swish-of-any-slope', false),
    right: hardSwish('hard-swish', true),
    forgets: 'the slope',
  },
  {
    wrong: bounds('bounds-to-clip', false),
    right: bounds('ordered-bounds-to-clip', true),
    forgets: 'bounds the wrong way around',
  },
  {
    wrong: reluOfClip('relu-of-clip', false),
    right: reluOfClip('relu-of-ordered-clip', true),
    forgets: 'the upper bound wins',
  },
  {
    wrong: clipToRelu('clip-to-relu', false),
    right: clipToRelu('unbounded-clip-to-relu', true),
    forgets: 'the upper bound',
  },
  {
    wrong: sameSize('largest-before-sigmoid', 'Sigmoid'),
    right: sameSize('least-of-negative', 'Neg'),
    forgets: 'two numbers may have one sigmoid',
  },
  {
    wrong: best('best-to-arg-max', false),
    right: best('largest-to-arg-max', true),
    forgets: 'TopK may look for the least',
  },
  {
    wrong: addThenAdd('add-once-exactly', 'exact'),
    right: addThenAdd('add-once', 'rounding'),
    forgets: 'each sum rounds',
  },
  {
    wrong: orderOfProduct('transpose-factors', false),
    right: orderOfProduct('transpose-and-turn-factors', true),
    forgets: 'factors change places',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: gemmOf('any-bias-into-gemm', false),
    right: gemmOf('bias-into-gemm', true),
    forgets: 'a bias may be larger than the product',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: transposeIntoGemm('set-trans-b', false),
    right: transposeIntoGemm('flip-trans-b', true),
    forgets: 'two transposes are none',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: gemmParts('gemm-without-alpha', 'alpha'),
    right: gemmParts('plain-gemm', 'none'),
    forgets: 'alpha',
  },
  { wrong: gemmParts('gemm-without-beta', 'beta'), right: gemmParts('plain-gemm', 'none'), forgets: 'beta' },
  {
    wrong: einsumToProduct('einsum-is-product', false),
    right: einsumToProduct('einsum-of-product', true),
    forgets: 'the equation',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: roundToFloor('round-halves-up', false),
    right: roundToFloor('floor-of-round', true),
    forgets: 'halves go to even',
  },
  {
    wrong: cumSumTwice('running-sum', false),
    right: cumSumTwice('same-running-sum', true),
    forgets: 'exclusive and reverse',
  },
  {
    wrong: divideIntegers('divide-integers-and-back', false),
    right: divideIntegers('divide-by-one-and-back', true),
    forgets: 'the remainder',
  },
  {
    wrong: notNumber('not-equal-is-greater', true),
    right: notNumber('greater-or-less', false),
    forgets: 'less',
  },
];
