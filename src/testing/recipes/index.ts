import { findSchema } from '../../ops/index.ts';
import { findKernel } from '../../runtime/index.ts';
import type { RecipeBook, RecipeEntry } from '../recipe.ts';
import { elementwise } from './elementwise.ts';
import { layout } from './layout.ts';
import { quantizing } from './quantize.ts';
import { sums } from './sums.ts';
import { windows } from './windows.ts';

const changesType = new Set(
  'Cast CastLike QuantizeLinear DequantizeLinear DynamicQuantizeLinear MatMulInteger ConvInteger OneHot ConstantOfShape EyeLike'.split(
    ' ',
  ),
);

/** How to make a node of each operator that generated models are made of, by operator. */
export const recipes: RecipeBook = new Map(
  [...elementwise, ...layout, ...quantizing, ...sums, ...windows].map(([opType, entry]) => [
    opType,
    {
      ...entry,
      keepsType: entry.gives[0] !== 'bool' && entry.gives[0] !== 'int64' && !changesType.has(opType),
    },
  ]),
);

/** Whether generated models of an opset may hold an operator: there is a recipe, and a kernel of that version. */
export function isMakeable(opType: string, opset: number): boolean {
  const entry = recipes.get(opType);
  if (entry === undefined || !reaches(entry, opset)) return false;
  const version = findSchema('', opType, opset)?.since;
  return version !== undefined && findKernel('', opType, version) !== undefined;
}

export function reaches({ since = 1, until = Infinity }: RecipeEntry, opset: number): boolean {
  return since <= opset && opset <= until;
}
