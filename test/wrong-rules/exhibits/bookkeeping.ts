import {
  applyEdits,
  type Model,
  type Node,
  removeNode,
  renameValue,
  replaceInitializer,
  rewire,
  subgraphsOf,
  tensor,
  valuesOf,
  viewOf,
} from '../../../src/ir/index.ts';
import { removeDeadValues, removeIdentity } from '../../../src/passes/index.ts';
import { any, constant, domain, op, optional } from '../../../src/pattern/index.ts';
import { type Pass, pass, rule } from '../../../src/rewrite/index.ts';
import type { Exhibit } from './exhibit.ts';

const nothing = Object.freeze([]);

/** A pass that gives another graph, or the same when there is nothing to do. */
function graphPass(name: string, change: (model: Model) => Model): Pass {
  return pass({
    name,
    run: (model) => {
      const changed = change(model);
      if (changed === model) return { model, rewrites: nothing };
      const record = {
        rule: name,
        effect: 'exact',
        graph: 'main',
        at: model.graph.outputs[0]?.name ?? '',
      } as const;
      return {
        model: changed,
        rewrites: [{ ...record, before: nothing, after: nothing, added: nothing, removed: nothing }],
      };
    },
  });
}

const replaceNodes = (model: Model, nodes: readonly Node[]): Model => ({
  ...model,
  graph: { ...model.graph, nodes },
});

/** Relu(Conv(x, w)) with weights that are all negative ⇒ weights are edited where they lie. */
const editShared = graphPass('negate-weights-in-place', (model) => {
  const view = viewOf(model);
  for (const node of model.graph.nodes) {
    if (node.opType !== 'Neg' || node.domain) continue;
    const mul = view.producer(node.inputs[0]!);
    const w = mul?.opType === 'Mul' ? view.initializer(mul.inputs[1]!) : undefined;
    if (mul === undefined || w?.dtype !== 'float32' || view.uses(mul.outputs[0]!).length !== 1) continue;
    if (view.isOutput(mul.outputs[0]!) || view.input(w.name!) !== undefined) continue;
    const negated = (valuesOf(w) as Float32Array).map((value) => -value);
    const without = model.graph.nodes
      .filter((other) => other !== node)
      .map((other) => (other === mul ? { ...mul, outputs: node.outputs } : other));
    return applyEdits(replaceNodes(model, without), [
      replaceInitializer(tensor('float32', w.dims, negated, w.name)),
    ]).model;
  }
  return model;
});

/** The same with weights of its own. */
const editOwn = rule({
  name: 'negate-weights-of-their-own',
  match: op.Neg(op.Mul(any('x'), constant('w')).as('mul')),
  unless: ({ w, x }) => (w.dtype !== 'float32' || x.dtype !== 'float32') && 'only float32 is known',
  rewrite: ({ x, w, mul }, build) =>
    build.copy(mul, [
      x,
      build.constant(
        tensor(
          'float32',
          w.dims,
          w.numbers().map((value) => -value),
        ),
      ),
    ]),
});

const dropDropout = (name: string, guarded: boolean) =>
  rule({
    name,
    match: op
      .Dropout(any('x'), optional(constant('ratio')))
      .as('dropout')
      .opset(12),
    unless: ({ dropout }) => guarded && dropout.outputs[1] !== undefined && 'the mask is read',
    rewrite: ({ x }) => [x, undefined],
  });

/** Nodes with the same operator, attributes and inputs become one. */
const mergeTwins = (name: string, isPlain: (node: Node) => boolean) =>
  graphPass(name, (model) => {
    const known = new Map<string, Node>();
    for (const node of model.graph.nodes) {
      if (!isPlain(node) || node.outputs.length !== 1 || subgraphsOf(node).length > 0) continue;
      const attributes = node.attributes.map(({ name: key, value }) => [key, String(value)]);
      const key = JSON.stringify([node.domain, node.opType, node.inputs, attributes]);
      const twin = known.get(key);
      known.set(key, twin ?? node);
      if (twin === undefined || viewOf(model).isOutput(node.outputs[0]!)) continue;
      return applyEdits(model, [rewire(node.outputs[0]!, twin.outputs[0]!), removeNode(node)]).model;
    }
    return model;
  });

