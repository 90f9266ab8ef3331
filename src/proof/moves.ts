import { type DataType, dataTypeToCode, elementCount, type Node, tensor, valuesOf } from '../ir/index.ts';
import { intAttribute, normalDomain, stringAttribute } from '../ops/index.ts';
import type { TermArray } from './arrays.ts';
import { evaluate } from './evaluate.ts';
import { placeOf, Unfollowed } from './unfollowed.ts';

/** An operator that copies elements: where each element of its outputs comes from. */
export interface Moves {
  readonly kind: 'moves';
  readonly dtype: DataType;
  /** The inputs whose elements are moved, by position. */
  readonly moved: readonly number[];
  /** Whether a zero is filled in that no input holds, as Pad does. */
  readonly fills: boolean;
  readonly outputs: readonly (Moved | undefined)[];
}

interface Moved {
  readonly dims: readonly number[];
  /** For each element its place among all elements of the moved inputs, counted from 1; 0 for the zero that is filled in. */
  readonly places: Float64Array;
}

/**
 * Reads Reshape, Transpose, Concat, Pad …: the executor moves the numbers of the places instead of the elements.
 * `undefined` for operators that do more than move, and where what they move by is no constant.
 *
 * @param opset version of the standard operators
 */
export function readMoves(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
): Moves | undefined {
  const moved = movedInputs(node, inputs, opset).filter((i) => inputs[i] !== undefined);
  const first = inputs[moved[0] ?? -1];
  if (first === undefined || first.dtype === 'string' || first.dtype.startsWith('complex')) return undefined;
  if (inputs.some((array, i) => array !== undefined && !moved.includes(i) && array.constant === undefined))
    return undefined;
  let next = 1;
  const operands = inputs.map((array, i) => {
    if (array === undefined || !moved.includes(i)) return array?.constant;
    const start = next;
    const count = elementCount(array.dims);
    next += count;
    return tensor(
      'float64',
      array.dims,
      Float64Array.from({ length: count }, (_, k) => start + k),
    );
  });
  const outputs = evaluate(node, operands, opset).map((result) => {
    return result && { dims: result.dims, places: valuesOf(result) as Float64Array };
  });
  const fills = outputs.some((output) => output?.places.includes(0));
  if (fills && node.opType !== 'Pad') throw new Unfollowed(placeOf(node), `${node.opType} makes up elements`);
  return { kind: 'moves', dtype: first.dtype, moved, fills, outputs };
}

/**
 * The inputs whose elements are among the outputs, wherever what they are moved by puts them: what is done to all of them
 * alike before the move may as well be done behind it.
 */
export function carriedInputs(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
): readonly number[] {
  return node.opType === 'Pad' ? [] : movedInputs(node, inputs, opset);
}

/** The inputs whose elements an operator moves: which one an element of an output is does not depend on their values. */
function movedInputs(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
): readonly number[] {
  if (normalDomain(node.domain) !== '') return [];
  switch (node.opType) {
    case 'Reshape':
    case 'Transpose':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Slice':
    case 'Split':
    case 'Gather':
    case 'GatherElements':
    case 'GatherND':
    case 'Tile':
    case 'Expand':
    case 'DepthToSpace':
    case 'SpaceToDepth':
    case 'ReverseSequence':
    case 'Compress':
    case 'Identity':
      return [0];
    case 'Concat':
      return inputs.map((_, i) => i);
    case 'Where':
      return [1, 2];
    case 'Pad':
      return opset >= 11 ? [0, 2] : [];
    case 'ScatterElements':
    case 'ScatterND':
      return stringAttribute(node, 'reduction', 'none') === 'none' ? [0, 2] : [];
    case 'Upsample':
      return stringAttribute(node, 'mode', 'nearest') === 'nearest' ? [0] : [];
    case 'Resize':
      return stringAttribute(node, 'mode', 'nearest') === 'nearest' &&
        stringAttribute(node, crop, '') !== 'tf_crop_and_resize'
        ? [0]
        : [];
    case 'Cast':
      return inputs[0] !== undefined && dataTypeToCode(inputs[0].dtype) === intAttribute(node, 'to')
        ? [0]
        : [];
    case 'Dropout':
      return (node.outputs[1] ?? '') === '' ? [0] : [];
    default:
      return [];
  }
}

/** The mode that fills what lies outside with a number of its own. */
const crop = 'coordinate_transformation_mode';
