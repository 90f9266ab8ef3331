import { describe, expect, it } from 'vitest';
import { whyNot } from '../../../src/rewrite/index.ts';
import { quantizeBeforeGather as rule } from '../../../src/rules/index.ts';
import { model } from '../../../src/serde/index.ts';
import { apply, picture } from '../../support/text.ts';
import { casesOnGrids, keepsTheLaws, pair } from '../laws.ts';

const gathers: readonly (readonly [string, string, string])[] = [
  ['Gather <axis = 1> (x, i)', '2,3,2,2', 'int64[3] i = {3, 0, 3}'],
  ['GatherElements <axis = 1> (x, i)', '1,1,1,2', 'int64[1,1,1,2] i = {3, 0}'],
  ['GatherND (x, i)', '1,2,2', 'int64[1,2] i = {1, 3}'],
  ['Tile (x, i)', '2,8,2,2', 'int64[4] i = {1, 2, 1, 1}'],
  ['Expand (x, i)', '3,2,4,2,2', 'int64[5] i = {3, 1, 1, 1, 1}'],
  ['DepthToSpace <blocksize = 2> (x)', '2,1,4,4', ''],
  ['SpaceToDepth <blocksize = 2> (x)', '2,16,1,1', ''],
];
const merges: [string, string][] = [
  ['Where (i, a, b)', 'bool[2] i = {true, false}'],
  [
    'ScatterND (a, i, b)',
    'int64[2,4,2,2,4] i = {' +
      Array.from(
        { length: 32 },
        (_, i) => `${(i >> 4) & 1}, ${(i >> 2) & 3}, ${(i >> 1) & 1}, ${i & 1}`,
      ).join(', ') +
      '}',
  ],
  [
    'ScatterElements <axis = 3> (a, i, b)',
    `int64[2,4,2,2] i = {${Array.from({ length: 32 }, (_, i) => i & 1).join(', ')}}`,
  ],
];
merges.push(['Max (a, b)', 'int64 i = {0}'], ['Min (b, a)', 'int64 i = {0}']);
const gathered = (node: string, dims: string, constants: string) => `
  main (float[2,4,2,2] x) => (float[${dims}] y) <${constants}> {
    g = ${node}
    ${pair('g', 'd')}
    y = Neg (d)
  }`;
const merged = (node: string, constants: string, second = 's, z') => `
  main (float[2,4,2,2] x) => (float[2,4,2,2] y) <${constants}> {
    n = Neg (x)
    ${pair('x', 'a')}
    ${pair('n', 'b', second)}
    g = ${node}
    ${pair('g', 'd')}
    y = Neg (d)
  }`;

describe('quantize-before-gather', () => {
  it('quantizes what is picked from', () => {
    const [node, dims, constants] = gathers[0]!;
    const before = model`${gathered(node, dims, `float s = {0.5}, int8 z = {0}, ${constants}`)}`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[2,4,2,2] x) => (float[2,3,2,2] y)
      <float s = {0.5}, int8 z = {0}, int64[3] i = {3, 0, 3}> {
        d_q_1 = QuantizeLinear (x, s, z)
        d_1 = DequantizeLinear (d_q_1, s, z)
        d = Gather <axis = 1> (d_1, i)
        y = Neg (d)
      }"
    `);
  });

  it('drops the pair behind a Where whose two sides are on its grid', () => {
    const [node, constants] = merges[0]!;
    const before = model`${merged(node, `float s = {0.5}, int8 z = {0}, ${constants}`)}`;
    expect(picture(apply(rule, before))).toMatchInlineSnapshot(`
      "main (float[2,4,2,2] x) => (float[2,4,2,2] y)
      <float s = {0.5}, int8 z = {0}, bool[2] i = {1, 0}> {
        n = Neg (x)
        a_q = QuantizeLinear (x, s, z)
        a = DequantizeLinear (a_q, s, z)
        b_q = QuantizeLinear (n, s, z)
        b = DequantizeLinear (b_q, s, z)
        d = Where (i, a, b)
        y = Neg (d)
      }"
    `);
  });

  it('says why it left a Where of two grids, and a scatter that adds', () => {
    const [node, constants] = merges[0]!;
    const two = model`${merged(node, `float s = {0.5}, float t = {0.50000006}, int8 z = {0}, ${constants}`, 't, z')}`;
    expect(whyNot(rule, two)).toBe('scale of DequantizeLinear (b) is not that of QuantizeLinear (d_q)');
    const adding = merges[2]![0].replace('axis = 3', 'axis = 3, reduction = "add"');
    const adds = model`${merged(adding, `float s = {0.5}, int8 z = {0}, ${merges[2]![1]}`)}`;
    expect(whyNot(rule, adds)).toBe('ScatterElements (g) computes (add)');
  });

  const cases = casesOnGrids([2, 4, 2, 2], (constants, _, choice) => {
    const all = gathers.length + merges.length;
    const [node, dims, more] = gathers[choice % all] ?? [];
    if (node !== undefined) return gathered(node, dims!, more === '' ? constants : `${constants}, ${more}`);
    const [merge, extra] = merges[(choice % all) - gathers.length]!;
    return merged(merge, `${constants}, ${extra}`);
  });
  keepsTheLaws(rule, cases, { within: 0, runs: 100 });
});
