import { tensor } from '../../src/ir/index.ts';
import { any, type Constant, constant, each, op, optional } from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

const int64s = (values: readonly number[]) => tensor('int64', [values.length], values.map(BigInt));

const mergeSqueezes = (name: string, merge: (inner: number, outer: number) => readonly number[]) =>
  rule({
    name,
    match: op
      .Squeeze(op.Squeeze(any('x'), constant('a')), constant('b'))
      .opset(13)
      .as('squeeze'),
    unless: ({ x, a, b }) =>
      (a.size !== 1 || b.size !== 1 || x.rank === undefined) && 'more than one axis at a time',
    rewrite({ x, a, b, squeeze }, build) {
      const inner = (a.numbers()[0]! + x.rank!) % x.rank!;
      const outer = (b.numbers()[0]! + x.rank! - 1) % (x.rank! - 1);
      return build.copy(squeeze, [x, build.constant(int64s(merge(inner, outer)))]);
    },
  });

const undoUnsqueeze = (name: string, isSame: (a: number, b: number, rank: number) => boolean) =>
  rule({
    name,
    match: op
      .Squeeze(op.Unsqueeze(any('x'), constant('a')), constant('b'))
      .opset(13)
      .as('squeeze'),
    unless: ({ x, a, b }) =>
      ((a.size !== 1 || b.size !== 1 || x.rank === undefined) && 'more than one axis at a time') ||
      (!isSame(a.numbers()[0]!, b.numbers()[0]!, x.rank!) && 'another axis'),
    rewrite: ({ x }) => x,
  });

const reshapeOnce = (name: string, mayCopy: boolean) =>
  rule({
    name,
    match: op
      .Reshape(op.Reshape(any('x'), any('first')), constant('shape'))
      .opset(13)
      .as('reshape'),
    unless: ({ shape, reshape }) =>
      (reshape.attributes.allowzero === 1 && 'a length of zero') ||
      (!mayCopy && shape.numbers().includes(0) && 'a zero copies a length of what is left out'),
    rewrite: ({ x, shape, reshape }, build) => build.copy(reshape, [x, shape]),
  });

const flattenToReshape = (name: string, looksAtAxis: boolean) =>
  rule({
    name,
    match: op.Flatten(any('x')).opset(13).as('flatten'),
    unless: ({ x, flatten }) =>
      ((x.rank ?? 0) < 2 && 'nothing to merge') ||
      (x.dims!.includes(0) && 'empty') ||
      (looksAtAxis && flatten.attributes.axis !== 1 && 'another axis'),
    rewrite: ({ x }, build) => build.Reshape(x, build.constant(int64s([0, -1]))),
  });

const gatherToSlice = (name: string, takesNegative: boolean) =>
  rule({
    name,
    match: op.Gather(any('x'), constant('index')).opset(13).as('gather'),
    unless: ({ index, gather }) =>
      ((index.size !== 1 || index.dims.length !== 1) && 'not one index') ||
      (gather.attributes.axis < 0 && 'counted from the back') ||
      (!takesNegative && index.numbers()[0]! < 0 && 'counted from the back'),
    rewrite({ x, index, gather }, build) {
      const [from, axis] = [index.numbers()[0]!, gather.attributes.axis];
      const [starts, ends, axes] = [[from], [from + 1], [axis]].map((part) => build.constant(int64s(part)));
      return build.Slice(x, starts, ends, axes);
    },
  });

const gatherEverything = (name: string, looksAtLength: boolean) =>
  rule({
    name,
    match: op.Gather(any('x'), constant('indices')).opset(13).as('gather'),
    unless: ({ x, indices, gather }) => {
      if (indices.dims.length !== 1) return 'not a list';
      if (indices.numbers().some((index, i) => index !== i)) return 'not in order';
      const { axis } = gather.attributes;
      const length = x.dims?.at(axis);
      return looksAtLength && length !== indices.size && 'some are left out';
    },
    rewrite: ({ x }) => x,
  });

