import type { Model, ValueInfo } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';

/**
 * The model with a number for every dimension of its inputs: 1 for the symbolic ones that are not given.
 *
 * @throws ModelError `cannot-generate-input` for an input that is no tensor of known rank
 */
export function withLengths(model: Model, dims: ReadonlyMap<string, number> = new Map()): Model {
  const fixed = (input: ValueInfo): ValueInfo => {
    const { type } = input;
    if (type?.kind !== 'tensor' || type.shape === undefined) {
      throw new ModelError('cannot-generate-input', `Input "${input.name}" is no tensor of known rank.`, {
        at: input.name,
        fix: 'Declare the type and the rank of every input.',
      });
    }
    const shape = type.shape.map(({ value, param }) => ({ value: value ?? dims.get(param ?? '') ?? 1 }));
    return { ...input, type: { kind: 'tensor', elemType: type.elemType, shape } };
  };
  return { ...model, graph: { ...model.graph, inputs: model.graph.inputs.map(fixed) } };
}
