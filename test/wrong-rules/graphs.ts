import { dataTypeFromCode, type Graph, tensor } from '../../src/ir/index.ts';
import {
  any,
  constant,
  domain,
  type InputPattern,
  type NodeMatch,
  numbersOf,
  op,
  optional,
} from '../../src/pattern/index.ts';
import { rule } from '../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

const maskForgotten = rule({
  name: 'remove-dropout',
  match: op.Dropout(any('x'), optional(any()), optional(any())),
  rewrite: ({ x }) => x,
});

const dropoutUnread = rule({
  name: 'remove-unmasked-dropout',
  match: op.Dropout(any('x'), optional(any())).as('dropout'),
  unless: ({ dropout }) => dropout.outputs[1] !== undefined && 'its mask is read',
  rewrite: ({ x }) => x,
});

const randomMerged = rule({
  name: 'merge-random-nodes',
  match: [op.RandomNormalLike(any('x')).as('a'), op.RandomNormalLike(any('x')).as('b')],
  rewrite({ x, a }, build) {
    const one = build.copy(a, [x]);
    return [one, one];
  },
});

const equalMerged = rule({
  name: 'merge-equal-nodes',
  match: [op.Sigmoid(any('x')).as('a'), op.Sigmoid(any('x')).as('b')],
  rewrite({ x, a }, build) {
    const one = build.copy(a, [x]);
    return [one, one];
  },
});

const foreignIdentity = rule({
  name: 'remove-any-identity',
  match: domain('com.acme').Identity!(any('x')),
  rewrite: ({ x }) => x,
});

const ownIdentity = rule({
  name: 'remove-standard-identity',
  match: op.Identity(any('x')).as('identity'),
  unless: ({ identity }) => identity.output.isGraphOutput && 'it names an output',
  rewrite: ({ x }) => x,
});

const identityByName = rule({
  name: 'look-through-identity',
  match: op.Relu(any('x')).as('relu'),
  unless: ({ x }) => x.producer?.opType !== 'Identity' && 'nothing to look through',
  rewrite({ x, relu }, build) {
    const maker = x.maker!;
    return build.copy(relu, [maker.inputs[0]]);
  },
});

const identityByKind = rule({
  name: 'look-through-standard-identity',
  match: op.Relu(op.Identity(any('x')).shared()).as('relu'),
  rewrite: ({ x, relu }, build) => build.copy(relu, [x]),
});

/** Two Slices of one axis each ⇒ one Slice of two axes. */
function mergeSlices(name: string, counts: (axis: number, rank: number) => number) {
  const slice = (x: InputPattern, n: string) =>
    op.Slice(x, constant(`starts${n}`), constant(`ends${n}`), constant(`axes${n}`)).opset(10);
  return rule({
    name,
    match: slice(slice(any('x'), '1').as('inner'), '2').as('slice'),
    unless(captures) {
      const { axes1, axes2, x } = captures as never as {
        axes1: Numbers;
        axes2: Numbers;
        x: { rank?: number };
      };
      if (x.rank === undefined) return 'no rank';
      if (axes1.tensor.dtype !== axes2.tensor.dtype) return 'two types';
      const [a, b] = [axes1, axes2].map((axes) =>
        numbersOf(axes.tensor).map((axis) => counts(axis, x.rank!)),
      );
      return a!.some((axis) => b!.includes(axis)) && 'the same axis twice';
    },
    rewrite(captures, build) {
      const {
        x,
        slice: root,
        ...rest
      } = captures as never as { x: never; slice: NodeMatch } & Record<string, Numbers>;
      const joined = ['starts', 'ends', 'axes'].map((part) => {
        const values = [...numbersOf(rest[`${part}1`]!.tensor), ...numbersOf(rest[`${part}2`]!.tensor)];
        return build.constant(tensor('int64', [values.length], values.map(BigInt)));
      });
      return build.copy(root, [x, ...joined]);
    },
  });
}
interface Numbers {
  readonly tensor: ReturnType<typeof tensor>;
}

const oldType = rule({
  name: 'remove-any-cast',
  match: op.Cast(any('x')),
  rewrite: ({ x }) => x,
});

const sameType = rule({
  name: 'remove-cast-to-itself',
  match: op.Cast(any('x')).as('cast'),
  unless: ({ x, cast }) =>
    (x.dtype !== dataTypeFromCode(cast.attributes.to) && 'to another type') ||
    (cast.output.isGraphOutput && 'it names an output'),
  rewrite: ({ x }) => x,
});

const outputDropped = rule({
  name: 'first-of-two-outputs',
  match: op.Split(any('x'), optional(any())).as('split'),
  unless: ({ split }) => split.outputs.length !== 2 && 'not two',
  rewrite: ({ x, split }, build) => [
    build.copy(
      split,
      split.inputs.map((input, i) => (i === 0 ? x : input)),
    ),
    undefined,
  ],
});

const outputsKept = rule({
  name: 'both-outputs',
  match: op.Split(op.Identity(any('x')), optional(any('parts'))).as('split'),
  rewrite: ({ x, parts, split }, build) => build.outputsOf(build.copy(split, [x, parts])),
});