const plainNodes = new Set(['Relu', 'Neg', 'Abs', 'Sigmoid', 'Tanh', 'Exp', 'Add', 'Mul', 'Sub']);

/** Slice of a Slice ⇒ one Slice with both lists. */
const mergeSlices = (name: string, guarded: boolean) =>
  rule({
    name,
    match: op
      .Slice(
        op.Slice(any('x'), constant('starts'), constant('ends'), constant('axes')).opset(13),
        constant('starts2'),
        constant('ends2'),
        constant('axes2'),
      )
      .opset(13),
    unless({ x, axes, axes2, starts, ends, starts2, ends2 }) {
      if ([axes, axes2, starts, ends, starts2, ends2].some(({ dtype }) => dtype !== 'int64'))
        return 'the lists are not int64';
      const { rank } = x;
      if (guarded && rank === undefined) return 'the rank is not known';
      const normal = (axis: number) => (guarded && axis < 0 ? axis + rank! : axis);
      const first = new Set(axes.numbers().map(normal));
      return axes2.numbers().some((axis) => first.has(normal(axis))) && 'both cut one axis';
    },
    rewrite({ x, starts, ends, axes, starts2, ends2, axes2 }, build) {
      const both = (a: typeof axes, b: typeof axes) => {
        const list = [...valuesOf(a.tensor), ...valuesOf(b.tensor)] as bigint[];
        return build.constant(tensor('int64', [list.length], list));
      };
      return build.Slice(x, both(starts, starts2), both(ends, ends2), both(axes, axes2));
    },
  });

const castOf = (target: number) => ({ to: target });

/** Cast to int64 → Mul → Cast back ⇒ Mul: right only where nothing is cut off on the way. */
const foldCasts = rule({
  name: 'fold-casts-around-mul',
  match: op
    .Cast(op.Mul(op.Cast(any('x')).with(castOf(1)), constant('factor')))
    .with(castOf(7))
    .as('back'),
  unless: ({ x, factor }) =>
    (x.dtype !== 'int64' && 'the input is not int64') || (factor.size !== 1 && 'there are several factors'),
  rewrite: ({ x, factor }, build) =>
    build.Mul(
      x,
      build.constant(
        tensor(
          'int64',
          factor.dims,
          factor.numbers().map((value) => BigInt(Math.trunc(value))),
        ),
      ),
    ),
});

/** The same for a factor of one. */
const foldCastsOfOne = rule({
  name: 'fold-casts-around-nothing',
  match: op.Cast(op.Cast(any('x')).with(castOf(11))).with(castOf(1)),
  unless: ({ x }) => x.dtype !== 'float32' && 'the input is not float32',
  rewrite: ({ x }) => x,
});

const addToItself = rule({
  name: 'add-to-itself-is-itself',
  match: op.Add(any('x'), any('x')),
  rewrite: ({ x }) => x,
});

const largerOfItself = rule({
  name: 'larger-of-itself-is-itself',
  match: op.Max(any('x'), any('x')),
  rewrite: ({ x }) => x,
});

/** A Cast goes; what reads it is told the old type. */
const keepOldType = graphPass('drop-cast-and-keep-the-type', (model) => {
  const view = viewOf(model);
  const cast = model.graph.nodes.find(
    (node) =>
      node.opType === 'Cast' &&
      !node.domain &&
      view.isOutput(node.outputs[0]!) &&
      view.producer(node.inputs[0]!) !== undefined,
  );
  if (cast === undefined) return model;
  const nodes = model.graph.nodes.map((node) =>
    node === cast ? { ...node, opType: 'Identity', attributes: [] } : node,
  );
  return replaceNodes(model, nodes);
});

