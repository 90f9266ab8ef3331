import { type Contents, countOf, isKnown, maxContents, type Shape } from './facts.ts';

/**
 * Elements of an output whose every element is one of the input's: `source` gives the place in the input of a place in
 * the output. `undefined` unless all lengths are known and small.
 */
export function gatherContents(
  input: Shape,
  contents: Contents | undefined,
  output: Shape,
  source: (at: readonly number[]) => readonly number[],
): Contents | undefined {
  if (contents === undefined || input === undefined || output === undefined) return undefined;
  const count = countOf(output);
  if (count === undefined || count > maxContents || !isKnown(input) || !isKnown(output)) return undefined;
  return Array.from(
    { length: count },
    (_, flat) => contents[flatten(source(unflatten(flat, output)), input)],
  );
}

export function unflatten(flat: number, dims: readonly number[]): number[] {
  const at = new Array<number>(dims.length);
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    at[axis] = flat % dims[axis]!;
    flat = Math.floor(flat / dims[axis]!);
  }
  return at;
}

function flatten(at: readonly number[], dims: readonly number[]): number {
  return dims.reduce((flat, dim, axis) => flat * dim + at[axis]!, 0);
}
