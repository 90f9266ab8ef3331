import { describe, expect, it } from 'vitest';
import { modelFile, qdq } from './command.ts';

const pad = (name: string, fill: number, first: boolean) =>
  modelFile(
    name,
    `main (float[N] x) => (float[M] y) <float s = {0.5}, int8 z = {0}, int64[2] amounts = {1, 1}, float c = {${fill}}> {
       ${
         first
           ? 'p = Pad (x, amounts, c)  q = QuantizeLinear (p, s, z)  y = DequantizeLinear (q, s, z)'
           : 'q = QuantizeLinear (x, s, z)  d = DequantizeLinear (q, s, z)  y = Pad (d, amounts, c)'
       }
     }`,
  );

describe('prove', () => {
  it('proves a pad on the grid, for the lengths it is given', async () => {
    const [before, after] = [pad('on-1.onnx', 1.5, true), pad('on-2.onnx', 1.5, false)];
    const { code, json } = await qdq(['prove', before, after, '--dim', 'N=5', '--json']);
    expect([code, json()]).toEqual([0, { verdict: 'proved', elements: 7, claims: expect.any(Number) }]);
    const told = await qdq(['prove', before, after]);
    expect(told.stdout).toContain('Proved: all 3 output elements are the same bits in both models');
  });

  it('refutes a pad off the grid and shows an input', async () => {
    const [before, after] = [pad('off-1.onnx', 0.3, true), pad('off-2.onnx', 0.3, false)];
    const { code, stdout } = await qdq(['prove', before, after]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Refuted: on the inputs below, element 0 of "y" is 0\.5 before and 0\.30/);
    expect(stdout).toMatch(/x: float32\[1\] \{/);
  });

  it('says where it stops', async () => {
    const random = modelFile('random.onnx', 'main () => (float[2] y) { y = RandomNormal <shape = [2]> () }');
    const { code, json } = await qdq(['prove', random, random, '--json']);
    expect(code).toBe(1);
    expect(json()).toEqual({
      verdict: 'undecided',
      at: expect.stringContaining('RandomNormal'),
      reason: 'RandomNormal draws random numbers',
    });
  });
});

describe('certify', () => {
  const product = (name: string, weights: string, n: number) =>
    modelFile(
      name,
      `main (uint8[1,${n}] x) => (int32[1,1] y) <int8[${n},1] w = {${weights}}> { y = MatMulInteger (x, w) }`,
    );

  it('tells sums, overflow and saturation', async () => {
    const small = product('small.onnx', '65, 64', 2);
    const { code, json } = await qdq(['certify', small, '--json']);
    expect(code).toBe(0);
    expect(json().products).toMatchObject([
      {
        operator: 'MatMulInteger',
        depth: 2,
        low: 0,
        high: 129 * 255,
        bits: 17,
        int32: 'holds',
        int16Pairs: { verdict: 'possible' },
      },
    ]);
    const told = await qdq(['certify', small]);
    expect(told.stdout).toContain('possible: 65·255 + 64·255 = 32895');
  });

  it('exits with 1 when int32 can overflow', async () => {
    const n = 70_000;
    const { code, stdout } = await qdq(['certify', product('long.onnx', new Array(n).fill(127).join(), n)]);
    expect(code).toBe(1);
    expect(stdout).toContain('int32 can overflow in 1.');
  });

  it('says so when there is nothing to certify', async () => {
    const { code, stdout } = await qdq([
      'certify',
      modelFile('plain.onnx', 'main (float[2] x) => (float[2] y) { y = Neg (x) }'),
    ]);
    expect([code, stdout.trim()]).toEqual([0, 'The model has no integer products.']);
  });
});
