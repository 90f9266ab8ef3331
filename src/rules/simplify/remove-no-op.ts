import {
  any,
  anyOf,
  each,
  type NodeMatch,
  type Objection,
  optional,
  type Value,
} from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';

const candidates = [
  'Dropout',
  'Cast',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Expand',
  'Tile',
  'Slice',
  'Pad',
  'Concat',
  'Transpose',
] as const;

/**
 * Dropout(x), Cast to the type it has, Reshape to the shape it has, Slice of all of it …  ⇒  x
 *
 * Operators that give back what they get. Between a Q, its DQ and the operator behind it they keep an engine from seeing
 * the three together.
 */
export const removeNoOp = rule({
  name: 'remove-no-op',
  summary: 'Dropout, Cast, Reshape, Slice, Pad … that change nothing ⇒ nothing',
  reason: 'Anything between a Q, its DQ and the operator keeps an engine from fusing them.',
  condition: 'Types and lengths are known, and equal in and out; nothing is turned round or moved.',
  sources: ['https://github.com/NVIDIA/TensorRT/issues/1699', 'NVIDIA Model-Optimizer: graph utilities'],
  effect: 'exact',

  match: anyOf(candidates, any('x'), each('rest', optional(any('operand')), { atLeast: 0 })).as('node'),

  unless({ x, rest, node }) {
    if (x.producer === undefined && node.output.isGraphOutput)
      return `the graph hands ${x} through to an output`;
    const given = node.inputs.slice(1);
    if (node.opType === 'Cast') return unlessSameType(x, node.output);
    if (node.opType === 'Dropout') return unlessInference(node, given[1]);
    if (node.opType === 'Concat') return rest.length > 0 && `${node} joins several`;
    if (node.opType === 'Transpose') return unlessOrdered(node as NodeMatch<'Transpose'>);
    return (
      unlessSameLengths(x, node) ||
      (node.opType === 'Slice' && unlessForwards(node)) ||
      (node.opType === 'Pad' && unlessNoPads(node))
    );
  },

  rewrite: ({ x }) => x,
});

function unlessSameType(x: Value, y: Value): Objection {
  if (x.dtype === undefined || y.dtype === undefined)
    return `the type of ${x.dtype === undefined ? x : y} is not known`;
  return x.dtype !== y.dtype && `${x} is ${x.dtype}, and ${y} ${y.dtype}`;
}

function unlessInference(node: NodeMatch, training: Value | undefined): Objection {
  const mask = node.outputs[1];
  if (mask !== undefined && (mask.uses.length > 0 || mask.isGraphOutput))
    return `somebody reads the mask of ${node}`;
  if (training === undefined) return false;
  const flag = training.constant;
  return !(flag !== undefined && flag.toTypedArray()[0] === 0) && `${node} may be training`;
}

function unlessOrdered(node: NodeMatch<'Transpose'>): Objection {
  const { perm } = node.attributes;
  if (perm === undefined) return (node.output.rank ?? 2) > 1 && `${node} turns the axes round`;
  return perm.some((axis, i) => axis !== i) && `${node} moves axes`;
}

function unlessSameLengths(x: Value, node: NodeMatch): Objection {
  const [before, after] = [x.dims, node.output.dims];
  if (before === undefined || after === undefined)
    return `the lengths of ${before === undefined ? x : node.output} are not known`;
  const isSame =
    before.length === after.length &&
    before.every((length, i) => typeof length === 'number' && length >= 0 && length === after[i]);
  return !isSame && `${node} makes [${after.map(show)}] of [${before.map(show)}]`;
}

function unlessForwards(node: NodeMatch): Objection {
  const steps = node.inputs[4];
  if (steps === undefined) return false;
  const values = steps.constant?.toTypedArray() as ArrayLike<bigint | number> | undefined;
  if (values === undefined) return `the steps of ${node} are not constant`;
  return Array.from(values).some((step) => step < 0) && `${node} goes backwards`;
}

function unlessNoPads(node: NodeMatch): Objection {
  const { pads, paddings } = node.attributes as {
    readonly pads?: readonly number[];
    readonly paddings?: readonly number[];
  };
  const values =
    (node.inputs[1]?.constant?.toTypedArray() as ArrayLike<bigint | number> | undefined) ?? pads ?? paddings;
  if (values === undefined) return `the pads of ${node} are not constant`;
  return Array.from(values).some((pad) => Number(pad) !== 0) && `${node} pads and crops`;
}

function show(length: number | string | undefined): string {
  return String(length ?? '?');
}
