import { ModelError } from '../../support/errors.ts';
import { integersOf, normalAxis } from '../array.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';
import { cut } from '../strided.ts';

/**
 * Cuts an array along an axis: into the lengths given (attribute, or input in versions 1 and 13 on), into `num_outputs`
 * chunks of which the last may be smaller, or into as many equal parts as there are outputs.
 */
export const split = kernel('Split', {
  versions: [1, 2, 11, 13, 18],
  types: 'T, * -> ?...',
  where: { T: movable },
  outputTypes: ({ node, inputs: [x] }) => node.outputs.map(() => x),
  run({ attributes, inputs: [x, lengths], node }) {
    const axis = normalAxis(attributes.axis ?? 0, x!.dims.length);
    const total = x!.dims[axis]!;
    const given = lengths ? integersOf(lengths) : attributes.split;
    const parts = given ?? chunks(total, attributes.num_outputs, node.outputs.length);
    if (parts.reduce((sum, part) => sum + part, 0) !== total || parts.some((part) => part < 0)) {
      throw new ModelError('shape-mismatch', `Axis ${axis} of [${x!.dims}] cannot be split into [${parts}].`);
    }
    return cut(x!, axis, parts);
  },
});

function chunks(total: number, wanted: number | undefined, outputs: number): number[] {
  const count = wanted ?? outputs;
  if (wanted === undefined && total % count !== 0)
    throw new ModelError('shape-mismatch', `${total} elements cannot be split into ${count} equal parts.`);
  const size = Math.ceil(total / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(size, total - i * size)));
}
