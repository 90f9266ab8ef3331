import { expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { execute, groupIntegers } from '../../src/runtime/index.ts';
import { createRandom } from '../../src/support/random.ts';
import { runInEngine } from '../support/engine.ts';
import { convolutionModel, productModel, type QuantizedText, quantizedModel } from './groups.ts';
import { operatorCounts, optimizedByEngine } from './optimized.ts';

/** Each group rule beside ONNX Runtime's own optimizer: the same operators, and the same codes. */

const two = { inputs: 'float[1,4,6,6] x, float[1,4,6,6] v' };
const pairOfOutputs = { outputs: 'float[1,4,6,6] y, float[1,4,6,6] z' };
const pooled = { outputs: 'float[1,4,5,5] y' };
const flat = { outputs: 'float[4,36] y', constants: 'int64[2] shape = {4,36}' };
const chosen = { inputs: 'bool[1,4,6,6] c, float[1,4,6,6] x' };
const cube = { inputs: 'float[2,5,6] x', outputs: 'float[2,5,6] y' };
const conv = convolutionModel;
const product = productModel;
const plain = (body: string, text?: QuantizedText) => quantizedModel(body, text);
const quantized = 'y = QDQ:uint8 (c, 0.1, 7)';
const binary = (op: string, tail = 'y = QDQ:uint8 (c, 0.1, 4)') =>
  plain(`a = QDQ:uint8 (x, 0.05, 3)\n b = QDQ:uint8 (v, 0.07, 9)\n c = ${op} (a, b)\n ${tail}`, two);
const unary = (call: string, text?: QuantizedText, type = 'uint8') =>
  plain(`a = QDQ:${type} (x, 0.05, 3)\n c = ${call}\n y = QDQ:${type} (c, 0.05, 3)`, text);

const cases: Readonly<Record<string, Model>> = {
  'a convolution': conv(`c = Conv (a, wd, bd)\n ${quantized}`),
  'scales by channel': conv(`c = Conv (a, wd4, bd4)\n ${quantized}`),
  'no zero point behind': conv('c = Conv (a, wd)\n y = QDQ:uint8 (c, 0.1)'),
  'a float bias': conv(`c = Conv (a, wd, fb)\n ${quantized}`),
  'a float bias, scales by channel': conv(`c = Conv (a, wd4, fb)\n ${quantized}`),
  'float weights': conv(`c = Conv (a, fw, fb)\n ${quantized}`),
  'a Relu that saturation does': conv('c = Conv (a, wd, bd)\n r = Relu (c)\n y = QDQ:uint8 (r, 0.1, 0)'),
  'a Relu in opset 21': conv('c = Conv (a, wd, bd)\n r = Relu (c)\n y = QDQ:uint8 (r, 0.1, 0)', {
    opset: 21,
  }),
  'a Relu in opset 23': conv('c = Conv (a, wd, bd)\n r = Relu (c)\n y = QDQ:uint8 (r, 0.1, 0)', {
    opset: 23,
  }),
  'opset 25': conv(`c = Conv (a, wd, bd)\n ${quantized}`, { opset: 25 }),
  'a Relu that cuts off more': conv('c = Conv (a, wd, bd)\n r = Relu (c)\n y = QDQ:uint8 (r, 0.1, 5)'),
  'a Relu with another reader': conv(
    'c = Conv (a, wd, bd)\n r = Relu (c)\n y = QDQ:uint8 (r, 0.1, 0)\n z = Abs (r)',
    pairOfOutputs,
  ),
  'a Clip beyond the codes': conv('c = Conv (a, wd, bd)\n r = Clip (c, lo, hi)\n y = QDQ:uint8 (r, 0.02, 0)'),
  'a Clip within the codes': conv('c = Conv (a, wd, bd)\n r = Clip (c, lo, hi)\n y = QDQ:uint8 (r, 0.1, 0)'),
  'a Clip in opset 21': conv('c = Conv (a, wd, bd)\n r = Clip (c, lo, hi)\n y = QDQ:uint8 (r, 0.02, 0)', {
    opset: 21,
  }),
  'int8 codes, made unsigned': conv('c = Conv (a, wd, bd)\n y = QDQ:int8 (c, 0.1, 7)', { type: 'int8' }),
  'int8 codes that stay signed': conv('c = Conv (a, wd, bd)\n y = Q:int8 (c, 0.1, 7)', {
    type: 'int8',
    outputs: 'int8[1,4,6,6] y',
  }),
  'int8 in, uint8 out': conv(`c = Conv (a, wd, bd)\n ${quantized}`, { type: 'int8' }),
  'codes as an output': conv('c = Conv (a, wd, bd)\n y = Q:uint8 (c, 0.1, 7)', {
    outputs: 'uint8[1,4,6,6] y',
  }),
  'two equal quantizers': conv(
    `c = Conv (a, wd, bd)\n ${quantized}\n z = QDQ:uint8 (c, 0.1, 7)`,
    pairOfOutputs,
  ),
  'two quantizers': conv(`c = Conv (a, wd, bd)\n ${quantized}\n z = QDQ:uint8 (c, 0.2, 7)`, pairOfOutputs),
  'a float output besides': conv('z = Conv (a, wd, bd)\n y = QDQ:uint8 (z, 0.1, 7)', pairOfOutputs),
  'a bias of another scale': conv(`c = Conv (a, wd, bdOff)\n ${quantized}`),
  ConvTranspose: conv(`c = ConvTranspose (a, wd, bd)\n ${quantized}`),
  'dequantized data that is an output': conv(`c = Conv (a, wd, bd)\n ${quantized}`, {
    outputs: 'float[1,4,6,6] y, float[1,4,6,6] a',
  }),
  'data of two convolutions': conv(
    `c = Conv (a, wd, bd)\n ${quantized}\n d = Conv (a, wd)\n z = QDQ:uint8 (d, 0.1, 7)`,
    pairOfOutputs,
  ),
  'int8 data of two convolutions': conv(
    'c = Conv (a, wd, bd)\n y = QDQ:int8 (c, 0.1, 7)\n d = Conv (a, wd)\n z = QDQ:int8 (d, 0.1, 7)',
    { ...pairOfOutputs, type: 'int8' },
  ),
  'two pairs in a row': plain('a = QDQ:uint8 (x, 0.05, 3)\n y = QDQ:uint8 (a, 0.07, 9)'),
  'two int8 pairs': plain('a = QDQ:int8 (x, 0.05, 3)\n b = QDQ:int8 (a, 0.07, 9)\n y = Relu (b)'),
  'two equal pairs': plain('a = QDQ:uint8 (x, 0.05, 3)\n y = QDQ:uint8 (a, 0.05, 3)'),
  'three pairs': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n b = QDQ:uint8 (a, 0.04, 5)\n c = QDQ:uint8 (b, 0.06, 5)\n y = Sigmoid (c)',
  ),
  Add: binary('Add'),
  'Add and Relu': binary('Add', 'r = Relu (c)\n y = QDQ:uint8 (r, 0.1, 0)'),
  'Add of a value with itself': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n c = Add (a, a)\n y = QDQ:uint8 (c, 0.1, 4)',
  ),
  'Add of two types': plain(
    'a = QDQ:int8 (x, 0.05, 3)\n b = QDQ:uint8 (v, 0.07, 9)\n c = Add (a, b)\n y = QDQ:uint8 (c, 0.1, 4)',
    two,
  ),
  'Add of 16-bit codes': plain(
    'a = QDQ:int16 (x, 0.05, 3)\n b = QDQ:int16 (v, 0.07, 9)\n c = Add (a, b)\n y = QDQ:int16 (c, 0.1, 4)',
    { ...two, opset: 21 },
  ),
  Mul: binary('Mul'),
  Sub: binary('Sub'),
  'SiLU, quantized inside': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n s = Sigmoid (a)\n b = QDQ:uint8 (s, 0.0039, 0)\n c = Mul (a, b)\n y = QDQ:uint8 (c, 0.1, 4)',
  ),
  Softmax: unary('Softmax (a)'),
  LeakyRelu: unary('LeakyRelu (a)', {}, 'int8'),
  AveragePool: unary('AveragePool <kernel_shape = [2,2]> (a)', pooled),
  GlobalAveragePool: unary('GlobalAveragePool (a)', { outputs: 'float[1,4,1,1] y' }),
  MaxPool: unary('MaxPool <kernel_shape = [2,2]> (a)', pooled),
  'MaxPool in opset 22': unary('MaxPool <kernel_shape = [2,2]> (a)', { ...pooled, opset: 22 }),
  'MaxPool in opset 11': unary('MaxPool <kernel_shape = [2,2]> (a)', { ...pooled, opset: 11 }),
  'MaxPool between two scales': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n c = MaxPool <kernel_shape = [2,2]> (a)\n y = QDQ:uint8 (c, 0.06, 3)',
    pooled,
  ),
  'MaxPool a pair moves forward over': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n c = MaxPool <kernel_shape = [2,2]> (a)\n y = Abs (c)',
    pooled,
  ),
  'MaxPool a pair moves back over': plain(
    'r = Abs (x)\n c = MaxPool <kernel_shape = [2,2]> (r)\n y = QDQ:uint8 (c, 0.05, 3)',
    pooled,
  ),
  'MaxPool of the input': plain(
    'c = MaxPool <kernel_shape = [2,2]> (x)\n y = QDQ:uint8 (c, 0.05, 3)',
    pooled,
  ),
  'MaxPool of opset 22 no pair moves over': plain(
    'r = Abs (x)\n c = MaxPool <kernel_shape = [2,2]> (r)\n y = QDQ:uint8 (c, 0.05, 3)',
    { ...pooled, opset: 22 },
  ),
  Reshape: unary('Reshape (a, shape)', flat),
  'Reshape of opset 21': plain('a = QDQ:uint8 (x, 0.05, 3)\n c = Reshape (a, shape)\n y = Abs (c)', {
    ...flat,
    opset: 21,
  }),
  'Reshape of 16-bit codes': unary('Reshape (a, shape)', { ...flat, opset: 21 }, 'int16'),
  'Reshape without zero points': plain(
    'a = QDQ:uint8 (x, 0.05)\n c = Reshape (a, shape)\n y = QDQ:uint8 (c, 0.05)',
    flat,
  ),
  'Transpose, moved over': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n c = Transpose <perm = [0,2,3,1]> (a)\n y = Abs (c)',
    {
      outputs: 'float[1,6,6,4] y',
    },
  ),
  Flatten: unary('Flatten (a)', { outputs: 'float[1,144] y' }),
  'Flatten, not moved over': plain('a = QDQ:uint8 (x, 0.05, 3)\n c = Flatten (a)\n y = Abs (c)', {
    outputs: 'float[1,144] y',
  }),
  Gather: unary('Gather <axis = 1> (a, i)', { outputs: 'float[1,2,6,6] y', constants: 'int64[2] i = {0,1}' }),
  Slice: unary('Slice (a, from, to)', {
    outputs: 'float[1,3,6,6] y',
    constants: 'int64[2] from = {0,1}, int64[2] to = {1,4}',
  }),
  Split: plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n s, t = Split <axis = 1> (a)\n y = QDQ:uint8 (s, 0.05, 3)\n z = QDQ:uint8 (t, 0.05, 3)',
    { outputs: 'float[1,2,6,6] y, float[1,2,6,6] z' },
  ),
  'Split into two scales': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n s, t = Split <axis = 1> (a)\n y = QDQ:uint8 (s, 0.05, 3)\n z = QDQ:uint8 (t, 0.06, 3)',
    { outputs: 'float[1,2,6,6] y, float[1,2,6,6] z' },
  ),
  Concat: plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n b = QDQ:uint8 (v, 0.06, 3)\n c = Concat <axis = 1> (a, b)\n y = QDQ:uint8 (c, 0.05, 3)',
    { ...two, outputs: 'float[1,8,6,6] y' },
  ),
  Resize: unary('Resize <mode = "nearest"> (a, , factors)', {
    outputs: 'float[1,4,12,12] y',
    constants: 'float[4] factors = {1.0,1.0,2.0,2.0}',
  }),
  ReduceMax: unary('ReduceMax <axes = [1]> (a)', { outputs: 'float[1,1,6,6] y' }),
  ArgMax: plain('a = QDQ:uint8 (x, 0.05, 3)\n y = ArgMax <axis = 1> (a)', { outputs: 'int64[1,1,6,6] y' }),
  DepthToSpace: unary('DepthToSpace <blocksize = 2> (a)', { outputs: 'float[1,1,12,12] y' }),
  Pad: unary('Pad (a, pads)', {
    outputs: 'float[1,4,8,8] y',
    constants: 'int64[8] pads = {0,0,1,1,0,0,1,1}',
  }),
  Where: plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n b = QDQ:uint8 (v, 0.06, 3)\n w = Where (c, a, b)\n y = QDQ:uint8 (w, 0.05, 3)',
    { inputs: 'bool[1,4,6,6] c, float[1,4,6,6] x, float[1,4,6,6] v' },
  ),
  'Where with a constant': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n w = Where (c, a, k)\n y = QDQ:uint8 (w, 0.05, 3)',
    {
      ...chosen,
      constants: 'float k = {-3.5}',
    },
  ),
  'Where with a constant first': plain(
    'a = QDQ:int8 (x, 0.05, 3)\n w = Where (c, k, a)\n y = QDQ:int8 (w, 0.05, 3)',
    { ...chosen, constants: 'float k = {2.5}' },
  ),
  MatMul: product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n y = QDQ:uint8 (p, 0.1, 4)',
  ),
  'MatMul to float': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n y = MatMul (a, d)',
  ),
  'MatMul to float, scales by column': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear <axis = 1> (m, s6, z6)\n y = MatMul (a, d)',
  ),
  'MatMul of int8': product(
    'a = QDQ:int8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n y = QDQ:int8 (p, 0.1, 4)',
  ),
  'MatMul and Add': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n q = Add (p, fb)\n y = QDQ:uint8 (q, 0.1, 4)',
  ),
  'MatMul and Add to float': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n y = Add (p, fb)',
  ),
  'MatMul and Add of three axes': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n q = Add (p, fb)\n y = QDQ:uint8 (q, 0.1, 4)',
    cube,
  ),
  'MatMul and Add, transposed weights': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear <axis = 0> (m, s6, z6)\n t = Transpose <perm = [1, 0]> (d)\n p = MatMul (a, t)\n q = Add (fb, p)\n y = QDQ:uint8 (q, 0.1, 4)',
  ),
  'a quantized bias of the first product': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n e = DequantizeLinear (ib, is)\n p = MatMul (a, d)\n q = Add (e, p)\n y = QDQ:uint8 (q, 0.1, 4)',
    cube,
  ),
  'MatMul and Add of float weights': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n p = MatMul (a, fm)\n q = Add (p, fb)\n y = QDQ:uint8 (q, 0.1, 4)',
  ),
  'MatMul and Add, reshaped': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n q = Add (p, fb)\n r = Reshape (q, heads)\n y = QDQ:uint8 (r, 0.1, 4)',
    { ...cube, outputs: 'float[2,5,2,3] y' },
  ),
  'MatMul, quantized, and Add': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = MatMul (a, d)\n b = QDQ:uint8 (p, 0.2, 4)\n q = Add (b, fb)\n y = QDQ:uint8 (q, 0.1, 4)',
    cube,
  ),
  'a sum of two products': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n p = MatMul (a, fm)\n r = MatMul (a, fm2)\n q = Add (p, r)\n y = QDQ:uint8 (q, 0.1, 4)',
  ),
  'reshaped weights': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n r = Reshape (d, square)\n p = MatMul (a, r)\n y = QDQ:uint8 (p, 0.1, 4)',
  ),
  'Transposes with a pair between': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n b = Transpose <perm = [0,2,3,1]> (a)\n c = QDQ:uint8 (b, 0.05, 3)\n d = Transpose <perm = [0,2,1,3]> (c)\n y = QDQ:uint8 (d, 0.05, 3)',
    { outputs: 'float[1,6,6,4] y' },
  ),
  Gemm: product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n e = DequantizeLinear (ib, is)\n p = Gemm (a, d, e)\n y = QDQ:uint8 (p, 0.1, 4)',
  ),
  'Gemm with scales by column': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear <axis = 0> (m, s6, z6)\n e = DequantizeLinear <axis = 0> (ib, is6)\n p = Gemm <transB = 1> (a, d, e)\n y = QDQ:uint8 (p, 0.1, 4)',
  ),
  'Gemm to float': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n e = DequantizeLinear (ib, is)\n y = Gemm (a, d, e)',
  ),
  'Gemm without a bias': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n y = Gemm (a, d)',
  ),
  'Gemm with a float bias': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n p = Gemm (a, d, fb)\n y = QDQ:uint8 (p, 0.1, 4)',
  ),
  'Gemm with a scaled bias': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n e = DequantizeLinear (ib, is)\n p = Gemm <beta = 0.5> (a, d, e)\n y = QDQ:uint8 (p, 0.1, 4)',
  ),
  'Gemm of int8': product(
    'a = QDQ:int8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n e = DequantizeLinear (ib, is)\n p = Gemm (a, d, e)\n y = QDQ:int8 (p, 0.1, 4)',
  ),
  'a product of dynamic codes': product(
    'q, t, u = DynamicQuantizeLinear (x)\n p = MatMulInteger (q, m, u, z)\n c = Cast <to = 1> (p)\n k = Mul (t, s)\n r = Mul (c, k)\n y = Add (r, fb)',
  ),
  'two products of dynamic codes': product(
    'q, t, u = DynamicQuantizeLinear (x)\n p = MatMulInteger (q, m, u, z)\n c = Cast <to = 1> (p)\n k = Mul (t, s)\n y = Mul (c, k)\n P = MatMulInteger (q, n, u)\n C = Cast <to = 1> (P)\n K = Mul (t, s6)\n w = Mul (C, K)',
    { outputs: 'float[5,6] y, float[5,6] w' },
  ),
  'a pair that is undone': plain(
    'a = DQ:uint8 (x, 0.05, 3)\n b = Q:uint8 (a, 0.05, 3)\n f = DQ:uint8 (b, 0.05, 3)\n y = Abs (f)',
    { inputs: 'uint8[1,4,6,6] x' },
  ),
  'an output that is undone': plain('a = DQ:uint8 (x, 0.05, 3)\n y = Q:uint8 (a, 0.05, 3)', {
    inputs: 'uint8[1,4,6,6] x',
    outputs: 'uint8[1,4,6,6] y',
  }),
  'copies in a row, moved forward': plain(
    'a = QDQ:uint8 (x, 0.05, 3)\n b = Reshape (a, shape)\n c = Transpose (b)\n d = Reshape (c, back)\n y = Abs (d)',
    { constants: 'int64[2] shape = {4,36}, int64[4] back = {1,4,6,6}' },
  ),
  'copies in a row, moved back': plain(
    'a = Abs (x)\n b = Reshape (a, shape)\n c = Transpose (b)\n d = Reshape (c, back)\n y = QDQ:uint8 (d, 0.05, 3)',
    { constants: 'int64[2] shape = {4,36}, int64[4] back = {1,4,6,6}' },
  ),
};

