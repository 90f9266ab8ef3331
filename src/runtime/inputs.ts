import { type Model, Tensor, type ValueInfo } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import type { NdArray } from './array.ts';
import { fromRuntimeValue, type RuntimeValue } from './values.ts';

/** The values of a graph's inputs by position; `undefined` where the initializer of the same name stands in. */
export type InputBinder = (given: ReadonlyMap<string, RuntimeValue>) => (NdArray | undefined)[];

/**
 * A function that checks what a model is fed against what it declares.
 *
 * It throws ModelError `missing-input`, `unknown-input`, `input-mismatch`.
 */
export function inputBinder({ graph }: Model): InputBinder {
  const names = new Set(graph.inputs.map(({ name }) => name));
  const defaults = new Set(
    [...graph.initializers, ...graph.sparseInitializers.map(({ values }) => values)].map(
      (tensor) => tensor?.name,
    ),
  );
  return (given) => {
    for (const name of given.keys()) if (!names.has(name)) throw unknownInput(name, names);
    const symbols: Symbols = new Map();
    return graph.inputs.map((input) => {
      const value = given.get(input.name);
      if (value !== undefined) return bindInput(input, value, symbols);
      if (defaults.has(input.name)) return undefined;
      throw new ModelError('missing-input', `Input "${input.name}" was not given and has no initializer.`, {
        at: `${graph.name || 'main'}/input ${input.name}`,
      });
    });
  };
}

/** Lengths of symbolic dimensions, and which input has said so. */
type Symbols = Map<string, { readonly length: number; readonly input: string }>;

function bindInput(input: ValueInfo, value: RuntimeValue, symbols: Symbols): NdArray {
  checkKind(input, value);
  if (value instanceof Tensor) checkInput(input, value, symbols);
  return fromRuntimeValue(value);
}

function unknownInput(name: string, names: ReadonlySet<string>): ModelError {
  const known = [...names].map((input) => `"${input}"`).join(', ');
  return new ModelError('unknown-input', `The model has no input "${name}".`, {
    fix: `Its inputs are ${known || 'none'}.`,
  });
}

/** A tensor where a tensor is declared, a sequence where a sequence is; an optional takes what it may hold. */
function checkKind({ name, type }: ValueInfo, value: RuntimeValue): void {
  const declared = type?.kind;
  const given = value instanceof Tensor ? 'tensor' : 'tensors' in value ? 'sequence' : 'optional';
  if (declared === undefined || declared === given || declared === 'optional') return;
  throw new ModelError('input-mismatch', `Input "${name}" is a ${declared}; a ${given} was given.`, {
    at: `input ${name}`,
  });
}

function checkInput(input: ValueInfo, tensor: Tensor, symbols: Symbols): void {
  const type = input.type;
  if (type?.kind !== 'tensor') return;
  const at = `input ${input.name}`;
  if (type.elemType !== 'undefined' && type.elemType !== tensor.dtype) {
    throw new ModelError(
      'input-mismatch',
      `Input "${input.name}" is ${type.elemType}; ${tensor.dtype} was given.`,
      {
        at,
      },
    );
  }
  const { shape } = type;
  if (shape === undefined) return;
  const fits =
    shape.length === tensor.dims.length &&
    shape.every(({ value }, i) => value === undefined || value < 0 || value === tensor.dims[i]);
  if (!fits) {
    const declared = shape.map(({ value, param }) => value ?? (param || '?')).join(',');
    throw new ModelError(
      'input-mismatch',
      `Input "${input.name}" is declared as [${declared}]; a tensor of dims [${tensor.dims}] was given.`,
      { at },
    );
  }
  shape.forEach(({ param }, i) => {
    if (!param) return;
    const length = tensor.dims[i]!;
    const bound = symbols.get(param) ?? { length, input: input.name };
    symbols.set(param, bound);
    if (bound.length !== length) {
      throw new ModelError(
        'input-mismatch',
        `Dimension "${param}" is ${bound.length} in input "${bound.input}", but ${length} in input "${input.name}".`,
        { at },
      );
    }
  });
}