const mergeGathers = (name: string, order: 'inner' | 'outer') =>
  rule({
    name,
    match: op
      .Gather(op.Gather(any('x'), constant('i')).with({ axis: 0 }), constant('j'))
      .with({ axis: 0 })
      .opset(13)
      .as('gather'),
    unless: ({ i, j }) =>
      (i.dims.length !== 1 || j.dims.length !== 1 || [...i.numbers(), ...j.numbers()].some((k) => k < 0)) &&
      'not two lists',
    rewrite({ x, i, j, gather }, build) {
      const [a, b] = order === 'inner' ? [i, j] : [j, i];
      const picked = b.numbers().map((k) => a.numbers()[k] ?? 0);
      return build.copy(gather, [x, build.constant(int64s(picked))]);
    },
  });

const transposeTwice = (name: string, looksAtPerms: boolean) =>
  rule({
    name,
    match: op.Transpose(op.Transpose(any('x')).as('inner')).as('outer'),
    unless: ({ inner, outer }) => {
      const [p, q] = [inner.attributes.perm, outer.attributes.perm];
      if (p === undefined || q === undefined) return p !== q && 'one of them turns everything around';
      if (!looksAtPerms) return String(p) !== String(q) && 'two permutations';
      return q.some((axis, i) => p[axis] !== i) && 'together they move something';
    },
    rewrite: ({ x }) => x,
  });

const transposeBehind = (
  name: string,
  place: (axis: number, perm: readonly number[]) => number,
  since = 13,
) =>
  rule({
    name,
    effect: 'rounding',
    match: op
      .Softmax(op.Transpose(any('x')).as('transpose'))
      .opset(since)
      .as('soft'),
    unless: ({ transpose }) => transpose.attributes.perm === undefined && 'turned around by default',
    rewrite({ x, transpose, soft }, build) {
      const perm = transpose.attributes.perm!;
      const axis = (soft.attributes.axis + perm.length) % perm.length;
      return build.copy(transpose, [build.explicit(soft, [x], { axis: place(axis, perm) })]);
    },
  });

const transposeBehindReduce = (name: string, place: (axis: number, perm: readonly number[]) => number) =>
  rule({
    name,
    match: op
      .ReduceMax(op.Transpose(any('x')).as('transpose'), constant('axes'))
      .opset(18)
      .with({ keepdims: 1 })
      .as('reduce'),
    unless: ({ transpose, axes }) =>
      (transpose.attributes.perm === undefined && 'turned around by default') ||
      (axes.size === 0 && 'every axis'),
    rewrite({ x, transpose, axes, reduce }, build) {
      const perm = transpose.attributes.perm!;
      const moved = axes.numbers().map((axis) => place((axis + perm.length) % perm.length, perm));
      return build.copy(transpose, [build.copy(reduce, [x, build.constant(int64s(moved))])]);
    },
  });

const concatOfConcat = (name: string, looksAtAxis: boolean) =>
  rule({
    name,
    match: op.Concat(op.Concat(any('a'), any('b')).as('inner'), any('c')).as('outer'),
    unless: ({ inner, outer, c }) => {
      const at = (axis: number) => (axis + c.rank!) % c.rank!;
      if (c.rank === undefined) return 'no rank';
      return looksAtAxis && at(inner.attributes.axis) !== at(outer.attributes.axis) && 'two axes';
    },
    rewrite: ({ a, b, c, outer }, build) => build.copy(outer, [a, b, c]),
  });

const concatOfSplit = (name: string, looksAtAxis: boolean) =>
  rule({
    name,
    match: (() => {
      const split = op.Split(any('x'), optional(any())).as('split');
      return op.Concat(split, split.output(1)).as('concat');
    })(),
    unless: ({ x, split, concat }) => {
      if (split.outputs.length !== 2) return 'more than two parts';
      if (x.rank === undefined) return 'no rank';
      const [a, b] = [split.attributes.axis, concat.attributes.axis].map(
        (axis) => (axis + x.rank!) % x.rank!,
      );
      return looksAtAxis && a !== b && 'two axes';
    },
    rewrite: ({ x }) => x,
  });