it.each(Object.entries(cases))('%s', async (_, model) => {
  const theirs = await optimizedByEngine(model);
  const { model: ours } = groupIntegers(model);
  expect(operatorCounts(ours)).toEqual(operatorCounts(theirs));
  const inputs = randomInputs(model);
  const want = await runInEngine(theirs, inputs);
  for (const [name, got] of execute(ours, inputs))
    expect(got.toTypedArray(), name).toEqual(want.get(name)!.toTypedArray());
});

/** Networks that compute in floats as well, which each engine does in its own order. */
const partlyFloat: Readonly<Record<string, Model>> = {
  'transposed weights that two products read': product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n t = Transpose (d)\n p = MatMul (t, a)\n y = MatMul (t, p)',
    { inputs: 'float[6,6] x', outputs: 'float[6,6] y' },
  ),
  'weights alone, scales of their own': product(
    'd = DequantizeLinear (m, s, z)\n e = DequantizeLinear (n, is, z)\n p = MatMul (x, d)\n y = MatMul (p, e)',
  ),
  'weights alone, one scale for two': product(
    'd = DequantizeLinear (m, s, z)\n e = DequantizeLinear (n, s, z)\n p = MatMul (x, d)\n y = MatMul (p, e)',
  ),
};

it.each(Object.entries(partlyFloat))('%s', async (_, model) => {
  const onCodes = (one: Model) =>
    [...operatorCounts(one)].filter(([opType]) => /^(?:Q|Dequantize|MatMul(?:Integer|NBits))/.test(opType));
  expect(onCodes(groupIntegers(model).model)).toEqual(onCodes(await optimizedByEngine(model)));
});