const dropOutput = graphPass('drop-a-graph-output', (model) => {
  if (model.graph.outputs.length < 2) return model;
  return { ...model, graph: { ...model.graph, outputs: model.graph.outputs.slice(0, -1) } };
});

/** Renames a value, but only what the nodes of the main graph read. */
const forgetCaptures = graphPass('rename-without-captures', (model) => {
  const captured = model.graph.nodes
    .flatMap((node) => subgraphsOf(node))
    .flatMap((graph) => graph.nodes.flatMap(({ inputs }) => inputs));
  const made = model.graph.nodes.find(
    ({ outputs }) => captured.includes(outputs[0]!) && !viewOf(model).isOutput(outputs[0]!),
  );
  if (made === undefined) return model;
  const [from] = made.outputs as [string];
  const to = `${from}_renamed`;
  const swap = (name: string) => (name === from ? to : name);
  return replaceNodes(
    model,
    model.graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(swap),
      outputs: node.outputs.map(swap),
    })),
  );
});

const renameEverywhere = graphPass('rename-with-captures', (model) => {
  const taken = new Set(model.graph.nodes.flatMap(({ outputs }) => outputs));
  const made = model.graph.nodes.find(
    ({ outputs }) => outputs[0] && !outputs[0].endsWith('_renamed') && !viewOf(model).isOutput(outputs[0]),
  );
  if (made === undefined || taken.has(`${made.outputs[0]}_renamed`)) return model;
  return applyEdits(model, [renameValue(made.outputs[0]!, `${made.outputs[0]}_renamed`)]).model;
});

const loops = rule({
  name: 'negate-thrice',
  match: op.Neg(any('x')),
  measure: () => 1,
  rewrite: ({ x }, build) => build.Neg(build.Neg(build.Neg(x))),
});

const negateOnce = rule({
  name: 'negate-once',
  match: op.Neg(op.Neg(op.Neg(any('x')))),
  rewrite: ({ x }, build) => build.Neg(x),
});

/** Rules that are right about numbers and wrong about models. */
export const bookkeeping: readonly Exhibit[] = [
  { because: 'Somebody else reads the same weights.', wrong: editShared, right: editOwn },
  {
    because: 'The mask is a value like any other, and somebody reads it.',
    wrong: dropDropout('drop-dropout-and-its-mask', false),
    right: dropDropout('drop-dropout', true),
  },
  {
    because: 'Two draws of random numbers are two draws.',
    wrong: mergeTwins('merge-all-twins', () => true),
    right: mergeTwins('merge-twins', (node) => plainNodes.has(node.opType) && !node.domain),
  },
  {
    because: 'Nobody knows what Identity means in a domain of somebody else.',
    wrong: rule({
      name: 'erase-custom-identity',
      match: domain('com.custom').Identity!(any('x')),
      rewrite: ({ x }) => x,
    }),
    right: removeIdentity,
  },
  {
    because: 'Axis 1 and axis −1 may be one.',
    wrong: mergeSlices('merge-slices-by-axis-number', false),
    right: mergeSlices('merge-slices', true),
  },
  { because: 'Half a number, cut off to a whole one, is nothing.', wrong: foldCasts, right: foldCastsOfOne },
  {
    because: 'x + x is 2x; x and x, or the larger of both, would be x.',
    wrong: addToItself,
    right: largerOfItself,
  },
  { because: 'The output is of another type than before.', wrong: keepOldType, right: removeDeadValues },
  { because: 'An output is gone.', wrong: dropOutput, right: removeDeadValues },
  {
    because: 'A subgraph reads the value under its old name.',
    wrong: forgetCaptures,
    right: renameEverywhere,
  },
  { because: 'It matches what it has written, and never ends.', wrong: loops, right: negateOnce },
];
