import type { DataType } from '../ir/index.ts';
import { constantKey, type TermArray } from './arrays.ts';
import {
  compose,
  type ElementFunction,
  functionKey,
  identity,
  mayEndAsNegativeZero,
  neverFalls,
} from './functions.ts';
import { applyPrimitive, keepsOrder, type Primitive } from './primitives.ts';

/**
 * Where an element comes from before anything is done to it alone.
 *
 * `input`: an element of a graph input. `constant`: a number. `extreme`: the largest or smallest of other elements. `made`: an element that a node made which is not looked into; nodes of one operator,
 * with the same attributes, on the same elements make the same.
 */
export type Root =
  | { readonly kind: 'input'; readonly dtype: DataType; readonly name: string; readonly element: number }
  | { readonly kind: 'constant'; readonly dtype: DataType; readonly value: number | bigint }
  | {
      readonly kind: 'extreme';
      readonly dtype: DataType;
      readonly of: Extreme;
      readonly terms: readonly number[];
    }
  | {
      readonly kind: 'made';
      readonly dtype: DataType;
      readonly node: number;
      readonly output: number;
      readonly element: number;
    };

/** Which element an operator picks: the largest or smallest, and, where it matters, which of several equal ones. */
export type Extreme =
  | 'largest'
  | 'largest, first'
  | 'largest, last'
  | 'smallest'
  | 'smallest, first'
  | 'smallest, last';

/** An element of some tensor: a root, and what was done to it. */
export interface Term {
  readonly root: number;
  readonly fn: number;
}

/** A number that two terms share exactly when root and function are the same. */
export function termKey(root: number, fn: number): number {
  return root * 2 ** 22 + fn;
}

/**
 * Whether it matters which of several equal elements is picked: only among floats, two of which may be zeros of either
 * sign.
 */
export function orderMatters(
  terms: Iterable<{ readonly root: Root; readonly fn: ElementFunction }>,
): boolean {
  for (const { root, fn } of terms) {
    const mayBe = root.kind === 'constant' ? Object.is(root.value, -0) : mayEndAsNegativeZero(fn, root.dtype);
    if (mayBe) return true;
  }
  return false;
}

/** The same extreme where it does not matter which of several equal elements is picked. */
export function anyOf(of: Extreme): Extreme {
  return of.startsWith('largest') ? 'largest' : 'smallest';
}

/** Whether an extreme may be taken apart inside another one. */
export function picksAlike(inner: Extreme, outer: Extreme): boolean {
  return inner === outer || inner === anyOf(outer);
}

/** A run of roots that are elements of one tensor, numbered from `start`. */
interface Run {
  readonly start: number;
  readonly rootOf: (element: number) => Root;
}

/**
 * All elements met so far. The same root, function or term has the same number, so elements are equal when their
 * numbers are.
 */
export class TermTable {
  readonly functions: ElementFunction[] = [identity];
  readonly #functionNumbers = new Map<string, number>([[functionKey(identity), 0]]);
  readonly #runs: Run[] = [];
  readonly #named = new Map<string, number>();
  #roots = 0;
  readonly #terms: Term[] = [];
  readonly #termNumbers = new Map<number, number>();
  /** Terms that a constant takes part in: constants, and extremes that one of these is an element of. */
  readonly #mixed = new Set<number>();
  readonly #composed = new Map<Primitive, Map<string, number>>();

  get size(): number {
    return this.#terms.length;
  }

  term(number: number): Term {
    return this.#terms[number]!;
  }

