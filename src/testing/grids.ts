import type { Granularity } from '../analysis/index.ts';
import { type DataType, integerRange } from '../ir/index.ts';
import type { Random } from '../support/random.ts';
import { chance, type Palette, usual } from './elements.ts';
import { product, spellAxis } from './recipe.ts';

/** The numbers of a grid, before they are tensors. */
export interface GridNumbers {
  readonly granularity: Granularity;
  /** Dims of the scale and of the zero point. */
  readonly dims: readonly number[];
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly attributes: { readonly axis?: number; readonly block_size?: number };
}

/** What a grid is drawn from. */
export interface GridSource {
  readonly random: Random;
  readonly palette: Palette;
  readonly opset: number;
}

/** Codes that are small floats: `saturate` says what becomes of numbers beyond them. */
export const smallFloats: readonly DataType[] = ['float8e4m3fn', 'float8e5m2'];

export function isSmallFloat(dtype: DataType): boolean {
  return smallFloats.includes(dtype);
}

/** How often each granularity is drawn where all are welcome. */
const common: readonly (readonly [Granularity, number])[] = [
  ['axis', 0.2],
  ['block', 0.07],
];

/**
 * Scales and zero points for codes of some dims: one for all mostly. Scales along an axis come from opset 13 on, blocks
 * from 21 on; where neither is to be had, one scale is for all.
 */
export function drawGrid(
  dims: readonly number[],
  dtype: DataType,
  { random, palette, opset }: GridSource,
  granularity: Granularity = drawGranularity(random),
): GridNumbers {
  const axis = random.below(Math.max(dims.length, 1));
  const zeroOf = () => zeroFor(dtype, palette, random);
  if (granularity === 'axis' && dims.length > 0 && opset >= 13) {
    const isSaid = axis !== 1 || chance(random, 0.3);
    const attributes = isSaid ? { axis: spellAxis(random, axis, dims.length) } : {};
    return { granularity, ...numbersFor([dims[axis]!], palette, random, zeroOf), attributes };
  }
  if (granularity === 'block' && dims.length > 1 && opset >= 21) {
    const shape = dims.map((length, i) => (i === axis ? Math.ceil(length / 2) : length));
    return {
      granularity,
      ...numbersFor(shape, palette, random, zeroOf),
      attributes: { axis, block_size: 2 },
    };
  }
  return { granularity: 'tensor', ...numbersFor([], palette, random, zeroOf), attributes: {} };
}

function drawGranularity(random: Random): Granularity {
  let left = random.uniform();
  for (const [granularity, share] of common) {
    if (left < share) return granularity;
    left -= share;
  }
  return 'tensor';
}

/** Scales of one grid are often powers of two apart: equal ones hide an axis that is wrong. */
function numbersFor(dims: readonly number[], palette: Palette, random: Random, zeroOf: () => number) {
  const scales = Array.from({ length: product(dims) }, (_, i) => {
    const scale = usual(random, palette.scales, palette.variety);
    return i > 0 && chance(random, 0.7) ? scale * 2 ** random.below(3) : scale;
  });
  return { dims, scales, zeros: scales.map(zeroOf) };
}

function zeroFor(dtype: DataType, palette: Palette, random: Random): number {
  const zero = usual(random, palette.zeros, palette.variety);
  if (isSmallFloat(dtype) || dtype === 'int32') return 0;
  if (dtype === palette.codes) return zero;
  return Math.max(0, Math.min(zero, integerRange(dtype)?.max ?? 0));
}