const concatOfSplitTurned = rule({
  name: 'parts-in-any-order',
  match: (() => {
    const split = op.Split(any('x'), optional(any())).as('split');
    return op.Concat(split.output(1), split).as('concat');
  })(),
  unless: ({ x, split, concat }) => {
    if (split.outputs.length !== 2) return 'more than two parts';
    if (x.rank === undefined) return 'no rank';
    const [a, b] = [split.attributes.axis, concat.attributes.axis].map((axis) => (axis + x.rank!) % x.rank!);
    return a !== b && 'two axes';
  },
  rewrite: ({ x }) => x,
});

const wholeSlice = (name: string, looksAtSteps: boolean) =>
  rule({
    name,
    match: op
      .Slice(
        any('x'),
        constant('starts'),
        constant('ends'),
        optional(constant('axes')),
        optional(constant('steps')),
      )
      .opset(10)
      .as('slice'),
    unless: ({ x, starts, ends, axes, steps, slice }) => {
      if (looksAtSteps) {
        if (steps?.numbers().some((step) => step !== 1)) return 'it skips or turns around';
        return String(x.dims) !== String(slice.output.dims) && 'something goes';
      }
      const count = starts.size;
      const at = axes?.numbers() ?? Array.from({ length: count }, (_, i) => i);
      const dims = at.map((axis) => x.dims?.at(axis));
      return String(dims) !== String(at.map((axis) => slice.output.dims?.at(axis))) || ends.size !== count
        ? 'something goes'
        : false;
    },
    rewrite: ({ x }) => x,
  });

const sliceTwice = (name: string, movesEnd: boolean) =>
  rule({
    name,
    match: op
      .Slice(
        op.Slice(any('x'), constant('s1'), constant('e1'), constant('axis1')),
        constant('s2'),
        constant('e2'),
        constant('axis2'),
      )
      .opset(13)
      .as('slice'),
    unless: ({ axis1, axis2, s1, e1, s2, e2, slice }) =>
      ((axis1.size !== 1 || axis2.size !== 1 || axis1.numbers()[0] !== axis2.numbers()[0]) && 'two axes') ||
      (slice.output.dims?.includes(0) && 'nothing is left') ||
      ([s1, e1, s2, e2].some((part) => part.numbers()[0]! < 0) && 'counted from the back'),
    rewrite({ x, s1, e1, s2, e2, axis2, slice }, build) {
      const [a, b, c, d] = [s1, e1, s2, e2].map((part) => part.numbers()[0]!) as [
        number,
        number,
        number,
        number,
      ];
      const start = build.constant(int64s([a + c]));
      const end = build.constant(int64s([movesEnd ? Math.min(b, a + d) : Math.min(b, d)]));
      return build.copy(slice, [x, start, end, axis2]);
    },
  });

const mergePads = (name: string, isCareful: boolean) =>
  rule({
    name,
    match: op
      .Pad(
        op.Pad(any('x'), constant('p'), optional(constant('v'))).as('inner'),
        constant('q'),
        optional(constant('w')),
      )
      .opset(13)
      .as('outer'),
    unless: ({ p, q, v, w, inner, outer }) =>
      (p.size !== q.size && 'other axes') ||
      (isCareful &&
        (((inner.attributes.mode !== 'constant' || outer.attributes.mode !== 'constant') &&
          'copies elements') ||
          ([...p.numbers(), ...q.numbers()].some((pad) => pad < 0) && 'crops') ||
          (!Object.is(v?.numbers()[0] ?? 0, w?.numbers()[0] ?? 0) && 'two numbers'))),
    rewrite({ x, p, q, w, outer }, build) {
      const both = p.numbers().map((pad, i) => pad + q.numbers()[i]!);
      return build.copy(outer, [x, build.constant(int64s(both)), w]);
    },
  });

