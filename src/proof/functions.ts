import { type DataType, findDataType, integerRange } from '../ir/index.ts';
import { decodeFloat, encodeFloat } from '../support/minifloat.ts';
import {
  applyPrimitive,
  isMonotone,
  isReal,
  keepsOrder,
  numbersKey,
  type Primitive,
  primitiveKey,
  smallFormat,
} from './primitives.ts';

/**
 * What is done to one element on its way, in a form that is the same whenever the effect is the same.
 *
 * `identity`: nothing. `table`: codes of at most 16 bits become values, one for each code, smallest code first; written
 * out in full, so two tables are equal exactly when they do the same. `steps`: a float that ends as one of few values,
 * always rising or always falling; `values[i]` belongs to `starts[i] ≤ x < starts[i + 1]`, `starts[0]` is −∞. Equal steps do the
 * same, different ones differ somewhere. `chain`: operations on a float that are kept as they are written.
 */
export type ElementFunction =
  | { readonly kind: 'identity' }
  | {
      readonly kind: 'table';
      readonly from: DataType;
      readonly to: DataType;
      readonly values: readonly number[];
    }
  | {
      readonly kind: 'steps';
      readonly from: DataType;
      readonly to: DataType;
      readonly starts: readonly number[];
      readonly values: readonly number[];
    }
  | { readonly kind: 'chain'; readonly to: DataType; readonly links: readonly Primitive[] };

export const identity: ElementFunction = Object.freeze({ kind: 'identity' });

/** Codes of a type that tables are written for; `undefined` for floats and for integers of more than 16 bits. */
export function codesOf(dtype: DataType): { readonly min: number; readonly max: number } | undefined {
  const range = integerRange(dtype);
  return range !== undefined && range.max - range.min <= 0xffff ? range : undefined;
}

/** `primitive` after `before`, for elements that start as `from`. */
export function compose(before: ElementFunction, primitive: Primitive, from: DataType): ElementFunction {
  if (before.kind === 'table') {
    return table(
      before.from,
      primitive.to,
      before.values.map((value) => applyPrimitive(primitive, value)),
    );
  }
  if (before.kind === 'steps') {
    return steps(
      before.from,
      primitive.to,
      before.starts,
      before.values.map((value) => applyPrimitive(primitive, value)),
    );
  }
  const codes = codesOf(from);
  if (before.kind === 'identity' && codes !== undefined) {
    const values = Array.from({ length: codes.max - codes.min + 1 }, (_, i) =>
      applyPrimitive(primitive, codes.min + i),
    );
    return table(from, primitive.to, values);
  }
  const links = [...(before.kind === 'chain' ? before.links : []), primitive];
  if (isReal(from) && codesOf(primitive.to) !== undefined && links.every(isMonotone))
    return stepsOf(links, from);
  return { kind: 'chain', to: primitive.to, links };
}

/** The value an element ends as, having started as `x`. */
export function applyFunction(of: ElementFunction, x: number): number {
  switch (of.kind) {
    case 'identity':
      return x;
    case 'table':
      return of.values[x - codesOf(of.from)!.min]!;
    case 'steps':
      return of.values[stepAt(of.starts, x)]!;
    case 'chain':
      return of.links.reduce((value, link) => applyPrimitive(link, value), x);
  }
}

/**
 * Whether the larger of two elements stays the larger (or becomes the same value, bit for bit), so that
 * max(f(a), f(b)) = f(max(a, b)).
 */
export function neverFalls(of: ElementFunction): boolean {
  if (of.kind === 'identity') return true;
  if (of.kind === 'chain') return of.links.every(keepsOrder);
  return of.values.every(
    (value, i) => i === 0 || value > of.values[i - 1]! || Object.is(value, of.values[i - 1]),
  );
}

/** Whether a float may end as −0, having started as a `from`. */
export function mayEndAsNegativeZero(of: ElementFunction, from: DataType): boolean {
  switch (of.kind) {
    case 'identity':
      return findDataType(from)?.kind === 'float';
    case 'table':
    case 'steps':
      return of.values.some((value) => Object.is(value, -0));
    case 'chain':
      return of.links.at(-1)!.kind !== 'relu';
  }
}

/** A name that two functions share exactly when they are the same. */
export function functionKey(of: ElementFunction): string {
  switch (of.kind) {
    case 'identity':
      return 'identity';
    case 'table':
      return `table ${of.from} ${of.to} ${numbersKey(of.values)}`;
    case 'steps':
      return `steps ${of.from} ${of.to} ${numbersKey(of.starts)} ${numbersKey(of.values)}`;
    case 'chain':
      return `chain ${of.links.map(primitiveKey).join(' ')}`;
  }
}

/** The float of a type right below x; −0 and 0 count as one. */
export function floatBelow(x: number, dtype: DataType): number {
  return floatAt(orderOf(x, dtype) - 1, dtype);
}

function table(from: DataType, to: DataType, values: readonly number[]): ElementFunction {
  const { min } = codesOf(from)!;
  return to === from && values.every((value, i) => value === min + i)
    ? identity
    : { kind: 'table', from, to, values };
}

function steps(
  from: DataType,
  to: DataType,
  starts: readonly number[],
  values: readonly number[],
): ElementFunction {
  const kept = starts.map((_, i) => i).filter((i) => i === 0 || !Object.is(values[i], values[i - 1]));
  return {
    kind: 'steps',
    from,
    to,
    starts: kept.map((i) => starts[i]!),
    values: kept.map((i) => values[i]!),
  };
}

/** Finds every float at which a function that only rises, or only falls, takes its next value, by bisection. */
function stepsOf(links: readonly Primitive[], from: DataType): ElementFunction {
  const at = (order: number) =>
    links.reduce((value, link) => applyPrimitive(link, value), floatAt(order, from));
  const first = orderOf(-Infinity, from);
  const last = orderOf(Infinity, from);
  const starts = [-Infinity];
  const values = [at(first)];
  const visit = (low: number, high: number, below: number, above: number) => {
    if (Object.is(below, above)) return;
    if (high - low === 1) {
      starts.push(floatAt(high, from));
      values.push(above);
      return;
    }
    const middle = Math.floor((low + high) / 2);
    const between = at(middle);
    visit(low, middle, below, between);
    visit(middle, high, between, above);
  };
  visit(first, last, values[0]!, at(last));
  return { kind: 'steps', from, to: links.at(-1)!.to, starts, values };
}

function stepAt(starts: readonly number[], x: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (x >= starts[middle]!) low = middle;
    else high = middle - 1;
  }
  return low;
}

const float = new Float32Array(1);
const word = new Int32Array(float.buffer);

/** The numbers of a float type in order, 0 for zero, so that neighbours differ by one. */
function orderOf(x: number, dtype: DataType): number {
  float[0] = x;
  const small = smallFormat(dtype);
  const code = small === undefined ? word[0]! : (encodeFloat(small, x) << 16) >> 16;
  return code >= 0 ? code : -(code & (small === undefined ? 0x7fffffff : 0x7fff));
}

function floatAt(order: number, dtype: DataType): number {
  const small = smallFormat(dtype);
  if (small !== undefined) return decodeFloat(small, order >= 0 ? order : -order | 0x8000);
  word[0] = order >= 0 ? order : -order | 0x80000000;
  return float[0]!;
}
