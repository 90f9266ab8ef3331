import { tensor } from '../../src/ir/index.ts';
import { any, constant, op } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

const half = rule({
  name: 'half-by-division',
  match: op.Cast(op.Mul(op.Cast(any('x')).with({ to: 1 }), constant('half'))).with({ to: 7 }),
  unless: ({ x, half }) =>
    (x.dtype !== 'int64' && 'not int64') ||
    ((half.size !== 1 || half.dims.length > 0 || half.numbers()[0] !== 0.5) && 'not a half'),
  rewrite: ({ x }, build) => build.Div(x, build.constant(tensor('int64', [], [2n]))),
});

const throughDouble = rule({
  name: 'int32-through-double',
  match: op
    .Cast(op.Cast(any('x')).with({ to: 11 }))
    .with({ to: 6 })
    .as('cast'),
  unless: ({ x, cast }) =>
    (x.dtype !== 'int32' && 'not int32') || (cast.output.isGraphOutput && 'it names an output'),
  rewrite: ({ x }) => x,
});

const throughHalf = rule({
  name: 'float-through-float16',
  match: op
    .Cast(op.Cast(any('x')).with({ to: 10 }))
    .with({ to: 1 })
    .as('cast'),
  unless: ({ x, cast }) =>
    (x.dtype !== 'float32' && 'not float32') || (cast.output.isGraphOutput && 'it names an output'),
  rewrite: ({ x }) => x,
});

const doubled = rule({
  name: 'x-plus-x-is-x',
  match: op.Add(any('x'), any('x')).as('add'),
  rewrite: ({ x }) => x,
});

const twice = rule({
  name: 'x-plus-x-is-twice-x',
  match: op.Add(any('x'), any('x')).as('add'),
  unless: ({ x }) => x.dtype !== 'float32' && 'not float32',
  rewrite: ({ x }, build) => build.Mul(x, build.constant(tensor('float32', [], [2]))),
});

const plusZero = rule({
  name: 'plus-zero-is-nothing',
  match: op.Add(any('x'), constant('zero')).as('add'),
  unless: ({ x, zero, add }) =>
    (x.dtype !== 'float32' && 'not float32') ||
    (String(x.dims) !== String(add.output.dims) && 'broadcast') ||
    (zero.numbers().some((value) => value !== 0) && 'not zero'),
  rewrite: ({ x }) => x,
});

const minusZero = rule({
  name: 'minus-zero-is-nothing',
  match: op.Add(any('x'), constant('zero')).as('add'),
  unless: ({ x, zero, add }) =>
    (x.dtype !== 'float32' && 'not float32') ||
    (String(x.dims) !== String(add.output.dims) && 'broadcast') ||
    (zero.numbers().some((value) => !Object.is(value, -0)) && 'not minus zero'),
  rewrite: ({ x }) => x,
});

const timesOne = rule({
  name: 'times-one-is-nothing',
  match: op.Mul(any('x'), constant('one')),
  unless: ({ one }) => one.numbers().some((value) => value !== 1) && 'not one',
  rewrite: ({ x }) => x,
});

const timesOneAlike = rule({
  name: 'times-one-of-the-same-shape',
  match: op.Mul(any('x'), constant('one')).as('mul'),
  unless: ({ x, one, mul }) =>
    (one.numbers().some((value) => value !== 1) && 'not one') ||
    ((x.dims === undefined || String(x.dims) !== String(mul.output.dims)) && 'broadcast'),
  rewrite: ({ x }) => x,
});

const byReciprocal = (name: string, effect: 'exact' | 'rounding') =>
  rule({
    name,
    effect,
    match: op.Div(any('x'), constant('d')),
    unless: ({ d }) => (d.dtype !== 'float32' || d.numbers().some((value) => value === 0)) && 'not float32',
    rewrite: ({ x, d }, build) =>
      build.Mul(
        x,
        build.constant(
          tensor(
            'float32',
            d.dims,
            d.numbers().map((value) => 1 / value),
          ),
        ),
      ),
  });