const noPad = (name: string, count: (pads: readonly number[]) => readonly number[]) =>
  rule({
    name,
    match: op.Pad(any('x'), constant('pads'), optional(any()), optional(any())).opset(13).as('pad'),
    unless: ({ pads }) => count(pads.numbers()).some((pad) => pad !== 0) && 'pads or crops',
    rewrite: ({ x }) => x,
  });

const expandToTile = (name: string, divides: boolean) =>
  rule({
    name,
    match: op.Expand(any('x'), constant('shape')).opset(13).as('expand'),
    unless: ({ x, shape }) => (x.rank !== shape.size || x.dims?.includes(0)) && 'other ranks',
    rewrite({ x, shape, expand }, build) {
      const repeats = shape
        .numbers()
        .map((length, i) => (divides ? Number(expand.output.dims![i]) / Number(x.dims![i]) : length));
      return build.Tile(x, build.constant(int64s(repeats)));
    },
  });

const spaceAndBack = (name: string, looksAtMode: boolean) =>
  rule({
    name,
    match: op.DepthToSpace(op.SpaceToDepth(any('x')).as('there')).as('back'),
    unless: ({ there, back }) =>
      (there.attributes.blocksize !== back.attributes.blocksize && 'other blocks') ||
      (looksAtMode && back.attributes.mode !== 'DCR' && 'columns first'),
    rewrite: ({ x }) => x,
  });

const squeezeReduced = (name: string, looksAtAxes: boolean) =>
  rule({
    name,
    match: op
      .Squeeze(op.ReduceMax(any('x'), constant('axes')).with({ keepdims: 1 }).as('reduce'), constant('gone'))
      .opset(18)
      .as('squeeze'),
    unless: ({ x, axes, gone }) => {
      if (x.rank === undefined || axes.size === 0) return 'every axis';
      const sorted = ({ numbers }: { numbers: () => readonly number[] }) =>
        String(
          numbers()
            .map((axis) => (axis + x.rank!) % x.rank!)
            .sort(),
        );
      const list = (one: Constant) => sorted({ numbers: () => one.numbers() });
      return looksAtAxes
        ? list(axes) !== list(gone) && 'other axes'
        : axes.size !== gone.size && 'other axes';
    },
    rewrite: ({ x, axes, reduce }, build) => build.copy(reduce, [x, axes], { keepdims: 0 }),
  });

const reduceTwice = (name: string, shifts: boolean) =>
  rule({
    name,
    match: op
      .ReduceMax(op.ReduceMax(any('x'), constant('a')).with({ keepdims: 0 }), constant('b'))
      .with({ keepdims: 0 })
      .opset(18)
      .as('reduce'),
    unless: ({ x, a, b }) =>
      (a.size !== 1 || b.size !== 1 || a.numbers()[0]! < 0 || b.numbers()[0]! < 0 || x.rank === undefined) &&
      'not two plain axes',
    rewrite({ x, a, b, reduce }, build) {
      const [first, second] = [a.numbers()[0]!, b.numbers()[0]!];
      const axes = [first, shifts && second >= first ? second + 1 : second];
      return build.copy(reduce, [x, build.constant(int64s(axes))]);
    },
  });

const reduceNothing = (name: string, looksAtNoop: boolean) =>
  rule({
    name,
    match: op.ReduceSum(any('x')).opset(13).as('reduce'),
    effect: 'rounding',
    unless: ({ x, reduce }) =>
      (x.rank === undefined && 'no rank') ||
      (x.dims!.includes(0) && 'empty') ||
      (looksAtNoop && reduce.attributes.noop_with_empty_axes === 1 && 'it does nothing'),
    rewrite: ({ x, reduce }, build) =>
      build.copy(reduce, [x, build.constant(int64s(Array.from({ length: x.rank! }, (_, i) => i)))]),
  });

