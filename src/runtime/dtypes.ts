import type { DataType } from '../ir/index.ts';

/** Groups of element types that kernels declare. */

export const floats: readonly DataType[] = ['float32', 'float64', 'float16', 'bfloat16'];
export const minifloats: readonly DataType[] = [
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'float4e2m1',
  'float6e2m3',
  'float6e3m2',
];
export const signed: readonly DataType[] = ['int8', 'int16', 'int32', 'int64'];
export const unsigned: readonly DataType[] = ['uint8', 'uint16', 'uint32', 'uint64'];
export const integers: readonly DataType[] = [...signed, ...unsigned];
export const narrowIntegers: readonly DataType[] = ['int4', 'uint4', 'int2', 'uint2'];
export const numeric: readonly DataType[] = [...floats, ...integers];
export const indices: readonly DataType[] = ['int64', 'int32'];
export const bytes: readonly DataType[] = ['int8', 'uint8'];
/** Every type whose elements can be moved. */
export const anything: readonly DataType[] = [
  ...numeric,
  'bool',
  'string',
  'complex64',
  'complex128',
  ...minifloats,
  'float8e8m0',
  ...narrowIntegers,
];
/** Types whose elements are one JavaScript value each. */
export const movable: readonly DataType[] = anything.filter((dtype) => !dtype.startsWith('complex'));

const smallFloats = new Set<DataType>(['float16', 'bfloat16', 'float8e8m0', ...minifloats]);

/** Whether values of the type are held in a Float32Array and rounded to the type when they are stored. */
export function isSmallFloat(dtype: DataType): boolean {
  return smallFloats.has(dtype);
}

export function isFloat(dtype: DataType): boolean {
  return dtype === 'float32' || dtype === 'float64' || smallFloats.has(dtype);
}