/** perm of one Transpose for two. */
const mergeTransposes = (
  name: string,
  compose: (outer: readonly number[], inner: readonly number[]) => readonly number[],
) =>
  rule({
    name,
    match: op.Transpose(op.Transpose(any('x')).as('inner')).as('outer'),
    unless: ({ inner, outer }) =>
      (inner.attributes.perm === undefined || outer.attributes.perm === undefined) &&
      'turned around by default',
    rewrite: ({ x, inner, outer }, build) =>
      build.copy(outer, [x], { perm: compose(outer.attributes.perm!, inner.attributes.perm!) }),
  });

const notLess = (name: string, by: 'Greater' | 'GreaterOrEqual') =>
  rule({
    name,
    match: op.Not(op.Less(any('a'), any('b'))).opset(12),
    rewrite: ({ a, b }, build) => build[by](a, b),
  });

const mergeClips = (name: string, looksAtOrder: boolean) =>
  rule({
    name,
    match: op.Clip(op.Clip(any('x'), constant('a'), constant('b')), constant('c'), constant('d')).as('clip'),
    unless: ({ a, b, c, d }) =>
      (a.dtype !== 'float32' && 'not float32') ||
      (looksAtOrder &&
        (a.numbers()[0]! > b.numbers()[0]! ||
          c.numbers()[0]! > d.numbers()[0]! ||
          c.numbers()[0]! > b.numbers()[0]! ||
          a.numbers()[0]! > d.numbers()[0]!) &&
        'the ranges lie apart'),
    rewrite({ x, a, b, c, d, clip }, build) {
      const scalar = (value: number) => build.constant(tensor('float32', [], [value]));
      const low = Math.max(a.numbers()[0]!, c.numbers()[0]!);
      return build.copy(clip, [x, scalar(low), scalar(Math.min(b.numbers()[0]!, d.numbers()[0]!))]);
    },
  });

const distributed = rule({
  name: 'distribute-multiplication',
  match: op.Mul(op.Add(any('a'), any('b')), any('k')),
  unless: ({ a, b, k }) =>
    (a.dtype !== 'float32' || String(a.dims) !== String(b.dims) || String(a.dims) !== String(k.dims)) &&
    'broadcast',
  rewrite: ({ a, b, k }, build) => build.Add(build.Mul(a, k), build.Mul(b, k)),
});

const doubleNegation = rule({
  name: 'negate-twice',
  match: op.Neg(op.Neg(any('x'))).as('neg'),
  unless: ({ neg }) => neg.output.isGraphOutput && 'it names an output',
  rewrite: ({ x }) => x,
});

/** Rules that are wrong about arithmetic. */
export const numberExhibits: readonly Exhibit[] = [
  { wrong: half, right: throughDouble, forgets: 'float32 does not hold every int64' },
  { wrong: throughHalf, right: throughDouble, forgets: 'float16 rounds' },
  { wrong: doubled, right: twice, forgets: 'the sum is twice as large' },
  { wrong: plusZero, right: minusZero, forgets: '−0 + 0 is +0' },
  {
    wrong: timesOne,
    right: timesOneAlike,
    forgets: 'a one of more dims makes x larger',
    breaks: ['types', 'runs', 'outputs', 'valid'],
  },
  {
    wrong: byReciprocal('divide-exactly-by-reciprocal', 'exact'),
    right: byReciprocal('divide-by-reciprocal', 'rounding'),
    forgets: 'reciprocals are rounded',
  },
  {
    wrong: mergeTransposes('compose-transposes-backwards', (outer, inner) =>
      inner.map((axis) => outer[axis]!),
    ),
    right: mergeTransposes('compose-transposes', (outer, inner) => outer.map((axis) => inner[axis]!)),
    forgets: 'permutations do not commute',
    breaks: ['types', 'outputs', 'runs', 'valid'],
  },
  {
    wrong: notLess('not-less-is-greater', 'Greater'),
    right: notLess('not-less-is-greater-or-equal', 'GreaterOrEqual'),
    forgets: 'equal numbers',
  },
  {
    wrong: mergeClips('merge-any-clips', false),
    right: mergeClips('merge-overlapping-clips', true),
    forgets: 'ranges may lie apart',
  },
  { wrong: distributed, right: doubleNegation, forgets: 'two products round twice' },
];
