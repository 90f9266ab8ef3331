import { type DataType, dataTypeToCode } from '../../ir/index.ts';
import { chance, type Kind, usual } from '../elements.ts';
import { drawGrid, type GridNumbers, isSmallFloat, smallFloats } from '../grids.ts';
import { type Ask, drawDims, type Plan, type RecipeEntry, type Want } from '../recipe.ts';

const codes: readonly DataType[] = ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4'];

/** Quantizers, per tensor, per axis and in blocks, and operators on integers. */
export const quantizing: readonly (readonly [string, RecipeEntry])[] = [
  ['QuantizeLinear', { recipe: quantize, gives: [...codes, ...smallFloats], since: 10, weight: 0 }],
  [
    'DequantizeLinear',
    { recipe: dequantize, gives: ['float32', 'float16', 'float16'], since: 10, weight: 0 },
  ],
  ['DynamicQuantizeLinear', { recipe: dynamic, gives: ['uint8'], since: 11, weight: 0, outputs: 1 }],
  [
    'MatMulInteger',
    { recipe: matMulInteger, gives: ['int32'], since: 10, dims: (random) => drawDims(random, 2, 3) },
  ],
  [
    'QLinearMatMul',
    {
      recipe: qlinearMatMul,
      gives: ['int8', 'uint8'],
      since: 10,
      weight: 0.2,
      dims: (random) => drawDims(random, 2, 3),
    },
  ],
];

interface Grid {
  readonly scale: Want;
  readonly zero: Want | undefined;
  readonly attributes: GridNumbers['attributes'];
}

/** Scale and zero point of codes: one for all, one for each index of an axis, or one for each block. */
function gridOf(dims: readonly number[], dtype: DataType, scaleType: DataType, ask: Ask): Grid {
  const settled = ask.known(1);
  if (settled !== undefined) return settledGrid(settled, dtype, ask);
  const drawn = drawGrid(dims, dtype, ask);
  ask.grids.set(drawn.dims.join(), drawn.attributes);
  return {
    scale: { dtype: scaleType, dims: drawn.dims, values: drawn.scales },
    zero: ask.takes(2) ? { dtype, dims: drawn.dims, values: drawn.zeros } : undefined,
    attributes: drawn.attributes,
  };
}

/** The grid of the other half of a pair. */
function settledGrid({ dtype: scaleType, dims }: Kind, dtype: DataType, ask: Ask): Grid {
  const zero = ask.takes(2)
    ? (ask.known(2) ?? { dtype, dims, values: dims.length === 0 ? [0] : undefined })
    : undefined;
  return {
    scale: { dtype: scaleType, dims },
    zero: zero as Want | undefined,
    attributes: ask.grids.get(dims.join()) ?? {},
  };
}

function quantize(want: Kind, ask: Ask): Plan | undefined {
  if (isSmallFloat(want.dtype) && ask.opset < 19) return undefined;
  const likes = ask.likes(0);
  const isHalf = ask.opset >= 19 && (likes?.includes('float16') ?? true) && chance(ask.random, 0.04);
  const scaleType = ask.known(1)?.dtype ?? (isHalf ? 'float16' : 'float32');
  const { scale, zero, attributes } = gridOf(want.dims, want.dtype, scaleType, ask);
  if (zero === undefined && want.dtype !== 'uint8' && ask.opset < 21) return undefined;
  const isInteger = likes === undefined && scaleType === 'float32' && ask.random.below(20) === 0;
  const source: DataType = isInteger ? 'int32' : scaleType;
  const isOpen = isSmallFloat(want.dtype) || (ask.speaksOf('saturate') && ask.opset >= 19);
  const saturate = isOpen && chance(ask.random, 0.5) ? { saturate: 0 } : {};
  const type = zero === undefined && want.dtype !== 'uint8' ? { output_dtype: codeOf(want.dtype) } : {};
  const from = likes?.includes(source) === false ? likes[0]! : source;
  // From opset 23 on the scale may be of another type than what it divides.
  if (from !== scaleType && from !== 'int32' && ask.opset < 23) return undefined;
  return {
    inputs: [{ dims: want.dims, dtype: from }, scale, zero],
    attributes: { ...attributes, ...type, ...saturate },
  };
}

function codeOf(dtype: DataType): number {
  return dataTypeToCode(dtype);
}

function dequantize(want: Kind, ask: Ask): Plan | undefined {
  const { random, palette } = ask;
  const settled = ask.known(2)?.dtype;
  const likes = ask.likes(0);
  const usualTypes: readonly DataType[] = [palette.codes, 'int8', 'uint8', 'int32'];
  const able = usualTypes.filter((type) => likes === undefined || likes.includes(type));
  if (able.length === 0) return undefined;
  const dtype =
    settled ??
    (ask.takes(2)
      ? usual(random, able, palette.variety / 2)
      : random.pick(['uint8', 'uint8', 'int32'] as const));
  if (dtype === 'int32' && likes !== undefined) return undefined;
  if (['int16', 'uint16', 'int4', 'uint4'].includes(dtype) && ask.opset < 21) return undefined;
  if (isSmallFloat(dtype) && ask.opset < 19) return undefined;
  if (want.dtype === 'float16' && ask.opset < 19) return undefined;
  const { scale, zero, attributes } = gridOf(want.dims, dtype, want.dtype, ask);
  if (scale.dtype !== want.dtype) return undefined;
  return {
    inputs: [{ dims: want.dims, dtype }, scale, dtype === 'int32' ? undefined : zero],
    attributes,
  };
}

function dynamic(want: Kind): Plan {
  return {
    inputs: [{ dims: want.dims, dtype: 'float32' }],
    outputs: [want, { dtype: 'float32', dims: [] }, { dtype: 'uint8', dims: [] }],
  };
}

function matMulInteger(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length < 2) return undefined;
  const [rows, columns] = [want.dims.at(-2)!, want.dims.at(-1)!];
  const inner = 1 + ask.random.below(3);
  const type = () => ask.random.pick<DataType>(['int8', 'uint8']);
  const [a, b] = [type(), type()];
  return {
    inputs: [
      { dtype: a, dims: [...want.dims.slice(0, -2), rows, inner] },
      { dtype: b, dims: [inner, columns] },
      ask.takes(2) ? { dtype: a, dims: [], values: [ask.random.below(9)] } : undefined,
      ask.takes(3) ? { dtype: b, dims: [], values: [ask.random.below(9)] } : undefined,
    ],
  };
}

function qlinearMatMul(want: Kind, ask: Ask): Plan | undefined {
  if (want.dims.length < 2) return undefined;
  const [rows, columns] = [want.dims.at(-2)!, want.dims.at(-1)!];
  const inner = 1 + ask.random.below(3);
  const { random, palette } = ask;
  const scale = (): Want => ({
    dtype: 'float32',
    dims: [],
    values: [Math.abs(usual(random, palette.scales, 0.3))],
  });
  const zero = (dtype: DataType): Want => ({ dtype, dims: [], values: [random.below(9)] });
  const type = want.dtype;
  return {
    inputs: [
      { dtype: type, dims: [...want.dims.slice(0, -2), rows, inner] },
      scale(),
      zero(type),
      { dtype: type, dims: [inner, columns] },
      scale(),
      zero(type),
      scale(),
      zero(type),
    ],
  };
}
