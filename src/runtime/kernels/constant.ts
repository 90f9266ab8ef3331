import type { DataType, Node } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { arrayOf, fromTensor, type NdArray } from '../array.ts';
import { kernel } from '../kernel.ts';
import { densify } from '../sparse.ts';

/** A value that is written in the graph, in one of seven forms. */
export const constant = kernel('Constant', {
  versions: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
  types: '-> ?',
  outputTypes: ({ node }) => [typeOf(node)],
  run({ node }) {
    // Read from the node: whole numbers beyond 2^53 have to stay exact.
    for (const attribute of node.attributes) {
      switch (`${attribute.name} ${attribute.type}`) {
        case 'value TENSOR':
          return fromTensor(attribute.value as never);
        case 'sparse_value SPARSE_TENSOR':
          return densify(attribute.value as never);
        case 'value_float FLOAT':
          return arrayOf('float32', [], [attribute.value as number]);
        case 'value_int INT':
          return arrayOf('int64', [], [attribute.value as bigint]);
        case 'value_string STRING':
          return arrayOf('string', [], [attribute.value as string]);
        case 'value_floats FLOATS':
          return list('float32', attribute.value as readonly number[]);
        case 'value_ints INTS':
          return list('int64', attribute.value as readonly bigint[]);
        case 'value_strings STRINGS':
          return list('string', attribute.value as readonly string[]);
      }
    }
    throw new ModelError('missing-attribute', 'Constant has none of the attributes that hold a value.');
  },
});

function list(dtype: DataType, values: readonly (number | bigint | string)[]): NdArray {
  return arrayOf(dtype, [values.length], values);
}

function typeOf(node: Node): DataType | undefined {
  for (const { name, type, value } of node.attributes) {
    if (name === 'value' && type === 'TENSOR') return value.dtype;
    if (name === 'sparse_value' && type === 'SPARSE_TENSOR') return value.values?.dtype;
    if (name.startsWith('value_float')) return 'float32';
    if (name.startsWith('value_int')) return 'int64';
    if (name.startsWith('value_string')) return 'string';
  }
  return undefined;
}
