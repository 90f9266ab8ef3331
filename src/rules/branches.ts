import type { Value } from '../pattern/index.ts';
import { makerOf } from './neighbours.ts';
import { weighted } from './operators.ts';

const limit = 200;
const isWeighted: ReadonlySet<string> = new Set(weighted);

/**
 * How many convolutions and products lie on the way from where two branches part to each of their ends. Branches that
 * never meet within 200 nodes are measured as far as they go.
 */
export function branchLengths(a: Value, b: Value): readonly [number, number] {
  const [fromA, fromB] = [walkUp(a), walkUp(b)];
  for (const [name, length] of fromB) {
    const other = fromA.get(name);
    if (other !== undefined) return [other, length];
  }
  return [Math.max(0, ...fromA.values()), Math.max(0, ...fromB.values())];
}

/** Every value above one, nearest first, with the convolutions and products on the way. */
function walkUp(value: Value): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>([[value.name, 0]]);
  let level: readonly Value[] = [value];
  while (level.length > 0 && lengths.size < limit) {
    const above: Value[] = [];
    for (const value of level) {
      const maker = makerOf(value);
      const length = lengths.get(value.name)! + (maker !== undefined && isWeighted.has(maker.opType) ? 1 : 0);
      for (const input of maker?.inputs ?? []) {
        if (input === undefined || lengths.has(input.name) || input.constant !== undefined) continue;
        lengths.set(input.name, length);
        above.push(input);
      }
    }
    level = above;
  }
  return lengths;
}
