import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/ir/index.ts';
import { runNode, valuesOf } from './run-node.ts';

const strings = (...values: string[]) => tensor('string', [values.length], values);

describe('StringNormalizer', () => {
  const words = strings('Monday', 'tuesday', 'MONDAY');

  it('drops stop words in either case unless the case matters', () => {
    const drop = (attributes: Record<string, string | number>) =>
      valuesOf(runNode('StringNormalizer', [words], { stopwords: ['monday'], ...attributes })[0]);
    expect(drop({})).toEqual(['tuesday']);
    expect(drop({ is_case_sensitive: 1 })).toEqual(['Monday', 'tuesday', 'MONDAY']);
    expect(drop({ case_change_action: 'UPPER' })).toEqual(['TUESDAY']);
    expect(drop({ case_change_action: 'LOWER', is_case_sensitive: 1 })).toEqual([
      'monday',
      'tuesday',
      'monday',
    ]);
  });

  it('leaves one empty string where nothing is left', () => {
    const [y] = runNode('StringNormalizer', [tensor('string', [1, 1], ['a'])], { stopwords: ['a'] });
    expect([y!.dims, valuesOf(y)]).toEqual([[1, 1], ['']]);
  });
});

describe('StringSplit', () => {
  const split = (texts: string[], attributes: Record<string, string | number> = {}) => {
    const [parts, counts] = runNode('StringSplit', [strings(...texts)], attributes, { outputs: 2 });
    return [parts!.dims, valuesOf(parts), valuesOf(counts)];
  };

  it('cuts at white space, runs of which count as one', () => {
    expect(split([' a  b ', ''])).toEqual([
      [2, 2],
      ['a', 'b', '', ''],
      [2n, 0n],
    ]);
    expect(split(['a  b c '], { maxsplit: 1 })).toEqual([[1, 2], ['a', 'b c'], [2n]]);
  });

  it('cuts at every delimiter, or at the first ones', () => {
    expect(split(['a,,b', 'c'], { delimiter: ',' })).toEqual([
      [2, 3],
      ['a', '', 'b', 'c', '', ''],
      [3n, 1n],
    ]);
    expect(split(['a,b,c'], { delimiter: ',', maxsplit: 1 })).toEqual([[1, 2], ['a', 'b,c'], [2n]]);
    expect(split([])).toEqual([[0, 0], [], []]);
  });
});

describe('other operators on strings', () => {
  it('StringConcat broadcasts', () => {
    expect(valuesOf(runNode('StringConcat', [strings('a', 'b'), tensor('string', [], ['c'])])[0])).toEqual([
      'ac',
      'bc',
    ]);
  });

  it('RegexFullMatch matches whole strings, and refuses what RE2 does not have', () => {
    const match = (pattern: string) =>
      valuesOf(runNode('RegexFullMatch', [strings('www.google.com', 'google', 'GOOGLE')], { pattern })[0]);
    expect(match('(\\W|^)[\\w.\\-]{0,25}google(\\W|$).*')).toEqual([1, 1, 0]);
    expect(match('(?i)google')).toEqual([0, 1, 1]);
    expect(match('oogl')).toEqual([0, 0, 0]);
    expect(() => match('(?=a)b')).toThrow('cannot use the pattern');
    expect(() => match('(')).toThrow('cannot use the pattern');
  });

  it('TfIdfVectorizer counts the n-grams of its pool, items apart as well', () => {
    const attributes = {
      mode: 'TF',
      min_gram_length: 1,
      max_gram_length: 2,
      max_skip_count: 1,
      ngram_counts: [0, 2],
      ngram_indexes: [0, 1, 2, 3],
      pool_int64s: [2, 3, 2, 3, 3, 5],
    };
    const x = tensor('int32', [2, 4], [2, 3, 3, 5, 5, 2, 2, 3]);
    const count = (more = {}) =>
      valuesOf(runNode('TfIdfVectorizer', [x], { ...attributes, ...more }, { floats: ['weights'] })[0]);
    // Row 0: 2 once, 3 twice; (2,3) next to each other and one apart; (3,5) both ways, too.
    expect(count()).toEqual([1, 2, 2, 2, 2, 1, 2, 0]);
    expect(count({ max_skip_count: 0 })).toEqual([1, 2, 1, 1, 2, 1, 1, 0]);
    expect(count({ min_gram_length: 2, max_skip_count: 0 })).toEqual([0, 0, 1, 1, 0, 0, 1, 0]);
    expect(count({ mode: 'IDF', weights: [2, 3, 5, 7] })).toEqual([2, 3, 5, 7, 2, 3, 5, 0]);
    expect(count({ mode: 'TFIDF', weights: [2, 3, 5, 7] })).toEqual([2, 6, 10, 14, 4, 3, 10, 0]);
  });
});
