import { type DataType, dataTypeToCode, integerRange, tensor } from '../../../src/ir/index.ts';
import { exact, type Maker, type Sketch, when } from '../sketch.ts';
import type { Values } from '../values.ts';
import { product } from '../values.ts';

const since9: readonly DataType[] = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
];
const floatTypes = /float/;

function types(opset: number): readonly DataType[] {
  return [
    ...since9,
    ...(opset >= 13 ? (['bfloat16'] as const) : []),
    ...(opset >= 19 ? (['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz'] as const) : []),
    ...(opset >= 21 ? (['int4', 'uint4'] as const) : []),
  ];
}

/** Cast between all types; floats to integers within the range, since ONNX defines nothing beyond. */
export const casts: readonly Maker[] = [
  {
    opType: 'Cast',
    family: 'cast',
    since: 9,
    within: exact,
    weight: 6,
    x: (v) => {
      const dtype = v.pick(types(v.opset));
      return v.any(dtype, v.dims(v.whole(0, 3), { empty: true }));
    },
    make(v, x): Sketch {
      const to = v.pick(types(v.opset).filter((dtype) => dtype !== x.dtype));
      const attributes = {
        to: dataTypeToCode(to),
        ...when(/float8/.test(to) && v.chance(0.3), { saturate: 0 }),
      };
      const range = integerRange(to);
      if (!floatTypes.test(x.dtype) || range === undefined) return { inputs: [x], attributes };
      return { inputs: [tensor(x.dtype, x.dims, fitting(v, range, x.dims, /4$/.test(to)))], attributes };
    },
  },
];

function fitting(
  v: Values,
  range: { min: number; max: number },
  dims: readonly number[],
  whole: boolean,
): number[] {
  const [low, high] = [Math.max(range.min, -10000), Math.min(range.max, 10000)];
  return Array.from({ length: product(dims) }, () => {
    const value = v.whole(low, high);
    return whole || value === high || value === low ? value : value + v.pick([0, 0.5, -0.5, 0.99]);
  });
}
