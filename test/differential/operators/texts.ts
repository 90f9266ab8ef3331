import { type DataType, type Tensor, tensor } from '../../../src/ir/index.ts';
import { exact, type Maker, type Sketch, when } from '../sketch.ts';
import { product, type Values } from '../values.ts';

/** Operators on strings, and those that count n-grams. */

const family = 'text';
const words = ['', 'a', 'A', 'bc', 'Bc', 'ü', 'Ü', 'É', 'the', 'The', 'x y', 'я', ' '];

function texts(v: Values, dims: readonly number[], choice: readonly string[] = words): Tensor {
  return tensor(
    'string',
    dims,
    Array.from({ length: product(dims) }, () => v.pick(choice)),
  );
}

/** N-grams of each length, none twice, and documents of the same few items. */
function tfIdf(v: Values): Sketch {
  const dtype = v.pick<DataType>(['int64', 'int32', 'string']);
  const items = v.whole(2, 5);
  const longest = v.whole(1, 3);
  const pool: number[] = [];
  const starts: number[] = [];
  let grams = 0;
  for (let size = 1; size <= longest; size++) {
    starts.push(pool.length);
    const seen = new Set<string>();
    for (let tries = v.whole(1, 4); tries > 0; tries--) {
      const gram = Array.from({ length: size }, () => v.below(items));
      if (seen.has(gram.join())) continue;
      seen.add(gram.join());
      pool.push(...gram);
      grams++;
    }
  }
  const name = (item: number) => words[item + 1]!;
  const dims = v.chance(0.5) ? [v.whole(1, 12)] : [v.whole(1, 3), v.whole(1, 12)];
  const document = Array.from({ length: product(dims) }, () => v.below(items + 1));
  const low = v.whole(1, longest);
  return {
    inputs: [
      dtype === 'string'
        ? tensor(dtype, dims, document.map(name))
        : tensor(dtype, dims, dtype === 'int64' ? document.map(BigInt) : document),
    ],
    attributes: {
      mode: v.pick(['TF', 'IDF', 'TFIDF']),
      min_gram_length: low,
      max_gram_length: v.whole(low, longest),
      max_skip_count: v.whole(0, 3),
      ngram_counts: starts,
      ngram_indexes: v.order(grams),
      ...(dtype === 'string' ? { pool_strings: pool.map(name) } : { pool_int64s: pool }),
      ...when(v.chance(0.6), { weights: Array.from({ length: grams }, () => v.whole(1, 30) / 10) }),
    },
    floats: ['weights'],
    // The engine adds up weights, as often as it finds the n-gram.
    within: { kind: 'element', ulps: 8 },
  };
}

export const textual: readonly Maker[] = [
  { opType: 'TfIdfVectorizer', family, since: 9, within: exact, weight: 2, make: tfIdf },
  {
    opType: 'StringNormalizer',
    family,
    since: 10,
    within: exact,
    make: (v): Sketch => ({
      inputs: [texts(v, v.pick([[v.whole(1, 8)], [1, v.whole(1, 8)]]))],
      attributes: {
        case_change_action: v.pick(['NONE', 'LOWER', 'UPPER']),
        is_case_sensitive: v.below(2),
        locale: 'C.UTF-8',
        ...when(v.chance(0.7), { stopwords: Array.from({ length: v.whole(1, 3) }, () => v.pick(words)) }),
      },
    }),
  },
  {
    opType: 'StringConcat',
    family,
    since: 20,
    within: exact,
    make(v): Sketch {
      const dims = v.dims(v.whole(0, 3), { longest: 30 });
      const other = dims.map((d) => (v.chance(0.3) ? 1 : d)).slice(v.below(dims.length + 1));
      const both = [texts(v, dims), texts(v, other)];
      return { inputs: v.chance(0.5) ? both : both.reverse() };
    },
  },
  {
    opType: 'StringSplit',
    family,
    since: 20,
    within: exact,
    make(v): Sketch {
      const parts = ['', 'a,b', ' a  b ', ',', 'a,,b,', 'one two three', '::x::', 'ü, y'];
      return {
        inputs: [texts(v, v.dims(v.whole(1, 2), { longest: 20 }), parts)],
        attributes: {
          ...when(v.chance(0.7), { delimiter: v.pick([',', ' ', '::', '']) }),
          ...when(v.chance(0.5), { maxsplit: v.whole(0, 3) }),
        },
        outputs: 2,
      };
    },
  },
  {
    opType: 'RegexFullMatch',
    family,
    since: 20,
    within: exact,
    make: (v): Sketch => ({
      inputs: [texts(v, v.dims(v.whole(1, 2), { longest: 20 }))],
      attributes: { pattern: v.pick(['a', '[A-Z].*', '.', '.*', '(a|bc)+', '\\w+', '\\s*', '[^a]?', 'ü|Ü']) },
    }),
  },
];