  root(number: number): Root {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#runs[middle]!.start <= number) low = middle;
      else high = middle - 1;
    }
    const { start, rootOf } = this.#runs[low]!;
    return rootOf(number - start);
  }

  /** The terms of a tensor whose elements are roots; asked again with the same key, the same terms. */
  tensor(key: string, count: number, rootOf: (element: number) => Root): Float64Array {
    const known = this.#named.get(key);
    const start = known ?? this.#roots;
    if (known === undefined) this.#add(key, count, rootOf);
    return Float64Array.from({ length: count }, (_, i) => this.#intern(start + i, 0));
  }

  readonly constant = (dtype: DataType, value: number | bigint): number => {
    const root = this.#rootNumber(`constant ${constantKey(dtype, value)}`, {
      kind: 'constant',
      dtype,
      value,
    });
    const number = this.#intern(root, 0);
    this.#mixed.add(number);
    return number;
  };

  /**
   * An element after one more operation. Operations on constants are carried out, and for that those on an extreme that
   * a constant takes part in are done to each of its elements.
   */
  apply(number: number, primitive: Primitive): number {
    const { root, fn } = this.term(number);
    const origin = this.root(root);
    if (origin.kind === 'constant')
      return this.constant(primitive.to, applyPrimitive(primitive, Number(origin.value)));
    if (origin.kind === 'extreme' && this.#mixed.has(number) && keepsOrder(primitive)) {
      const terms = origin.terms.map((term) => this.apply(term, primitive));
      return this.extreme(origin.of, terms, primitive.to);
    }
    return this.#intern(root, this.#compose(fn, primitive, origin.dtype));
  }

  /** An array all of whose elements went through one function, as what they were before it; no such thing for constants. */
  split({ dims, terms }: TermArray): { readonly plain: TermArray; readonly fn: number } | undefined {
    const [first] = terms ?? [];
    if (terms === undefined || first === undefined) return undefined;
    const { root, fn } = this.term(first);
    const { dtype } = this.root(root);
    if (fn === 0) return undefined;
    const alike = terms.every((number) => {
      const term = this.term(number);
      return term.fn === fn && this.root(term.root).dtype === dtype;
    });
    return alike
      ? { plain: { dtype, dims, terms: terms.map((number) => this.#intern(this.term(number).root, 0)) }, fn }
      : undefined;
  }

  /** The terms of an array whose elements are roots, behind a function. */
  behind({ terms }: TermArray, fn: number): Float64Array {
    return terms!.map((number) => this.#intern(this.term(number).root, fn));
  }

  /**
   * The largest or smallest of some elements. When all went through one function that never falls, it is the function of
   * the largest, unless a constant takes part in it; an extreme of extremes is one extreme.
   */
  extreme(of: Extreme, numbers: readonly number[], dtype: DataType): number {
    if (numbers.every((number) => number === numbers[0])) return numbers[0]!;
    const terms = numbers.map((number) => this.term(number));
    const { fn } = terms[0]!;
    if (fn !== 0 && terms.every((term) => term.fn === fn) && neverFalls(this.functions[fn]!)) {
      const plain = terms.map(({ root }) => this.#intern(root, 0));
      const from = this.root(terms[0]!.root).dtype;
      if (terms.every(({ root }) => this.root(root).dtype === from)) {
        const root = this.#extremeOf(of, plain, from);
        if (!this.#isMixed(this.root(root))) return this.#intern(root, fn);
      }
    }
    const root = this.#extremeOf(of, numbers, dtype);
    const number = this.#intern(root, 0);
    if (this.#isMixed(this.root(root))) this.#mixed.add(number);
    return number;
  }

  /** The root of an extreme: inner extremes are taken apart, repeated elements left out. */
  #extremeOf(of: Extreme, numbers: readonly number[], dtype: DataType): number {
    const plain = numbers.flatMap((number) => this.#parts(of, number, false));
    const flat = plain.some((number) => this.#mixed.has(number))
      ? plain.flatMap((number) => this.#parts(of, number, true))
      : plain;
    const told = flat.map((number) => this.term(number));
    const ordered = orderMatters(
      told.map(({ root, fn }) => ({ root: this.root(root), fn: this.functions[fn]! })),
    );
    const unique = of.endsWith('last') ? [...new Set(flat.reverse())].reverse() : [...new Set(flat)];
    const terms = ordered ? unique : unique.sort((a, b) => a - b);
    const only = this.term(terms[0]!);
    if (terms.length === 1 && only.fn === 0) return only.root;
    const which = ordered ? of : anyOf(of);
    const root: Root = { kind: 'extreme', dtype, of: which, terms };
    return this.#rootNumber(`extreme ${which} ${dtype} ${terms}`, root);
  }

  /** The elements of an extreme inside another one; with `behind`, also of one behind a function that never falls. */
  #parts(of: Extreme, number: number, behind: boolean): readonly number[] {
    const { root, fn } = this.term(number);
    const inner = this.root(root);
    if (inner.kind !== 'extreme' || !picksAlike(inner.of, of)) return [number];
    if (fn === 0) return inner.terms;
    const terms = inner.terms.map((term) => this.term(term));
    if (!behind || !neverFalls(this.functions[fn]!)) return [number];
    if (this.#isMixed(inner) || terms.some((term) => term.fn !== 0)) return [number];
    return terms.map((term) => this.#intern(term.root, fn));
  }

  #isMixed(root: Root): boolean {
    return root.kind === 'extreme' && root.terms.some((term) => this.#mixed.has(term));
  }

  #compose(fn: number, primitive: Primitive, from: DataType): number {
    const known = this.#composed.get(primitive) ?? new Map<string, number>();
    this.#composed.set(primitive, known);
    const key = `${fn} ${from}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const composed = compose(this.functions[fn]!, primitive, from);
    const name = functionKey(composed);
    const number = this.#functionNumbers.get(name) ?? this.functions.push(composed) - 1;
    this.#functionNumbers.set(name, number);
    known.set(key, number);
    return number;
  }

  #rootNumber(key: string, root: Root): number {
    return this.#named.get(key) ?? this.#add(key, 1, () => root);
  }

  #add(key: string, count: number, rootOf: (element: number) => Root): number {
    const start = this.#roots;
    this.#named.set(key, start);
    if (count === 0) return start;
    this.#runs.push({ start, rootOf });
    this.#roots += count;
    return start;
  }

  #intern(root: number, fn: number): number {
    const key = termKey(root, fn);
    const known = this.#termNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#terms.push({ root, fn }) - 1;
    this.#termNumbers.set(key, number);
    return number;
  }
}