it('leaves a Gemm alone whose bias would be read in another scale, though ONNX Runtime does not', async () => {
  const model = product(
    'a = QDQ:uint8 (x, 0.05, 3)\n d = DequantizeLinear (m, s, z)\n e = DequantizeLinear (ib, s)\n p = Gemm (a, d, e)\n y = QDQ:uint8 (p, 0.1, 4)',
  );
  expect(operatorCounts(await optimizedByEngine(model)).get('QGemm')).toBe(1);
  const { model: ours, left } = groupIntegers(model);
  expect(operatorCounts(ours).get('QGemm')).toBeUndefined();
  expect(left[0]!.why).toMatch(/its bias has the scale 0.1\d*, but the products have 0.005\d*/);
});

function randomInputs(model: Model): Map<string, Tensor> {
  const random = createRandom(7);
  return new Map(
    model.graph.inputs.map(({ name, type }) => {
      if (type?.kind !== 'tensor') throw new Error('tensors only');
      const dims = type.shape!.map(({ value }) => value!);
      const count = dims.reduce((a, b) => a * b, 1);
      const value = () =>
        type.elemType === 'float32'
          ? Math.fround((random.uniform() - 0.4) * 12)
          : type.elemType === 'bool'
            ? random.below(2)
            : random.below(256);
      return [name, tensor(type.elemType, dims, Array.from({ length: count }, value))];
    }),
  );
}
