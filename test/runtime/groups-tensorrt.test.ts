import { describe, expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { execute, groupIntegers } from '../../src/runtime/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { quantizedModel } from './groups.ts';

/** The patterns of TensorRT's rule book: what becomes one operator, and that its codes are those of the literal graph. */

const four = { inputs: 'float[1,4,6,6] x' };
const two = { inputs: 'float[1,4,6,6] x, float[1,4,6,6] v' };
const constants = `int8[4,4,3,3] w = {${numbers(144, 23)}}, float[4] ws = {0.004,0.005,0.006,0.003}, int8[4] wz = {0,0,0,0},
  int8[4,1,3,3] k = {${numbers(36, 31)}}, float[4] b = {0.1,-0.2,0.3,0.05},
  float[4] gamma = {1.5,0.5,-1,2}, float[4] beta = {0.1,0.2,0.3,-0.1}, float[4] mean = {0.2,-0.1,0,0.3}, float[4] variance = {1,0.5,2,0.7},
  float[4,1,1] gain = {2,0.5,1.5,1}, float lo = {0}, float hi = {6}`;

function numbers(count: number, step: number): string {
  return Array.from({ length: count }, (_, i) => ((i * step) % 255) - 127).join(',');
}

/** Constants that a body reads, each in a line. */
function build(body: string, text: { inputs?: string; outputs?: string; opset?: number } = four): Model {
  const head = `a = QDQ:int8 (x, 0.05, 0)
    ${/\bwd\b/.test(body) ? 'wd = DequantizeLinear <axis = 0> (w, ws, wz)' : ''}
    ${/\bkd\b/.test(body) ? 'kd = DequantizeLinear <axis = 0> (k, ws, wz)' : ''}`;
  return quantizedModel(`${head}\n${body}`, { ...text, constants });
}

const same = 'pads = [1,1,1,1]';
const conv = `c = Conv <${same}> (a, wd, b)`;
const norm = 'n = BatchNormalization (c, gamma, beta, mean, variance)';
const end = (value: string) => `y = QDQ:int8 (${value}, 0.04, 0)`;

const patterns: Readonly<Record<string, readonly [Model, readonly string[], string]>> = {
  'P1 a convolution to float': [
    build(`y = Conv <${same}> (a, wd, b)`),
    ['conv'],
    'IntegerConv QuantizeLinear',
  ],
  'P1 a convolution': [
    build(`${conv}\n ${end('c')}`),
    ['conv'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P2 with a norm': [
    build(`${conv}\n ${norm}\n ${end('n')}`),
    ['conv-norm'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P2 with a constant factor': [
    build(`${conv}\n n = Mul (c, gain)\n ${end('n')}`),
    ['conv-norm'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P3 with a norm and Relu': [
    build(`${conv}\n ${norm}\n r = Relu (n)\n ${end('r')}`),
    ['conv-norm-activation'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P3 with a norm and Clip': [
    build(`${conv}\n ${norm}\n r = Clip (n, lo, hi)\n ${end('r')}`),
    ['conv-norm-activation'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P4 with LeakyRelu': [
    build(`${conv}\n r = LeakyRelu <alpha = 0.1> (c)\n ${end('r')}`),
    ['conv-leaky-relu'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P5 with SiLU': [
    build(`${conv}\n s = Sigmoid (c)\n r = Mul (c, s)\n ${end('r')}`),
    ['conv-silu'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P5 with SiLU, to float': [
    build(`${conv}\n s = Sigmoid (c)\n y = Mul (s, c)`),
    ['conv-silu'],
    'IntegerConv QuantizeLinear',
  ],
  'P6 a depthwise convolution with Relu': [
    build(`c = Conv <${same}, group = 4> (a, kd)\n r = Relu (c)\n ${end('r')}`),
    ['depthwise-conv-activation'],
    'DequantizeLinear IntegerConv QuantizeLinear',
  ],
  'P7 not a depthwise convolution with SiLU': [
    build(`c = Conv <${same}, group = 4> (a, kd)\n s = Sigmoid (c)\n r = Mul (c, s)\n ${end('r')}`),
    ['conv'],
    'DequantizeLinear IntegerConv Mul QuantizeLinear QuantizeLinear Sigmoid',
  ],
  'P9 with an int8 residual': [
    build(`${conv}\n ${norm}\n q = QDQ:int8 (v, 0.03, 0)\n t = Add (n, q)\n r = Relu (t)\n ${end('r')}`, two),
    ['conv-residual'],
    'DequantizeLinear IntegerConv QuantizeLinear QuantizeLinear',
  ],
  'P9 with a float residual: the result stays float': [
    build(`${conv}\n t = Add (v, c)\n ${end('t')}`, two),
    ['conv-residual'],
    'DequantizeLinear IntegerConv QuantizeLinear QuantizeLinear',
  ],
  'P9 of two convolutions: the later one takes the Add': [
    build(`${conv}\n d = Conv <${same}> (a, wd)\n t = Add (c, d)\n ${end('t')}`),
    ['conv', 'conv-residual'],
    'DequantizeLinear IntegerConv IntegerConv QuantizeLinear QuantizeLinear',
  ],
  'P10 not with an activation before the Add': [
    build(`${conv}\n r = Relu (c)\n q = QDQ:int8 (v, 0.03, 0)\n t = Add (r, q)\n ${end('t')}`, two),
    ['conv-norm-activation'],
    'Add DequantizeLinear DequantizeLinear IntegerConv QuantizeLinear QuantizeLinear QuantizeLinear',
  ],
  'P12 behind a Pad, on codes': [
    quantizedModel(
      `p = Pad (x, pads)\n a = QDQ:int8 (p, 0.05, 0)\n wd = DequantizeLinear <axis = 0> (w, ws, wz)\n c = Conv (a, wd, b)\n ${end('c')}`,
      { constants: `${constants}, int64[8] pads = {0,0,1,1,0,0,1,1}` },
    ),
    ['conv'],
    'DequantizeLinear IntegerConv Pad QuantizeLinear',
  ],
  'P18 an average pool': [
    build(`c = AveragePool <kernel_shape = [3,3], ${same}> (a)\n ${end('c')}`),
    ['average-pool'],
    'DequantizeLinear QLinearAveragePool QuantizeLinear',
  ],
  'P18 not half quantized': [
    build(`y = AveragePool <kernel_shape = [3,3], ${same}> (a)`),
    [],
    'AveragePool DequantizeLinear QuantizeLinear',
  ],
  'P19 MaxPool between two convolutions': [
    build(
      `${conv}\n m = MaxPool <kernel_shape = [3,3], ${same}> (c)\n q = QDQ:int8 (m, 0.06, 0)\n y = Conv <${same}> (q, wd)`,
    ),
    ['conv', 'conv'],
    'IntegerConv IntegerConv MaxPool QuantizeLinear',
  ],
  'P20 Concat: a quantizer for each branch': [
    build(`${conv}\n d = Conv <${same}> (a, wd)\n t = Concat <axis = 1> (c, d)\n ${end('t')}`, {
      ...four,
      outputs: 'float[1,8,6,6] y',
    }),
    ['conv', 'conv'],
    'Concat DequantizeLinear IntegerConv IntegerConv QuantizeLinear',
  ],
  'P21 Add and Relu of two int8 values': [
    build(`q = QDQ:int8 (v, 0.03, 0)\n t = Add (a, q)\n r = Relu (t)\n ${end('r')}`, two),
    ['add'],
    'DequantizeLinear IntegerAdd QuantizeLinear QuantizeLinear',
  ],
  'P22 Mul of two int8 values': [
    build(`q = QDQ:int8 (v, 0.03, 0)\n t = Mul (a, q)\n ${end('t')}`, two),
    ['mul'],
    'DequantizeLinear IntegerMul QuantizeLinear QuantizeLinear',
  ],
  'L1 a second reader keeps the result float': [
    build(`${conv}\n ${end('c')}\n z = Abs (c)`, { ...four, outputs: 'float[1,4,6,6] y, float[1,4,6,6] z' }),
    ['conv'],
    'Abs DequantizeLinear IntegerConv QuantizeLinear QuantizeLinear',
  ],
  'E1 not with a zero point': [
    quantizedModel(
      `a = QDQ:int8 (x, 0.05, 3)\n wd = DequantizeLinear <axis = 0> (w, ws, wz)\n c = Conv <${same}> (a, wd)\n ${end('c')}`,
      { constants },
    ),
    [],
    'Conv DequantizeLinear DequantizeLinear DequantizeLinear QuantizeLinear QuantizeLinear',
  ],
};

describe('TensorRT groups', () => {
  it.each(Object.entries(patterns))('%s', (_, [model, rules, operators]) => {
    const { model: grouped, groups } = groupIntegers(model, { engine: 'tensorrt' });
    expect(groups.map(({ rule }) => rule)).toEqual(rules);
    const made = grouped.graph.nodes.map(({ opType }) => opType).sort();
    expect(made.join(' ')).toBe(operators);
    const inputs = randomInputs(model);
    const literal = execute(model, inputs, { sums: 'double', rounding: 'half-even' });
    const integer = execute(model, inputs, { arithmetic: 'integer', engine: 'tensorrt' });
    for (const [name, real] of literal) expectClose(integer.get(name)!, real, name);
  });

  it('multiplies matrices as a fully connected layer, its bias and activation inside', () => {
    const model = quantizedModel(
      `a = QDQ:int8 (x, 0.05, 0)\n d = DequantizeLinear <axis = 0> (m, s, z)\n g = Gemm <transB = 1, alpha = 0.5> (a, d, b)\n r = Relu (g)\n y = QDQ:int8 (r, 0.04, 0)`,
      {
        inputs: 'float[5,6] x',
        outputs: 'float[5,3] y',
        constants: `int8[3,6] m = {${numbers(18, 29)}}, float[3] s = {0.01,0.02,0.03}, int8[3] z = {0,0,0}, float[3] b = {0.5,-0.5,1}`,
      },
    );
    const { groups } = groupIntegers(model, { engine: 'tensorrt' });
    expect(groups.map(({ rule, becomes, nodes }) => [rule, becomes, nodes.length])).toEqual([
      ['fully-connected', 'IntegerMatMul', 5],
    ]);
    const inputs = randomInputs(model);
    const literal = execute(model, inputs, { sums: 'double', rounding: 'half-even' });
    expectClose(
      execute(model, inputs, { arithmetic: 'integer', engine: 'tensorrt' }).get('y')!,
      literal.get('y')!,
      'y',
    );
  });

  it('says of each operator between quantizers why it was left', () => {
    const model = build(`s = Softmax (a)\n q = QDQ:int8 (s, 0.01, 0)\n t = Add (q, v)\n ${end('t')}`, two);
    const { left } = groupIntegers(model, { engine: 'tensorrt' });
    expect(left.map(({ node, rule, why }) => `${node.opType} ${rule}: ${why}`)).toEqual([
      'Add add: 1 of its 2 inputs do not come from a symmetric int8 dequantizer',
      'Softmax undefined: Softmax runs on real numbers in TensorRT',
    ]);
  });
});

/** Codes may be one apart where a float rounding made or unmade a tie; sums in double leave few of those. */
function expectClose(got: Tensor, want: Tensor, name: string): void {
  expect([...got.dims], name).toEqual([...want.dims]);
  const [a, b] = [got.toTypedArray() as Float32Array, want.toTypedArray() as Float32Array];
  const quantum = 0.04 * 1.001;
  let apart = 0;
  a.forEach((value, i) => {
    expect(Math.abs(value - b[i]!), `${name}[${i}]`).toBeLessThanOrEqual(quantum);
    if (Math.abs(value - b[i]!) > 1e-5) apart++;
  });
  expect(apart, name).toBeLessThanOrEqual(a.length / 50);
}

function randomInputs(model: Model): Map<string, Tensor> {
  const random = createRandom(11);
  return new Map(
    model.graph.inputs.map(({ name, type }) => {
      const dims = type?.kind === 'tensor' ? type.shape!.map(({ value }) => value!) : [];
      const count = dims.reduce((x, y) => x * y, 1);
      const values = Array.from({ length: count }, () => Math.fround((random.uniform() - 0.5) * 10));
      return [name, tensor('float32', dims, values)];
    }),
  );
}
