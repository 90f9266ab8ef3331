import { describe, expect, it } from 'vitest';
import { inferTypes } from '../../src/analysis/index.ts';
import { inferNode, registerInference, tensorFacts, toDim } from '../../src/ops/index.ts';
import { parseModel } from '../../src/serde/index.ts';

/** The type of `y` after the given nodes, as `float32[2,N,?]`; `?` alone is an unknown rank. */
function typeOfY(inputs: string, nodes: string, opset = 21): string {
  const map = inferTypes(
    parseModel(`<ir_version: 10, opset_import: ["" : ${opset}]> main (${inputs}) => (y) { ${nodes} }`),
    { strict: true },
  );
  const type = map.graph(map.model.graph)?.factsOf('y')?.type;
  if (type?.kind !== 'tensor') return type?.kind ?? 'nothing';
  return `${type.elemType}${type.shape === undefined ? '?' : `[${type.shape.map((dim) => toDim(dim) ?? '?')}]`}`;
}

describe('inference, by the formulas of the operator pages', () => {
  it.each<[string, string, string]>([
    ['float[2,3] a, float[3] b', 'y = Add (a, b)', 'float32[2,3]'],
    ['float[2,1] a, float[N] b', 'y = Add (a, b)', 'float32[2,N]'],
    ['float[N] a, float[4] b', 'y = Add (a, b)', 'float32[4]'],
    ['float[N] a, float[M] b', 'y = Add (a, b)', 'float32[?]'],
    ['float[0] a, float[1] b', 'y = Add (a, b)', 'float32[0]'],
    ['float[2] a, float[2] b', 'y = Less (a, b)', 'bool[2]'],
    ['uint8[n] file', 'y = ImageDecoder (file)', 'uint8[?,?,3]'],
    ['uint8[n] file', 'y = ImageDecoder <pixel_format = "Grayscale"> (file)', 'uint8[?,?,1]'],
    [
      'float[B,4,L,8] q, float[B,2,S,8] k, float[B,2,S,6] v',
      'y = ai.onnx.preview.FlexAttention (q, k, v)',
      'float32[B,4,L,6]',
    ],
    ['bool[2,1] c, float[3] a, float b', 'y = Where (c, a, b)', 'float32[2,3]'],
    ['float[1,3,8,8] x, float[4,3,3,3] w', 'y = Conv (x, w)', 'float32[1,4,6,6]'],
    [
      'float[1,3,8,8] x, float[4,3,3,3] w',
      'y = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w)',
      'float32[1,4,4,4]',
    ],
    ['float[1,3,8,8] x, float[4,3,3,3] w', 'y = Conv <dilations = [2,3]> (x, w)', 'float32[1,4,4,2]'],
    [
      'float[1,3,7,8] x, float[4,3,3,3] w',
      'y = Conv <auto_pad = "SAME_UPPER", strides = [2,2]> (x, w)',
      'float32[1,4,4,4]',
    ],
    ['float[N,4,8] x, float[6,2,3] w', 'y = Conv <group = 2> (x, w)', 'float32[N,6,6]'],
    [
      'float[1,3,4,4] x, float[3,5,3,3] w',
      'y = ConvTranspose <strides = [2,2], output_padding = [1,1]> (x, w)',
      'float32[1,5,10,10]',
    ],
    [
      'float[1,3,4,4] x, float[3,5,3,3] w',
      'y = ConvTranspose <group = 3, output_shape = [7,8]> (x, w)',
      'float32[1,15,7,8]',
    ],
    ['float[1,1,7,7] x', 'y = MaxPool <kernel_shape = [2,2], strides = [2,2]> (x)', 'float32[1,1,3,3]'],
    [
      'float[1,1,7,7] x',
      'y = MaxPool <kernel_shape = [2,2], strides = [2,2], ceil_mode = 1> (x)',
      'float32[1,1,4,4]',
    ],
    // ceil((2 + 2 − 1)/3) + 1 = 2, but the second window would start in the padding at the end.
    [
      'float[1,1,2] x',
      'y = AveragePool <kernel_shape = [1], strides = [3], pads = [1,1], ceil_mode = 1> (x)',
      'float32[1,1,1]',
    ],
    ['float[2,3,4,5] x', 'y = GlobalAveragePool (x)', 'float32[2,3,1,1]'],
    ['float[2,1,3,4] a, float[5,4,6] b', 'y = MatMul (a, b)', 'float32[2,5,3,6]'],
    ['float[4] a, float[5,4,6] b', 'y = MatMul (a, b)', 'float32[5,6]'],
    ['float[4] a, float[4] b', 'y = MatMul (a, b)', 'float32[]'],
    ['float[3,2] a, float[4,3] b', 'y = Gemm <transA = 1, transB = 1> (a, b)', 'float32[2,4]'],
    ['float[2,3,4] a, float[2,4,5] b', 'y = Einsum <equation = "bij, bjk -> bik"> (a, b)', 'float32[2,3,5]'],
    ['float[7,3,4] a', 'y = Einsum <equation = "...ij -> ...ji"> (a)', 'float32[7,4,3]'],
    ['float[3,3] a', 'y = Einsum <equation = "ii"> (a)', 'float32[]'],
    ['float[2,3,4] x', 'a = Constant <value_ints = [1,-1]> ()  y = ReduceSum (x, a)', 'float32[2,1,1]'],
    ['float[2,3,4] x', 'y = ReduceSum <keepdims = 0> (x)', 'float32[]'],
    ['float[2,3,4] x', 'y = ReduceSum <noop_with_empty_axes = 1> (x)', 'float32[2,3,4]'],
    ['float[2,3] x', 'y = ArgMax <axis = 1, keepdims = 0> (x)', 'int64[2]'],
    ['float[2,9] x', 'k = Constant <value_ints = [4]> ()  v, y = TopK (x, k)', 'int64[2,4]'],
    ['float[2,3,4] x', 'y = Transpose (x)', 'float32[4,3,2]'],
    ['float[2,3,4] x', 's = Constant <value_ints = [0,-1]> ()  y = Reshape (x, s)', 'float32[2,12]'],
    ['float[N,3,4] x', 's = Constant <value_ints = [0,-1]> ()  y = Reshape (x, s)', 'float32[N,12]'],
    ['float[N,3,4] x', 's = Constant <value_ints = [-1,12]> ()  y = Reshape (x, s)', 'float32[N,12]'],
    [
      'float[0,3] x',
      's = Constant <value_ints = [3,0]> ()  y = Reshape <allowzero = 1> (x, s)',
      'float32[3,0]',
    ],
    ['float[2,3,4] x', 'y = Flatten <axis = 3> (x)', 'float32[24,1]'],
    ['float[1,3,1] x', 'y = Squeeze (x)', 'float32[3]'],
    ['float[3] x', 'a = Constant <value_ints = [0,-1]> ()  y = Unsqueeze (x, a)', 'float32[1,3,1]'],
    ['float[3,1] x', 's = Constant <value_ints = [2,1,6]> ()  y = Expand (x, s)', 'float32[2,3,6]'],
    ['float[3,2] x', 'r = Constant <value_ints = [2,3]> ()  y = Tile (x, r)', 'float32[6,6]'],
    ['float[2,3] a, float[2,N] b, float[2,4] c', 'y = Concat <axis = 1> (a, c)', 'float32[2,7]'],
    ['float[N,3] a, float[2,4] b', 'y = Concat <axis = -1> (a, b)', 'float32[2,7]'],
    ['float[7] x', 'a, y = Split <num_outputs = 2> (x)', 'float32[3]'],
    [
      'float[9,8] x',
      's = Constant <value_ints = [-1]> ()  e = Constant <value_ints = [-9223372036854775808]> ()  y = Slice (x, s, e, s, s)',
      'float32[9,8]',
    ],
    [
      'float[9,8] x',
      's = Constant <value_ints = [1]> ()  e = Constant <value_ints = [9223372036854775807]> ()  y = Slice (x, s, e)',
      'float32[8,8]',
    ],
    ['float[2,3] x', 'p = Constant <value_ints = [1,0,-1,2]> ()  y = Pad (x, p)', 'float32[2,5]'],
    ['float[5,6,7] x, int64[2,3] i', 'y = Gather <axis = 1> (x, i)', 'float32[5,2,3,7]'],
    ['float[5,6,7] x, int64[4,2] i', 'y = GatherND (x, i)', 'float32[4,7]'],
    ['float[1,8,2,3] x', 'y = DepthToSpace <blocksize = 2> (x)', 'float32[1,2,4,6]'],
    [
      'float[1,1,4,5] x',
      's = Constant <value_floats = [1.0,1.0,2.0,1.5]> ()  y = Resize (x, "", s)',
      'float32[1,1,8,7]',
    ],
    [
      'float[1,1,4,8] x',
      's = Constant <value_ints = [6,6]> ()  y = Resize <axes = [2,3], keep_aspect_ratio_policy = "not_larger"> (x, "", "", s)',
      'float32[1,1,3,6]',
    ],
    ['float[2,3] x', 'y = NonZero (x)', 'int64[2,?]'],
    [
      'int64[3] i',
      'd = Constant <value_int = 9> ()  v = Constant <value_floats = [0.0,1.0]> ()  y = OneHot <axis = 0> (i, d, v)',
      'float32[9,3]',
    ],
    [
      'float x',
      'a = Constant <value_int = 2> ()  b = Constant <value_int = 11> ()  c = Constant <value_int = 3> ()  y = Range (a, b, c)',
      'int64[3]',
    ],
    [
      'float[5,2,3] x, float[1,16,3] w, float[1,16,4] r',
      'y = LSTM <hidden_size = 4> (x, w, r)',
      'float32[5,1,2,4]',
    ],
    [
      'float[4,5] x, float[5] s, float[5] b',
      'n, y = LayerNormalization <axis = 1> (x, s, b)',
      'float32[4,1]',
    ],
    ['float[4] x', 'n, y = Dropout (x)', 'bool[4]'],
  ])('%s: %s', (inputs, nodes, wanted) => {
    expect(typeOfY(inputs, nodes)).toBe(wanted);
  });

  it.each<[string, string, string]>([
    // What exporters write to flatten, to pad, and to resize.
    [
      'float[N,3,4] x',
      's = Shape (x)  i = Constant <value_int = 0> ()  n = Gather (s, i)  a = Constant <value_ints = [0]> ()  u = Unsqueeze (n, a)  m = Constant <value_ints = [12]> ()  t = Concat <axis = 0> (u, m)  y = Reshape (x, t)',
      'float32[N,12]',
    ],
    [
      'float[1,2,5,6] x',
      'p = Constant <value_ints = [1,2,3,4]> ()  n = Constant <value_ints = [4]> ()  z = ConstantOfShape <value = int64[1] {0}> (n)  c = Concat <axis = 0> (p, z)  two = Constant <value_ints = [-1,2]> ()  r = Reshape (c, two)  s = Constant <value_ints = [-1]> ()  e = Constant <value_ints = [-9223372036854775807]> ()  ax = Constant <value_ints = [0]> ()  f = Slice (r, s, e, ax, s)  t = Transpose <perm = [1,0]> (f)  q = Reshape (t, s)  y = Pad (x, q)',
      'float32[1,2,12,9]',
    ],
    [
      'float[1,2,5,6] x',
      's = Shape <start = 2> (x)  f = Cast <to = 1> (s)  k = Constant <value_float = 1.5> ()  m = Mul (f, k)  l = Floor (m)  d = Cast <to = 7> (l)  h = Shape <end = 2> (x)  t = Concat <axis = 0> (h, d)  y = Resize (x, "", "", t)',
      'float32[1,2,7,9]',
    ],
    ['float[N,4] x', 's = Shape (x)  y = ConstantOfShape (s)', 'float32[N,4]'],
    [
      'float[N,4] x',
      'n = Size (x)  o = Constant <value_int = 1> ()  z = Constant <value_int = 0> ()  y = Range (z, n, o)',
      'int64[?]',
    ],
  ])('follows the contents of shapes: %s: %s', (inputs, nodes, wanted) => {
    expect(typeOfY(inputs, nodes)).toBe(wanted);
  });

  it.each<[number, string, string, string]>([
    [9, 'float[9,8] x', 'y = Slice <starts = [1,-3], ends = [4,100]> (x)', 'float32[3,3]'],
    [9, 'float[9,8] x', 'y = Slice <starts = [1], ends = [9223372036854775807]> (x)', 'float32[8,8]'],
    [1, 'float[2] x', 'y = Cast <to = "INT32"> (x)', 'int32[2]'],
    [1, 'int32[2] x', 'y = Cast <to = "FLOAT"> (x)', 'float32[2]'],
    [
      7,
      'float[1,2,3] x, float[2,3] s',
      'y = BatchNormalization <spatial = 0> (x, s, s, s, s)',
      'float32[1,2,3]',
    ],
    [6, 'float[2,3] a, float[3] b', 'y = Add <broadcast = 1> (a, b)', 'float32[2,3]'],
    [9, 'float[2,9] x', 'y, i = TopK <k = 4> (x)', 'float32[2,4]'],
    [2, 'float[2,3] x', 'y = Pad <pads = [0,1,0,1]> (x)', 'float32[2,5]'],
    [5, 'float[2,3] x', 's = Constant <value = int64[1] {6}> ()  y = Reshape (x, s)', 'float32[6]'],
    [11, 'float[1,3] x', 'y = Squeeze <axes = [0]> (x)', 'float32[3]'],
    [
      9,
      'float[1,1,2,2] x',
      's = Constant <value = float[4] {1, 1, 2, 3}> ()  y = Upsample (x, s)',
      'float32[1,1,4,6]',
    ],
    [
      10,
      'float[1,1,2,2] x',
      's = Constant <value = float[4] {1, 1, 2, 3}> ()  y = Resize (x, s)',
      'float32[1,1,4,6]',
    ],
    [7, 'float[4] x', 'n, y = Dropout (x)', 'float32[4]'],
  ])('knows the older forms, opset %i: %s: %s', (opset, inputs, nodes, wanted) => {
    expect(typeOfY(inputs, nodes, opset)).toBe(wanted);
  });

  it.each<[string, string, string]>([
    ['float[4] x', 's = Constant <value_float = 0.5> ()  y = QuantizeLinear (x, s)', 'uint8[4]'],
    [
      'float[4] x',
      's = Constant <value_float = 0.5> ()  z = Constant <value = int8 {0}> ()  y = QuantizeLinear (x, s, z)',
      'int8[4]',
    ],
    [
      'float[4] x',
      's = Constant <value_float = 0.5> ()  y = QuantizeLinear <output_dtype = 22> (x, s)',
      'int4[4]',
    ],
    ['int8[4] x', 's = Constant <value = float16 {0.5}> ()  y = DequantizeLinear (x, s)', 'float16[4]'],
    ['float[4,2] x', 'y, s, z = DynamicQuantizeLinear (x)', 'uint8[4,2]'],
    ['uint8[1,1,3,3] x, uint8[1,1,2,2] w', 'y = ConvInteger (x, w)', 'int32[1,1,2,2]'],
    ['uint8[2,3] x, int8[3,4] w', 'y = MatMulInteger (x, w)', 'int32[2,4]'],
  ])('knows quantized operators: %s: %s', (inputs, nodes, wanted) => {
    expect(typeOfY(inputs, nodes)).toBe(wanted);
  });

  it.each<[string, string, string]>([
    ['float[2] a, float[3] b', 'y = Add (a, b)', 'shape-mismatch'],
    ['float[2] a, int64[2] b', 'y = Add (a, b)', 'dtype-mismatch'],
    ['float[1,3,8,8] x, float[4,2,3,3] w', 'y = Conv (x, w)', 'shape-mismatch'],
    ['float[1,3,8,8] x, float[4,3,3] w', 'y = Conv (x, w)', 'rank-mismatch'],
    ['float[1,3,2,2] x, float[4,3,3,3] w', 'y = Conv (x, w)', 'shape-mismatch'],
    ['float[1,3,8,8] x, float[4,3,3,3] w', 'y = Conv <pads = [1,1]> (x, w)', 'attribute-length'],
    ['float[1,1,8,8] x', 'y = MaxPool <kernel_shape = [2,2], strides = [0,1]> (x)', 'attribute-value'],
    ['float[2,3] a, float[4,2] b', 'y = MatMul (a, b)', 'shape-mismatch'],
    ['float[2,3] x', 'y = Softmax <axis = 1> (x)  z = Transpose <perm = [0,0]> (x)', 'duplicate-axis'],
    ['float[2,3] x', 'y = ArgMax <axis = 2> (x)', 'axis-out-of-range'],
    ['float[2,3] x', 's = Constant <value_ints = [4,-1]> ()  y = Reshape (x, s)', 'shape-mismatch'],
    ['float[2,3] x', 's = Constant <value_ints = [7]> ()  y = Reshape (x, s)', 'shape-mismatch'],
    ['float[2,3] x', 'i = Constant <value_ints = [2]> ()  y = Gather (x, i)', 'index-out-of-range'],
    [
      'float[3,8] x',
      's = Constant <value_floats = [0.5,0.5]> ()  y = QuantizeLinear (x, s)',
      'shape-mismatch',
    ],
    [
      'float[3] x',
      's = Constant <value_floats = [0.5,0.5,1]> ()  y = QuantizeLinear (x, s)',
      'axis-out-of-range',
    ],
    ['float[2] x', 'y = Cast <to = "float"> (x)', 'attribute-type'],
  ])('reports the contradiction in %s: %s', (inputs, nodes, code) => {
    expect(() => typeOfY(inputs, nodes)).toThrowError(
      expect.objectContaining({ code, at: expect.any(String) }),
    );
  });
});

describe('inferNode', () => {
  const node = {
    opType: 'Twice',
    domain: 'my',
    inputs: ['a'],
    outputs: ['b'],
    attributes: [],
    metadata: [],
    deviceConfigurations: [],
  };

  it('knows nothing of operators nobody registered', () => {
    expect(inferNode(node, [tensorFacts('float32', [2])], { opset: 1 })).toEqual([undefined]);
  });

  it('learns operators of other domains', () => {
    registerInference('my', 'Learned', (call) => [tensorFacts(call.dtype(0), [...(call.shape(0) ?? []), 2])]);
    const facts = inferNode({ ...node, opType: 'Learned' }, [tensorFacts('int8', [3])], { opset: 1 });
    expect(facts).toEqual([tensorFacts('int8', [3, 2])]);
  });
});
