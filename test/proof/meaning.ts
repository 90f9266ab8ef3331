import { type Tensor, valuesOf } from '../../src/ir/index.ts';
import type { Certificate, TermArray } from '../../src/proof/index.ts';

/**
 * What a certificate says that each value holds, for given inputs, by the plainest reading of it: functions are looked
 * up, extremes picked one by one. What a node makes that is not looked into is learnt from the first value it appears in,
 * of which nothing is said.
 */
export function meaningOf(
  { functions, terms, roots }: Certificate,
  inputs: ReadonlyMap<string, Tensor>,
): (array: TermArray, ran: ArrayLike<number | bigint>) => readonly (number | bigint | undefined)[] {
  const made = new Map<number, number | bigint>();
  const rootValue = (number: number): number | bigint | undefined => {
    const root = roots.get(number)!;
    switch (root.kind) {
      case 'input':
        return (valuesOf(inputs.get(root.name)!) as ArrayLike<number | bigint>)[root.element];
      case 'constant':
        return root.value;
      case 'made':
        return made.get(number);
      case 'extreme': {
        const values = root.terms.map(termValue);
        const larger = root.of.startsWith('largest');
        const last = root.of.endsWith('last');
        return values.reduce((a, b) => {
          if (a === undefined || b === undefined) return undefined;
          const wins = last ? (larger ? b >= a : b <= a) : larger ? b > a : b < a;
          return wins ? b : a;
        });
      }
    }
  };
  const termValue = (number: number): number | bigint | undefined => {
    const { root, fn } = terms[number]!;
    const value = rootValue(root);
    return value === undefined ? undefined : applied(functions[fn]!, value);
  };
  return (array, ran) => {
    if (array.terms === undefined) return Array.from(valuesOf(array.constant!) as ArrayLike<number | bigint>);
    return Array.from(array.terms, (number, i) => {
      const { root, fn } = terms[number]!;
      if (roots.get(root)!.kind !== 'made' || fn !== 0 || made.has(root)) return termValue(number);
      made.set(root, ran[i]!);
      return undefined;
    });
  };
}

function applied(of: Certificate['functions'][number], x: number | bigint): number | bigint {
  switch (of.kind) {
    case 'identity':
      return x;
    case 'table':
      return of.values[Number(x) + (of.from.startsWith('u') ? 0 : of.values.length / 2)]!;
    case 'steps':
      return of.values[of.starts.findLastIndex((start) => Number(x) >= start)]!;
    case 'chain':
      return of.links.reduce((value, { kind, to, scale, low, high }) => {
        const round = to === 'float32' ? Math.fround : (v: number) => v;
        if (kind === 'relu') return Math.max(value, 0);
        if (kind === 'multiply') return round(value * scale);
        if (kind !== 'clip') throw new Error(`${kind} of a float is written as steps`);
        // Written out: of two zeros Math.max would pick the positive one.
        if (value < low) return low;
        if (value > high) return high;
        return value;
      }, Number(x));
  }
}