const meanToPool = (name: string, looksAtAxes: boolean) =>
  rule({
    name,
    effect: 'rounding',
    match: op.ReduceMean(any('x'), constant('axes')).opset(18).as('mean'),
    unless: ({ x, axes, mean }) =>
      ((x.rank !== 4 || x.dtype !== 'float32' || axes.size === 0 || x.dims!.includes(0)) && 'no image') ||
      (mean.attributes.keepdims !== 1 && 'fewer axes') ||
      (looksAtAxes &&
        String([...axes.numbers()].map((axis) => (axis + 4) % 4).sort()) !== '2,3' &&
        'other axes'),
    rewrite: ({ x }, build) => build.GlobalAveragePool(x),
  });

const shapeKnown = (name: string, looksAtPart: boolean) =>
  rule({
    name,
    match: op.Shape(any('x')).as('shape'),
    unless: ({ x, shape }) =>
      (x.dims === undefined || x.dims.some((length) => typeof length !== 'number') ? 'not known' : false) ||
      (looksAtPart && (shape.attributes.start !== 0 || shape.attributes.end !== undefined) && 'part of it'),
    rewrite: ({ x }, build) => build.constant(int64s(x.dims as number[])),
  });

const oneSplit = (name: string, count: number) =>
  rule({
    name,
    match: op
      .Split(any('x'), optional(any('parts')))
      .as('split')
      .unless(({ outputs }) => outputs.length > 2 && 'more parts'),
    unless: ({ split, x }) =>
      (split.outputs.length !== count && 'other parts') || (x.dims === undefined && 'no dims'),
    rewrite: ({ x, split }) => split.outputs.map(() => x),
  });

const sumInAnyOrder = (name: string, effect: 'exact' | 'rounding') =>
  rule({
    name,
    effect,
    match: op
      .Sum(op.Sum(each('inner', any('a'))), any('c'))
      .opset(13)
      .as('outer'),
    unless: ({ c }) => c.dtype !== 'float32' && 'not float32',
    rewrite: ({ inner, c, outer }, build) => build.copy(outer, [c, ...inner.map(({ a }) => a)]),
  });

