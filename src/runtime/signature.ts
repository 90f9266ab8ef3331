import type { DataType } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';

export type TypeVariables = Readonly<Record<string, readonly DataType[]>>;

/** Element types of a kernel's inputs and outputs, from text like `T, I -> T`. */
export interface Signature {
  readonly text: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly variadicInputs: boolean;
  readonly variadicOutputs: boolean;
  readonly where: TypeVariables;
}

export function parseSignature(text: string, where: TypeVariables): Signature {
  const [inputs, outputs] = text.split('->').map((side) =>
    side
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  ) as [string[], string[]];
  const plain = (items: readonly string[]) => items.map((item) => item.replace('...', ''));
  return {
    text,
    inputs: plain(inputs),
    outputs: plain(outputs),
    variadicInputs: inputs.at(-1)?.endsWith('...') ?? false,
    variadicOutputs: outputs.at(-1)?.endsWith('...') ?? false,
    where,
  };
}

/**
 * Checks input types against a signature and gives the output types; `undefined` stands for a type that is not known.
 *
 * @param what the operator, for the message
 * @throws ModelError `unsupported-dtype` for a type the kernel does not have, `type-mismatch` when two that must agree differ
 */
export function resolveTypes(
  signature: Signature,
  types: readonly (DataType | undefined)[],
  what: string,
): (DataType | undefined)[] {
  const bound = new Map<string, DataType>();
  types.forEach((dtype, index) => {
    if (dtype === undefined) return;
    const item = itemAt(signature.inputs, signature.variadicInputs, index);
    if (item === undefined || item === '*' || item === '?') return;
    const allowed = signature.where[item] ?? [item as DataType];
    if (!allowed.includes(dtype)) {
      throw new ModelError(
        'unsupported-dtype',
        `Input ${index} of ${what} is ${dtype === 'undefined' ? 'a sequence or an empty optional' : dtype}; this library computes it for ${allowed.join(', ')}.`,
      );
    }
    const other = bound.get(item);
    if (other !== undefined && other !== dtype) {
      throw new ModelError(
        'type-mismatch',
        `Input ${index} of ${what} is ${dtype}, but another input of the same type is ${other}.`,
        { fix: 'Insert a Cast, or export the model again.' },
      );
    }
    bound.set(item, dtype);
  });
  return signature.outputs.map((item) => {
    if (item in signature.where) return bound.get(item);
    return item === '?' || item === '*' ? undefined : (item as DataType);
  });
}

function itemAt(items: readonly string[], variadic: boolean, index: number): string | undefined {
  return items[index] ?? (variadic ? items.at(-1) : undefined);
}
