import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.ts';
import { rewrite } from '../../src/rewrite/index.ts';
import { onnxruntime, type Plan, plan } from '../../src/targets/index.ts';
import { type GraphOptions, quantizedGraph } from './quantized-graph.ts';
import { mobilenetV2, resnet18 } from './rule-book-networks.ts';

/** A plan in short: layers as `Conv I8→F`, survivors as `Q x`; operators that stay float are left out. */
function short(model: Model, target = 'tensorrt@10'): { readonly layers: string[]; readonly left: string[] } {
  const { layers, qdq } = plan(model, { target });
  return { layers: layers.map(layerInShort), left: qdq.map(({ kind, tensor }) => `${kind} ${tensor}`) };
}

function layerInShort({ fused, in: from, out, residual }: Plan['layers'][number]): string {
  return `${fused} ${from}${residual === null ? '' : `+${residual}`}→${out}`;
}

const of = (body: string, options?: GraphOptions) => short(quantizedGraph(body, options));

describe('the plan forecast for TensorRT', () => {
  it('T1: a convolution behind a quantizer reads int8 and writes floats', () => {
    expect(of(`a = QDQ (x, 0.5)\ny = QConv (a)`)).toEqual({ layers: ['W + Conv I8→F'], left: ['Q x'] });
  });

  it('T2: with a Q behind it, it writes int8', () => {
    expect(of(`a = QDQ (x, 0.5)\nb = QConv (a)\ny = Q (b, 0.25)`, { outputs: 'int8[1,4,8,8] y' })).toEqual({
      layers: ['W + Conv I8→I8'],
      left: ['Q x'],
    });
  });

  it('T3: batch norm and Relu are part of it', () => {
    expect(of(`a = QDQ (x, 0.5)\nb = QConv (a)\nc = BN (b)\ny = Relu (c)`)).toEqual({
      layers: ['W + Conv + BN + Relu I8→F'],
      left: ['Q x'],
    });
  });

  it('T4: so is SiLU', () => {
    expect(of(`a = QDQ (x, 0.5)\nb = QConv (a)\ny = SiLU (b)`)).toEqual({
      layers: ['W + Conv + SiLU I8→F'],
      left: ['Q x'],
    });
  });

  it('T5: a float residual makes a float output', () => {
    const body = `a = QDQ (x, 0.5)\nb = QConv (a)\nc = Add (b, r)\nd = Q (c, 0.25)`;
    expect(of(body, { inputs: 'x, r', outputs: 'int8[1,4,8,8] d' })).toEqual({
      layers: ['W + Conv + Add I8+F→F'],
      left: ['Q x', 'Q c'],
    });
  });

  it('T6: a quantized residual an int8 output', () => {
    const body = `a = QDQ (x, 0.5)\ns = QDQ (r, 2)\nb = QConv (a)\nc = Add (b, s)\nd = Q (c, 0.25)`;
    expect(of(body, { inputs: 'x, r', outputs: 'int8[1,4,8,8] d' })).toEqual({
      layers: ['W + Conv + Add I8+I8→I8'],
      left: ['Q x', 'Q r'],
    });
  });

  it('T7: unless the output is read as floats; then the residual is dequantized', () => {
    const body = `a = QDQ (x, 0.5)\ns = QDQ (r, 2)\nb = QConv (a)\ny = Add (b, s)`;
    expect(of(body, { inputs: 'x, r' })).toEqual({
      layers: ['W + Conv + Add I8+F→F'],
      left: ['Q x', 'Q r', 'DQ r'],
    });
  });

  it('T8: an Add with quantizers all around is int8', () => {
    const body = `c = QDQ (a, 0.5)\nd = QDQ (b, 2)\ne = Add (c, d)\ny = Q (e, 0.25)`;
    expect(of(body, { inputs: 'a, b', outputs: 'int8[1,4,8,8] y' })).toEqual({
      layers: ['Add I8+I8→I8'],
      left: ['Q a', 'Q b'],
    });
  });

  it('T9: a quantizer between convolution and Add keeps them apart', () => {
    const body = `a = QDQ (x, 0.5)
      b = QConv (a)
      c = BN (b)
      d = QDQ (c, 0.25)
      s = QDQ (r, 2)
      e = Add (d, s)
      f = QDQ (e, 4)
      y = Exp (f)`;
    expect(of(body, { inputs: 'x, r' })).toEqual({
      layers: ['W + Conv + BN I8→I8', 'Add I8+I8→I8', 'Exp F→F'],
      left: ['Q x', 'Q r', 'DQ e'],
    });
  });

  const branches = (p: number, q: number) => `a = QDQ (x, 0.5)
    b = QConv (a)
    c = QConv (a)
    d = Concat <axis = 1> (b, c)
    e = QDQ (d, ${p})
    f = QDQ (d, ${q})
    y = QConv (e)
    z = QConv (f)`;

  it('T10: one quantizer behind a Concat moves in front of it', () => {
    expect(of(branches(2, 2), { outputs: 'y, z' })).toEqual({
      layers: ['W + Conv I8→I8', 'W + Conv I8→I8', 'Concat I8→I8', 'W + Conv I8→F', 'W + Conv I8→F'],
      left: ['Q x'],
    });
  });

  it('T11: two different ones do not', () => {
    expect(of(branches(2, 4), { outputs: 'y, z' })).toEqual({
      layers: ['W + Conv I8→F', 'W + Conv I8→F', 'Concat F→F', 'W + Conv I8→F', 'W + Conv I8→F'],
      left: ['Q x', 'Q d', 'Q d'],
    });
  });

  it('T12: a ResNet-18 with quantizers in front of convolutions only keeps ten', () => {
    const { totals, layers } = plan(resnet18(false), { target: 'tensorrt@10' });
    expect(totals).toEqual({ i8i8: 8, i8f: 5, i8i8_residual: 0, i8f_residual: 8, qdq: 10, scale: 0 });
    const floats = layers.filter((layer) => layer.in === 'F').map(({ kind }) => kind);
    expect(floats).toEqual(['MaxPool', 'GlobalAveragePool']);
  });

  it('T13: with quantizers on its residuals too it keeps three', () => {
    const { totals, layers, qdq } = plan(resnet18(true), { target: 'tensorrt@10' });
    expect(totals).toEqual({ i8i8: 12, i8f: 1, i8i8_residual: 7, i8f_residual: 1, qdq: 3, scale: 0 });
    expect(layers.filter(({ kind }) => kind === 'ConvActPool').map(({ fused }) => fused)).toEqual([
      'W + Conv + BN + Relu + MaxPool',
    ]);
    expect(qdq.map(({ kind, law }) => `${kind} ${law}`)).toEqual(['Q L7', 'DQ L3', 'Q P18']);
  });

  it('T15: a MobileNetV2 with quantizers in front of convolutions only keeps seventeen', () => {
    const { totals } = plan(mobilenetV2(), { target: 'tensorrt@10' });
    expect(totals).toEqual({ i8i8: 36, i8f: 7, i8i8_residual: 0, i8f_residual: 10, qdq: 17, scale: 0 });
  });

  it('T18: a neck of transposed convolutions requantizes four branches, and one head takes floats', () => {
    const body = `a = QDQ (x, 0.5)
      ${[0, 1, 2, 3, 4].map((i) => branch(i)).join('\n')}
      c = Concat <axis = 1> (q0, q1, q2, q3, q4)
      d = QDQ (c, 8)
      e = QConv (d)
      f = QDQ (e, 1)
      ${[0, 1, 2, 3].map((i) => `y${i} = QConv (f)`).join('\n')}
      z = Exp (f)`;
    const model = quantizedGraph(body, {
      outputs: 'y0, y1, y2, y3, z',
      constants: ['int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}'],
    });
    const { layers, left } = short(model);
    expect(left).toEqual(['Q x', 'Scale q1_y', 'Scale q2_y', 'Scale q3_y', 'Scale q4_y', 'DQ e']);
    expect(layers.filter((layer) => layer.startsWith('Pad + W + Conv'))).toEqual([
      'Pad + W + Conv I8→I8',
      ...Array(4).fill('Pad + W + ConvTranspose I8→I8'),
    ]);
    expect(layers.filter((layer) => layer === 'Pad I8→I8')).toEqual([]);
    expect(plan(model, { target: 'tensorrt@10' }).totals).toMatchObject({
      qdq: 2,
      scale: 4,
      i8i8: 6,
      i8f: 4,
    });
  });

  it('T19: Q stays behind a Resize', () => {
    const body = `a = QDQ (x, 0.5)
      b = QConv (a)
      c = Resize <mode = "nearest"> (b, , scales)
      d = QConv (a)
      e = Concat <axis = 1> (c, d)
      f = QDQ (e, 2)
      y = QConv (f)`;
    expect(of(body, { constants: ['float[4] scales = {1, 1, 1, 1}'] })).toEqual({
      layers: ['W + Conv I8→F', 'Resize F→F', 'W + Conv I8→I8', 'Concat I8→I8', 'W + Conv I8→F'],
      left: ['Q x', 'Q c'],
    });
  });

  const pads = { constants: ['int64[8] pads = {0, 0, 1, 1, 0, 0, 1, 1}'] };

  it('T20: a Pad in front of the quantizer is an int8 layer, one behind it part of the convolution', () => {
    expect(of(`a = Relu (x)\nb = Pad (a, pads)\nc = QDQ (b, 0.5)\ny = QConv (c)`, pads)).toEqual({
      layers: ['Relu I8→I8', 'Pad I8→I8', 'W + Conv I8→F'],
      left: ['Q x'],
    });
    expect(of(`a = Relu (x)\nb = QDQ (a, 0.5)\nc = Pad (b, pads)\ny = QConv (c)`, pads)).toEqual({
      layers: ['Relu I8→I8', 'Pad + W + Conv I8→F'],
      left: ['Q x'],
    });
  });

  it('T21: DQ moves behind a MaxPool', () => {
    const body = `a = QDQ (x, 0.5)
      b = QConv (a)
      c = Relu (b)
      d = QDQ (c, 2)
      e = MaxPool <kernel_shape = [2, 2]> (d)
      y = Exp (e)`;
    expect(of(body)).toEqual({
      layers: ['W + Conv + Relu I8→I8', 'MaxPool I8→I8', 'Exp F→F'],
      left: ['Q x', 'DQ e'],
    });
  });

  it('T24: an Add behind SiLU is a float layer', () => {
    const body = `a = QDQ (x, 0.5)
      b = QConv (a)
      c = SiLU (b)
      d = Add (c, r)
      e = QDQ (d, 2)
      y = QConv (e)`;
    expect(of(body, { inputs: 'x, r' })).toEqual({
      layers: ['W + Conv + SiLU I8→F', 'Add F→F', 'W + Conv I8→F'],
      left: ['Q x', 'Q d'],
    });
  });

  it('T25: a depthwise convolution does not take SiLU', () => {
    expect(of(`a = QDQ (x, 0.5)\nb = QDwConv (a)\nc = SiLU (b)\nd = QDQ (c, 2)\ny = QConv (d)`)).toEqual({
      layers: ['W + Conv I8→F', 'Sigmoid F→F', 'Mul F→F', 'W + Conv I8→F'],
      left: ['Q x', 'Q c'],
    });
  });

  it('T27: a transposed convolution does not take a batch norm; with it folded it writes int8', () => {
    const rest = `d = Relu (c)\ne = QDQ (d, 2)\ny = QConv (e)`;
    expect(of(`a = QDQ (x, 0.5)\nb = QConvTranspose (a)\nc = BN (b)\n${rest}`)).toEqual({
      layers: ['W + ConvTranspose I8→F', 'BN + Relu F→F', 'W + Conv I8→F'],
      left: ['Q x', 'Q d'],
    });
    expect(of(`a = QDQ (x, 0.5)\nc = QConvTranspose (a)\n${rest}`)).toEqual({
      layers: ['W + ConvTranspose + Relu I8→I8', 'W + Conv I8→F'],
      left: ['Q x'],
    });
  });

  it('names a rule for an average pool only where a quantizer in front of it would not stay', () => {
    const reason = (body: string) => {
      const { qdq } = plan(quantizedGraph(body), { target: 'tensorrt@10' });
      return qdq.filter(({ law }) => law === 'P18').map(({ why, rule }) => [why, rule]);
    };
    const pooled = (x: string) => `p = GlobalAveragePool (${x})\nq = QDQ (p, 0.25)\nk = QConv (q)`;
    const half = 'GlobalAveragePool p has no quantizer in front of it, only behind it';
    expect(reason(`a = QDQ (x, 0.5)\nb = QConv (a)\nc = SiLU (b)\n${pooled('c')}\ny = Exp (k)`)).toEqual([
      [half, 'quantize-average-pool-both-sides'],
    ]);
    expect(reason(`a = QDQ (x, 0.5)\nb = QConv (a)\nc = SiLU (b)\n${pooled('c')}\ny = Mul (c, k)`)).toEqual([
      [`${half}: Mul y reads c as floats, too`, null],
    ]);
    expect(reason(`c = HardSwish (x)\n${pooled('c')}\ny = Exp (k)`)).toEqual([
      [`${half}: c is written as floats whoever reads it`, null],
    ]);
  });
});

