import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { removeNoOp as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesInRange, keepsTheLaws } from '../laws.ts';

const between = (node = '', constants = 'float unused = {0}', outputs = 'float[2,3] y') => `
  main (float[2,3] x) => (${outputs}) <${constants}> {
    a = Neg (x)
    b = ${node}
    y = Exp (b)
  }`;
const nothing: [string, string?][] = [
  ['Dropout (a)'],
  ['Dropout (a, , t)', 'bool t = {false}'],
  ['Cast <to = 1> (a)'],
  ['Reshape (a, k)', 'int64[2] k = {2, 3}'],
  ['Reshape (a, k)', 'int64[2] k = {0, -1}'],
  ['Flatten (a)'],
  ['Expand (a, k)', 'int64[2] k = {1, 3}'],
  ['Tile (a, k)', 'int64[2] k = {1, 1}'],
  ['Slice (a, k, e)', 'int64[2] k = {0, 0}, int64[2] e = {9223372036854775807, 3}'],
  ['Pad (a, k)', 'int64[4] k = {0, 0, 0, 0}'],
  ['Concat <axis = 0> (a)'],
  ['Transpose <perm = [0, 1]> (a)'],
];
const something: [string, string, string?][] = [
  ['Dropout (a, , t)', 'may be training', 'bool t = {true}'],
  ['Cast <to = 10> (a)', 'a is float32, and b float16'],
  ['Pad (a, k)', 'pads and crops', 'int64[4] k = {1, 0, -1, 0}'],
  [
    'Slice (a, k, e, i, j)',
    'goes backwards',
    'int64[1] k = {-1}, int64[1] e = {-9223372036854775807}, int64[1] i = {0}, int64[1] j = {-1}',
  ],
  ['Transpose <perm = [1, 0]> (a)', 'moves axes'],
  ['Transpose (a)', 'turns the axes round'],
  ['Concat <axis = 0> (a, x)', 'joins several'],
  ['Flatten <axis = 0> (a)', 'makes [1,6] of [2,3]'],
];

describe('remove-no-op', () => {
  it.each(nothing)('takes out %s', (node, constants) => {
    expect(picture(apply(rule, model`${between(node, constants)}`))).toContain('y = Exp (a)');
  });

  it.each(something)('leaves %s: it %s', (node, reason = '', constants) => {
    const given = between(node, constants).replace(/\(float\[2,3\] y\)/, '(float y)');
    expect(whyNot(rule, model`${given.replace('(float y)', '(y)')}`, 'b')).toContain(reason);
  });

  it('leaves what hands an input through to an output, and a Dropout whose mask is read', () => {
    const through = model`main (float[2] x) => (float[2] y) { y = Dropout (x) }`;
    expect(whyNot(rule, through)).toBe('the graph hands x through to an output');
    const masked = model`main (float[2] x) => (float[2] y, bool[2] m) { a = Neg (x)  b, m = Dropout (a)  y = Exp (b) }`;
    expect(whyNot(rule, masked)).toContain('somebody reads the mask');
  });

  it('leaves lengths that are not known', () => {
    const open = model`main (float[n,3] x) => (float[n,3] y) <int64[2] k = {-1, 3}> { a = Neg (x)  b = Reshape (a, k)  y = Exp (b) }`;
    expect(whyNot(rule, open)).toContain('Reshape (b) makes [');
  });

  keepsTheLaws(
    rule,
    casesInRange([2, 3], (_, choice) => between(...nothing[choice % nothing.length]!)),
    { within: 0 },
  );
});
