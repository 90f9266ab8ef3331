import { type DataType, dataTypeFromCode } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray } from './array.ts';
import { floats } from './dtypes.ts';
import type { TypeCall } from './kernel.ts';

/** An array of numbers that are drawn one after the other. Throws `unsupported-dtype` for types other than floats. */
export function drawn(dtype: DataType, dims: readonly number[], draw: () => number): NdArray {
  if (!floats.includes(dtype))
    throw new ModelError(
      'unsupported-dtype',
      `Random numbers are made as ${floats.join(', ')}, not as ${dtype}.`,
    );
  const target = allocateNumbers(dtype, dims);
  for (let i = 0; i < target.length; i++) target[i] = draw();
  return makeArray(dtype, dims, target);
}

/** The element type that `dtype` asks for, else the input's. */
export function drawnType({
  attributes,
  inputs: [x],
}: Pick<TypeCall, 'attributes' | 'inputs'>): DataType | undefined {
  const asked = attributes['dtype'];
  return typeof asked === 'number' ? dataTypeFromCode(asked) : x;
}