/** Rules that are wrong about axes, lengths and places. */
export const layoutExhibits: readonly Exhibit[] = [
  {
    wrong: mergeSqueezes('merge-squeezes-by-axis', (inner, outer) => [...new Set([inner, outer])]),
    right: mergeSqueezes('merge-squeezes', (inner, outer) => [inner, outer >= inner ? outer + 1 : outer]),
    forgets: 'the first Squeeze moves the axes behind it',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: undoUnsqueeze('squeeze-undoes-unsqueeze', () => true),
    right: undoUnsqueeze(
      'squeeze-of-that-axis',
      (a, b, rank) => (a + rank + 1) % (rank + 1) === (b + rank + 1) % (rank + 1),
    ),
    forgets: 'another axis may go',
    breaks: ['types', 'runs', 'valid'],
  },
  {
    wrong: undoUnsqueeze(
      'negative-axes-of-the-input',
      (a, b, rank) => (a + rank) % rank === (b + rank) % rank,
    ),
    right: undoUnsqueeze(
      'squeeze-of-that-axis',
      (a, b, rank) => (a + rank + 1) % (rank + 1) === (b + rank + 1) % (rank + 1),
    ),
    forgets: 'axes of Unsqueeze count in its output',
    breaks: ['types', 'runs', 'valid'],
  },
  {
    wrong: reshapeOnce('reshape-once', true),
    right: reshapeOnce('reshape-once-by-numbers', false),
    forgets: 'a zero copies a length',
    breaks: ['types', 'runs', 'valid'],
  },
  {
    wrong: flattenToReshape('flatten-to-reshape', false),
    right: flattenToReshape('flatten-axis-1-to-reshape', true),
    forgets: 'the axis',
    breaks: ['types', 'runs', 'valid'],
  },
  {
    wrong: gatherToSlice('gather-to-slice', true),
    right: gatherToSlice('gather-of-index-to-slice', false),
    forgets: 'index −1 ends at 0',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: gatherEverything('gather-in-order', false),
    right: gatherEverything('gather-everything', true),
    forgets: 'more may be there',
    breaks: ['types', 'runs', 'valid'],
  },
  {
    wrong: mergeGathers('merge-gathers-backwards', 'outer'),
    right: mergeGathers('merge-gathers', 'inner'),
    forgets: 'indices do not commute',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: transposeTwice('transpose-twice', false),
    right: transposeTwice('transpose-back', true),
    forgets: 'only some permutations are their own opposite',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: transposeBehind('softmax-keeps-its-axis', (axis) => axis),
    right: transposeBehind('softmax-before-transpose', (axis, perm) => perm[axis]!),
    forgets: 'the axis moves',
  },
  {
    wrong: transposeBehind('softmax-before-transpose-of-any-opset', (axis, perm) => perm[axis]!, 1),
    right: transposeBehind('softmax-before-transpose', (axis, perm) => perm[axis]!),
    forgets: 'before opset 13 Softmax flattens',
  },
  {
    wrong: transposeBehindReduce('reduce-keeps-its-axes', (axis) => axis),
    right: transposeBehindReduce('reduce-before-transpose', (axis, perm) => perm[axis]!),
    forgets: 'the axes move',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: concatOfConcat('concat-once', false),
    right: concatOfConcat('concat-along-one-axis', true),
    forgets: 'axes may differ',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: concatOfSplit('split-and-back', false),
    right: concatOfSplit('split-and-back-along-one-axis', true),
    forgets: 'axes may differ',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: concatOfSplitTurned,
    right: concatOfSplit('split-and-back-along-one-axis', true),
    forgets: 'the order of the parts',
  },
  {
    wrong: wholeSlice('slice-of-everything', false),
    right: wholeSlice('slice-of-all', true),
    forgets: 'a step may be −1',
  },
  {
    wrong: sliceTwice('slice-once', false),
    right: sliceTwice('slice-of-slice', true),
    forgets: 'ends count from the first start',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: mergePads('pad-once', false),
    right: mergePads('pad-once-with-one-number', true),
    forgets: 'numbers, modes and signs',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: noPad('pad-without-begin', (pads) => pads.slice(0, pads.length / 2)),
    right: noPad('pad-nothing', (pads) => pads),
    forgets: 'pads at the ends',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: expandToTile('expand-to-tile', false),
    right: expandToTile('expand-to-repeats', true),
    forgets: 'Tile counts repeats',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: spaceAndBack('depth-to-space-and-back', false),
    right: spaceAndBack('depth-to-space-and-back-by-depth', true),
    forgets: 'the mode',
  },
  {
    wrong: squeezeReduced('reduce-without-keepdims', false),
    right: squeezeReduced('reduce-without-those-axes', true),
    forgets: 'another axis may go',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: reduceTwice('reduce-once', false),
    right: reduceTwice('reduce-both-axes', true),
    forgets: 'the first reduction moves the axes',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: reduceNothing('reduce-every-axis', false),
    right: reduceNothing('reduce-every-axis-or-none', true),
    forgets: 'noop_with_empty_axes',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: meanToPool('mean-to-global-pool', false),
    right: meanToPool('mean-of-image-to-global-pool', true),
    forgets: 'other axes',
    breaks: ['outputs', 'types', 'runs', 'valid'],
  },
  {
    wrong: shapeKnown('shape-to-constant', false),
    right: shapeKnown('whole-shape-to-constant', true),
    forgets: 'start and end',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: oneSplit('split-of-two-is-nothing', 2),
    right: oneSplit('split-of-one-is-nothing', 1),
    forgets: 'each part is shorter',
    breaks: ['types', 'runs', 'valid', 'outputs'],
  },
  {
    wrong: sumInAnyOrder('sum-in-any-order', 'exact'),
    right: sumInAnyOrder('sum-in-another-order', 'rounding'),
    forgets: 'each sum rounds',
  },
];
