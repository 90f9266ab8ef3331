import type { DataType } from '../ir/index.ts';
import { compose, type ElementFunction, functionKey, identity, neverFalls } from './functions.ts';
import { applyPrimitive, type Primitive } from './primitives.ts';

/**
 * Where an element comes from before anything is done to it alone.
 *
 * `input`: an element of a graph input. `constant`: a number. `extreme`: the largest or smallest of other elements, the
 * first or the last of equal ones. `made`: an element that a node made which is not looked into; nodes of one operator,
 * with the same attributes, on the same elements make the same.
 */
export type Root =
  | { readonly kind: 'input'; readonly dtype: DataType; readonly name: string; readonly element: number }
  | { readonly kind: 'constant'; readonly dtype: DataType; readonly value: number }
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

/** Which element an operator picks: the largest or smallest, and which of several equal ones. */
export type Extreme = 'largest, first' | 'largest, last' | 'smallest, first' | 'smallest, last';

/** An element of some tensor: a root, and what was done to it. */
export interface Term {
  readonly root: number;
  readonly fn: number;
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

  constant(dtype: DataType, value: number): number {
    const key = `constant ${dtype} ${Object.is(value, -0) ? '-0' : value}`;
    return this.#single(key, { kind: 'constant', dtype, value });
  }

  /** An element after one more operation. Operations on constants are carried out. */
  apply(number: number, primitive: Primitive): number {
    const { root, fn } = this.term(number);
    const origin = this.root(root);
    if (origin.kind === 'constant')
      return this.constant(primitive.to, applyPrimitive(primitive, origin.value));
    return this.#intern(root, this.#compose(fn, primitive, origin.dtype));
  }

  /**
   * The largest or smallest of some elements. When all went through one function that never falls, it is the function of
   * the largest; an extreme of extremes is one extreme.
   */
  extreme(of: Extreme, numbers: readonly number[], dtype: DataType): number {
    if (numbers.every((number) => number === numbers[0])) return numbers[0]!;
    const terms = numbers.map((number) => this.term(number));
    const { fn } = terms[0]!;
    if (terms.every((term) => term.fn === fn) && neverFalls(this.functions[fn]!)) {
      const roots = terms.map(({ root }) => root);
      const from = this.root(roots[0]!).dtype;
      if (roots.every((root) => this.root(root).dtype === from))
        return this.#intern(this.#extremeRoot(of, roots, from), fn);
    }
    return this.#intern(this.#extremeOf(of, numbers, dtype), 0);
  }

  #extremeRoot(of: Extreme, roots: readonly number[], dtype: DataType): number {
    return this.#extremeOf(
      of,
      roots.map((root) => this.#intern(root, 0)),
      dtype,
    );
  }

  /** The root of an extreme: inner extremes are taken apart, repeated elements left out. */
  #extremeOf(of: Extreme, numbers: readonly number[], dtype: DataType): number {
    const flat = numbers.flatMap((number) => {
      const { root, fn } = this.term(number);
      const inner = this.root(root);
      return inner.kind === 'extreme' && inner.of === of && fn === 0 ? inner.terms : [number];
    });
    const ordered = of.endsWith('last') ? [...new Set(flat.reverse())].reverse() : [...new Set(flat)];
    // Codes have no two zeros: which of equal ones is picked does not matter.
    const terms = dtype.startsWith('float') ? ordered : ordered.sort((a, b) => a - b);
    const only = this.term(terms[0]!);
    if (terms.length === 1 && only.fn === 0) return only.root;
    const which: Extreme = dtype.startsWith('float')
      ? of
      : of.startsWith('largest')
        ? 'largest, first'
        : 'smallest, first';
    return this.#rootNumber(`extreme ${which} ${dtype} ${terms}`, {
      kind: 'extreme',
      dtype,
      of: which,
      terms,
    });
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

  #single(key: string, root: Root): number {
    return this.#intern(this.#rootNumber(key, root), 0);
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
    const key = root * 2 ** 22 + fn;
    const known = this.#termNumbers.get(key);
    if (known !== undefined) return known;
    const number = this.#terms.push({ root, fn }) - 1;
    this.#termNumbers.set(key, number);
    return number;
  }
}
