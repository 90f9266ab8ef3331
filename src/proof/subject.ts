import { checkSingleAssignment, type DataType, type Model, type ValueInfo } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { inlineFunctions } from './inline-functions.ts';
import { Unfollowed } from './unfollowed.ts';

/** An input or output as a proof is about it. */
export interface Port {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/**
 * What a proof about a model is about: the model with a number for every dimension of its inputs, 1 for the symbolic ones
 * that are not given, and with its functions written out.
 *
 * @throws ModelError `cannot-generate-input` for an input that is no tensor of known rank, `duplicate-name` for a value
 * that is made twice
 */
export function subjectOf(model: Model, dims: ReadonlyMap<string, number> = new Map()): Model {
  checkSingleAssignment(model.graph);
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
  const inputs = model.graph.inputs.map(fixed);
  return inlineFunctions({ ...model, graph: { ...model.graph, inputs } });
}

/** The inputs of a subject. */
export function portsOf(subject: Model): readonly Port[] {
  return subject.graph.inputs.map(({ name, type }) => {
    if (type?.kind !== 'tensor') throw new Unfollowed(name, 'the input is no tensor');
    return { name, dtype: type.elemType, dims: (type.shape ?? []).map(({ value }) => value ?? 1) };
  });
}

/** Inputs with their types and outputs of a subject in words: models are compared when these are the same. */
export function tellInterface(subject: Model): string {
  const inputs = portsOf(subject).map(({ name, dtype, dims }) => `${name} ${dtype}[${dims}]`);
  return `${inputs.join(', ')} => ${subject.graph.outputs.map(({ name }) => name).join(', ')}`;
}
