import { dataTypeFromCode } from '../../ir/index.ts';
import { convert } from '../convert.ts';
import { movable } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Elements as another type; `to` is a name in version 1, a number later. */
export const cast = kernel('Cast', {
  versions: [1, 6, 9, 13, 19, 21, 23, 24, 25, 28],
  types: 'T -> ?',
  where: { T: movable },
  outputTypes: ({ attributes: { to } }) => [targetType(to)],
  run: ({ attributes, inputs: [x] }) =>
    convert(x!, targetType(attributes.to), {
      saturate: attributes.saturate !== 0,
      roundMode: attributes.round_mode ?? 'up',
    }),
});

function targetType(to: unknown) {
  return typeof to === 'number'
    ? dataTypeFromCode(to)
    : ((dataTypeByOldName.get(String(to)) ?? 'undefined') as never);
}

/** Version 1 spells types as the enum of onnx.proto does. */
const dataTypeByOldName = new Map([
  ['FLOAT', 'float32'],
  ['DOUBLE', 'float64'],
  ['FLOAT16', 'float16'],
  ['INT8', 'int8'],
  ['INT16', 'int16'],
  ['INT32', 'int32'],
  ['INT64', 'int64'],
  ['UINT8', 'uint8'],
  ['UINT16', 'uint16'],
  ['UINT32', 'uint32'],
  ['UINT64', 'uint64'],
  ['BOOL', 'bool'],
]);
