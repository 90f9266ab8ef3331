import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray } from '../array.ts';
import { kernel } from '../kernel.ts';

/** What an n-gram may be followed by, and its place in `ngram_indexes` if it is in the pool. */
interface Gram {
  readonly next: Map<string, Gram>;
  place?: number;
}

/** Counts the n-grams of a pool in each row, items up to `max_skip_count` apart; weighs the counts or whether there are any. */
export const tfIdfVectorizer = kernel('TfIdfVectorizer', {
  versions: [9],
  types: 'T -> float32',
  where: { T: ['string', 'int32', 'int64'] },
  run({ attributes, inputs: [x] }) {
    const { ngram_indexes: places, weights, mode } = attributes;
    if (mode !== 'TF' && mode !== 'IDF' && mode !== 'TFIDF')
      throw new ModelError('unsupported-attribute', `TfIdfVectorizer has no mode "${mode}".`);
    const { dims } = x!;
    if (dims.length > 2) throw new ModelError('shape-mismatch', `[${dims}] is neither [C] nor [N, C].`);
    const width = places.reduce((most, place) => Math.max(most, place), -1) + 1;
    const root = poolOf(attributes);
    const target = allocateNumbers('float32', [...dims.slice(0, -1), width]);
    const length = dims.at(-1) ?? 1;
    const items = Array.from(x!.data as ArrayLike<unknown>, String);
    for (let row = 0; row * width < target.length && length > 0; row++) {
      const counts = target.subarray(row * width, (row + 1) * width);
      countGrams(items.slice(row * length, (row + 1) * length), root, attributes, (gram) => {
        counts[places[gram]!]! += 1;
      });
    }
    const weightOf = new Map<number, number>();
    for (const [gram, place] of places.entries()) weightOf.set(place, weights?.[gram] ?? 1);
    for (let i = 0; i < target.length && mode !== 'TF'; i++) {
      const count = mode === 'IDF' ? Math.min(target[i]!, 1) : target[i]!;
      target[i] = count * (weightOf.get(i % width) ?? 1);
    }
    return makeArray('float32', [...dims.slice(0, -1), width], target) satisfies NdArray;
  },
});

interface PoolAttributes {
  readonly ngram_counts: readonly number[];
  readonly min_gram_length: number;
  readonly max_gram_length: number;
  readonly max_skip_count: number;
  readonly pool_int64s?: readonly number[] | undefined;
  readonly pool_strings?: readonly string[] | undefined;
}

/** The n-grams of the lengths that are looked for, as a tree. `ngram_counts[n]` is where those of n + 1 items begin. */
function poolOf(attributes: PoolAttributes): Gram {
  const { ngram_counts, min_gram_length, max_gram_length } = attributes;
  const pool = (attributes.pool_strings ?? attributes.pool_int64s ?? []).map(String);
  const root: Gram = { next: new Map() };
  let gram = 0;
  ngram_counts.forEach((start, i) => {
    const size = i + 1;
    const end = ngram_counts[size] ?? pool.length;
    for (let at = start; at + size <= end; at += size, gram++) {
      if (size < min_gram_length || size > max_gram_length) continue;
      let node = root;
      for (const item of pool.slice(at, at + size)) {
        const next = node.next.get(item) ?? { next: new Map() };
        node.next.set(item, next);
        node = next;
      }
      node.place = gram;
    }
  });
  return root;
}

/** Single items are counted once, not once for each distance. */
function countGrams(
  items: readonly string[],
  root: Gram,
  { min_gram_length, max_gram_length, max_skip_count }: PoolAttributes,
  count: (gram: number) => void,
): void {
  for (let distance = 1; distance <= max_skip_count + 1; distance++) {
    const shortest = distance === 1 ? min_gram_length : Math.max(min_gram_length, 2);
    if (shortest > max_gram_length) return;
    for (let start = 0; start < items.length; start++) {
      let node: Gram | undefined = root;
      for (let size = 1, at = start; size <= max_gram_length && at < items.length; size++, at += distance) {
        node = node.next.get(items[at]!);
        if (node === undefined) break;
        if (size >= shortest && node.place !== undefined) count(node.place);
      }
    }
  }
}