describe('the plan forecast for ONNX Runtime', () => {
  const named = (model: Model) =>
    plan(model, { target: 'onnxruntime' }).qdq.flatMap(({ rule }) => (rule === null ? [] : [rule]));
  const stage = 'a = QDQ (x, 0.5)\nb = QConv (a)\nc = BN (b)\nd = Relu (c)\ne = QDQ (d, 0.5)';
  const last = 'q = QDQ (p, 0.3)\ny = QConv (q)';
  const scales = { constants: ['float[4] scales = {1, 1, 1, 1}'] };

  it.each([
    ['a transposed convolution', `i = QConvTranspose (e)\nj = BN (i)\np = Relu (j)`],
    [
      'a linear Resize and a batch norm',
      `i = QConv (e)\nj = Resize <mode = "linear"> (i, , scales)\np = BN (j)`,
    ],
    [
      'a nearest Resize and a batch norm',
      `i = QConv (e)\nj = Resize <mode = "nearest"> (i, , scales)\np = BN (j)`,
    ],
  ])('names a pass for a network with %s, and none once it is through', (_, upsampling) => {
    const model = quantizedGraph(`${stage}\n${upsampling}\n${last}`, scales);
    expect(named(model)).toContain('quantize-values');
    expect(named(rewrite(model, onnxruntime({ samples: 1 })).model)).toEqual([]);
  });

  it('names what makes int8 codes unsigned where every value has its pair', () => {
    const pairs = (relu: string) => `a = QDQ (x, 0.5)\nb = QConv (a)\n${relu}\ny = Exp (d)`;
    expect(named(quantizedGraph(pairs('c = Relu (b)\nd = QDQ (c, 0.25)')))).toContain('use-whole-range');
    expect(named(quantizedGraph(pairs('d = QDQ (b, 0.25)')))).toEqual([]);
  });

  it('gives a linear layer the name of its product, bias and all', () => {
    const body = `a = QDQ (x, 0.5)
      w_q = QuantizeLinear (w, scale_0_5, zero)
      v = DequantizeLinear (w_q, scale_0_5, zero)
      t = Transpose (v)
      [linear] p = MatMul (a, t)
      q = Add (bias, p)
      y = QDQ (q, 0.25)`;
    const weights = ['float[3,4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}', 'float[3] bias = {1, 2, 3}'];
    const model = quantizedGraph(body, {
      inputs: 'float[2,5,4] x',
      outputs: 'float[2,5,3] y',
      constants: weights,
    });
    const { layers, qdq } = plan(model, { target: 'onnxruntime' });
    const product = layers.filter(({ kind }) => kind === 'QGemm');
    expect(product.map(({ name, fused }) => `${name}: ${fused}`)).toEqual([
      'linear: W + Transpose + MatMul + Add',
    ]);
    expect(qdq.map(({ kind, tensor }) => `${kind} ${tensor}`)).toEqual(['Q x', 'DQ y']);
  });
});

function branch(i: number): string {
  const op = i === 0 ? 'QConv' : 'QConvTranspose';
  return `p${i} = Pad (a, pads)\nq${i}_y = ${op} (p${i})\nq${i} = QDQ (q${i}_y, ${i + 2})`;
}
