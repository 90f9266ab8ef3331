import type { Node } from '../ir/index.ts';
import { findAttribute, normalDomain } from '../ops/index.ts';

/**
 * The inputs whose elements an operator moves: each element of each output is one of theirs, and which one does not
 * depend on their values. `undefined` for every other operator.
 *
 * @param opset version of the standard operators
 */
export function movedInputs(node: Node, opset: number): readonly number[] | undefined {
  if (normalDomain(node.domain) !== '') return undefined;
  const all = node.inputs.map((_, i) => i);
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
      return all;
    case 'Where':
      return [1, 2];
    case 'Pad':
      return opset >= 11 ? [0, 2] : undefined;
    case 'ScatterElements':
    case 'ScatterND':
      return text(node, 'reduction', 'none') === 'none' ? [0, 2] : undefined;
    case 'Resize':
      return text(node, 'mode', 'nearest') === 'nearest' && text(node, crop, '') !== 'tf_crop_and_resize'
        ? [0]
        : undefined;
    case 'Dropout':
      return opset >= 7 && (node.inputs[2] ?? '') === '' && (node.outputs[1] ?? '') === '' ? [0] : undefined;
    default:
      return undefined;
  }
}

/** The mode that fills what lies outside with a number of its own. */
const crop = 'coordinate_transformation_mode';

function text(node: Node, name: string, fallback: string): string {
  const attribute = findAttribute(node, name);
  return attribute?.type === 'STRING' ? String(attribute.value) : fallback;
}