function branch(name: string, output: string): Graph {
  return {
    name,
    nodes: [],
    initializers: [],
    sparseInitializers: [],
    inputs: [],
    outputs: [{ name: output, metadata: [] }],
    valueInfos: [],
    quantizationAnnotations: [],
    metadata: [],
  };
}

/** Where of one condition ⇒ If, whose branches give what they choose from without making it. */
const captures = rule({
  name: 'branches-of-outer-values',
  match: op.Where(any('cond'), any('a'), any('b')),
  unless: ({ cond, a, b }) =>
    (cond.rank !== 0 || a.rank !== b.rank || String(a.dims) !== String(b.dims)) && 'not one condition',
  rewrite: ({ cond, a, b }, build) =>
    build.node('If', {
      inputs: [cond],
      attributes: { then_branch: branch('then', a.name), else_branch: branch('else', b.name) },
    })[0]!,
});

const inputsOnly = rule({
  name: 'swap-where',
  match: op.Where(op.Not(any('cond')), any('a'), any('b')).as('where'),
  rewrite: ({ cond, a, b, where }, build) => build.copy(where, [cond, b, a]),
});

const loops = rule({
  name: 'swap-operands',
  match: op.Add(any('a'), any('b')).ordered().as('add'),
  rewrite: ({ a, b, add }, build) => build.copy(add, [b, a]),
});

const grows = rule({
  name: 'relu-twice',
  match: op.Relu(any('x')).as('relu'),
  rewrite: ({ x, relu }, build) => build.copy(relu, [build.Relu(x)]),
});

const reluOnce = rule({
  name: 'relu-once',
  match: op.Relu(op.Relu(any('x'))).as('relu'),
  rewrite: ({ x, relu }, build) => build.copy(relu, [x]),
});

const byName = rule({
  name: 'believe-in-names',
  match: op.Abs(op.Abs(any('x'))).as('abs'),
  unless: ({ x }) => x.name.length % 2 === 0 && 'an even name',
  rewrite: ({ x, abs }, build) => build.copy(abs, [x]),
});

const byShape = rule({
  name: 'absolute-once',
  match: op.Abs(op.Abs(any('x'))).as('abs'),
  rewrite: ({ x, abs }, build) => build.copy(abs, [x]),
});

const crashes = rule({
  name: 'crash-on-scalars',
  match: op.Relu(any('x')).as('relu'),
  unless: ({ x }) => x.dims![x.rank! - 1]!.toString() === '7' && 'seven',
  rewrite: ({ x }, build) => build.Max(x, build.constant(tensor('float32', [], [0]))),
});

const expandForgotten = rule({
  name: 'remove-expand',
  match: op.Expand(any('x'), any('shape')),
  rewrite: ({ x }) => x,
});

const expandToItself = rule({
  name: 'remove-expand-to-itself',
  match: op.Expand(any('x'), constant('shape')).as('expand'),
  unless: ({ x, shape, expand }) =>
    (String(x.dims) !== String(shape.numbers()) && 'repeats elements') ||
    (expand.output.isGraphOutput && 'it names an output'),
  rewrite: ({ x }) => x,
});

/** Rules that are wrong about graphs, not about numbers. */
export const graphExhibits: readonly Exhibit[] = [
  {
    wrong: maskForgotten,
    right: dropoutUnread,
    forgets: 'the mask may be read',
    breaks: ['runs', 'outputs', 'valid'],
  },
  { wrong: randomMerged, right: equalMerged, forgets: 'two draws are not equal' },
  { wrong: foreignIdentity, right: ownIdentity, forgets: 'nobody knows what another domain’s Identity does' },
  { wrong: identityByName, right: identityByKind, forgets: 'the domain of the producer' },
  {
    wrong: mergeSlices('merge-slices-by-axis', (axis) => axis),
    right: mergeSlices('merge-slices-of-two-axes', (axis, rank) => (axis + rank) % rank),
    forgets: 'axis −1 may be axis 1',
    breaks: ['outputs', 'valid', 'types', 'runs'],
  },
  { wrong: oldType, right: sameType, forgets: 'a cast changes the type', breaks: ['types', 'runs'] },
  {
    wrong: outputDropped,
    right: outputsKept,
    forgets: 'somebody reads the second output',
    breaks: ['runs', 'valid', 'outputs', 'ends'],
  },
  {
    wrong: captures,
    right: inputsOnly,
    forgets: 'a branch has to make what it gives',
    breaks: ['valid', 'runs', 'outputs', 'types', 'names'],
  },
  { wrong: loops, right: reluOnce, forgets: 'it matches what it has written', breaks: ['ends'] },
  { wrong: grows, right: reluOnce, forgets: 'it matches what it has written', breaks: ['ends'] },
  { wrong: byName, right: byShape, forgets: 'names say nothing', breaks: ['names', 'settles'] },
  { wrong: crashes, right: reluOnce, forgets: 'scalars have no last axis', breaks: ['runs'] },
  {
    wrong: expandForgotten,
    right: expandToItself,
    forgets: 'the result is larger',
    breaks: ['types', 'runs', 'valid'],
  },
];
