import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/ir/index.ts';
import { catalogue } from '../../src/rules/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import { type LintFinding, lint, lints, onnxruntime, tensorrt } from '../../src/targets/index.ts';

/** A model of one quantized convolution of 32 channels, with other words in some places. */
function conv({
  header = '<ir_version: 8, opset_import: ["" : 17]>',
  input = 'float[1,32,8,8] x',
  output = 'float[1,32,6,6] y',
  scale = 'float s = {0.5}',
  zero = 'int8 z = {0}',
  weight = 'int8[32,32,3,3] w = {0}',
  weightScale = 'float ws = {0.1}',
  more = '',
  body = '',
  ...parts
}: Partial<Record<Part, string>> = {}): Model {
  const lines = {
    q: '[q] xq = QuantizeLinear (x, s, z)',
    dq: '[dq] xd = DequantizeLinear (xq, s, z)',
    wdq: '[wdq] wd = DequantizeLinear (w, ws, wz)',
    conv: '[conv] y = Conv (xd, wd)',
    ...parts,
  };
  const constants = [scale, zero, weight, weightScale, 'int8 wz = {0}', more].filter(Boolean);
  return parseModel(`${header} main (${input}) => (${output})
    <${filled(constants.join(', '))}> {
      ${[lines.q, lines.dq, lines.wdq, body, lines.conv].filter(Boolean).join('\n')}
    }`);
}

type Part =
  | 'header'
  | 'input'
  | 'output'
  | 'scale'
  | 'zero'
  | 'weight'
  | 'weightScale'
  | 'more'
  | 'body'
  | 'q'
  | 'dq'
  | 'wdq'
  | 'conv';

/** `int8[4] w = {7}` with the element repeated as often as the shape needs. */
function filled(constants: string): string {
  return constants.replace(/\[([\d,]+)\] (\w+) = \{([^,}]+)\}/g, (_, dims: string, name, value) => {
    const count = dims.split(',').reduce((product, dim) => product * Number(dim), 1);
    return `[${dims}] ${name} = {${Array(count).fill(value).join(', ')}}`;
  });
}

/** Names of every rule and pass. */
const known = new Set(
  [...catalogue, ...onnxruntime().members, ...tensorrt().members].map(({ name }) => name),
);

const ids = (model: Model, target: string) => new Set(lint(model, { target }).map(({ id }) => id));
const find = (model: Model, target: string, id: string): readonly LintFinding[] =>
  lint(model, { target }).filter((finding) => finding.id === id);

const opset21 = '<ir_version: 10, opset_import: ["" : 21]>';
const opset19 = '<ir_version: 9, opset_import: ["" : 19]>';
const half = 'float16[1,32,8,8] x';

/** A model that has what a lint looks for; `ok` is the nearest that has not. */
const cases: readonly {
  readonly id: string;
  readonly target?: string;
  readonly bad: Model;
  readonly ok?: Model;
  readonly at: string;
  readonly says: string;
}[] = [
  { id: 'E1', bad: conv({ zero: 'int8 z = {3}' }), at: 'q', says: 'the zero point is 3' },
  { id: 'E2', bad: conv({ zero: 'uint8 z = {0}' }), at: 'q', says: 'it quantizes to uint8' },
  {
    id: 'E3',
    bad: conv({
      header: opset21,
      q: '[q] xq = QuantizeLinear (x, s)',
      dq: '[dq] xd = DequantizeLinear (xq, s)',
    }),
    ok: conv({
      header: opset21,
      q: '[q] xq = QuantizeLinear <output_dtype = 3> (x, s)',
      dq: '[dq] xd = DequantizeLinear (xq, s)',
    }),
    at: 'q',
    says: 'it has no zero point',
  },
  { id: 'E4', bad: conv({ dq: '[dq] xd = DequantizeLinear (xq, )' }), at: 'dq', says: 'it has no scale' },
  { id: 'E5', bad: conv({ scale: 'float s = {0}' }), at: 'q', says: 'the scale is 0' },
  { id: 'E5', bad: conv({ scale: 'float s = {-1}' }), at: 'q', says: 'the scale is -1' },
  {
    id: 'E5',
    bad: conv({ weightScale: 'float[2] ws = {0.1}' }),
    at: 'wdq',
    says: 'it has 2 scales and 1 zero points',
  },
  {
    id: 'E6',
    bad: conv({
      input: 'float[1,32,8,8] x, float s2',
      q: '[q] xq = QuantizeLinear (x, s2, z)',
      dq: '[dq] xd = DequantizeLinear (xq, s2, z)',
    }),
    at: 'q',
    says: 'its scale is no constant',
  },
  {
    id: 'E7',
    bad: conv({
      weightScale: 'float[16] ws = {0.1}',
      more: 'int8[16] wz16 = {0}',
      wdq: '[wdq] wd = DequantizeLinear <axis = 0> (w, ws, wz16)',
    }),
    ok: conv({
      weightScale: 'float[32] ws = {0.1}',
      more: 'int8[32] wz32 = {0}',
      wdq: '[wdq] wd = DequantizeLinear <axis = 0> (w, ws, wz32)',
    }),
    at: 'wdq',
    says: 'it has 16 scales for axis 0 of length 32',
  },
  {
    id: 'E8',
    bad: conv({
      scale: 'float[32] s = {0.5}',
      zero: 'int8[32] z = {0}',
      q: '[q] xq = QuantizeLinear <axis = 1> (x, s, z)',
      dq: '[dq] xd = DequantizeLinear <axis = 1> (xq, s, z)',
    }),
    at: 'q',
    says: 'it has 32 scales on axis 1',
  },
  {
    id: 'E9',
    bad: conv({
      weightScale: 'float[32] ws = {0.1}',
      more: 'int8[32] wz32 = {0}',
      wdq: '[wdq] wd = DequantizeLinear <axis = 1> (w, ws, wz32)',
    }),
    ok: conv({
      weightScale: 'float[32] ws = {0.1}',
      more: 'int8[32] wz32 = {0}',
      wdq: '[wdq] wd = DequantizeLinear <axis = 0> (w, ws, wz32)',
    }),
    at: 'conv',
    says: 'its weights have scales on axis 1; output channels are axis 0',
  },
  {
    id: 'E10',
    bad: conv({ header: opset21, q: '[q] xq = QuantizeLinear <output_dtype = 2> (x, s, z)' }),
    ok: conv({ header: opset21, q: '[q] xq = QuantizeLinear <output_dtype = 3> (x, s, z)' }),
    at: 'q',
    says: 'output_dtype is uint8',
  },
  {
    id: 'E11',
    target: 'tensorrt@11',
    bad: conv({ header: opset19, input: half }),
    ok: conv({ header: opset19, input: half, scale: 'float16 s = {0.5}' }),
    at: 'q',
    says: 'the scale is float32, what it quantizes float16',
  },
  {
    id: 'E12',
    bad: matMul('int4[128,32] w = {1}', 'float[4,32] ws = {0.1}', 'block_size = 32', 'int4[4,32] wz = {0}'),
    ok: matMul('int4[128,32] w = {1}', 'float[2,32] ws = {0.1}', 'block_size = 64', 'int4[2,32] wz = {0}'),
    at: 'wdq',
    says: 'its blocks are 32 long',
  },
  {
    id: 'E12',
    target: 'tensorrt@8.6',
    bad: matMul('int4[128,32] w = {1}', 'float[2,32] ws = {0.1}', 'block_size = 64', 'int4[2,32] wz = {0}'),
    at: 'wdq',
    says: 'tensorrt@8.6 takes no scales for blocks',
  },
  {
    id: 'E13',
    bad: conv({
      more: 'int32[32] b = {1}, int32 bz = {0}',
      body: '[bdq] bd = DequantizeLinear (b, ws, bz)',
      conv: '[conv] y = Conv (xd, wd, bd)',
    }),
    ok: conv({ more: 'float[32] bd = {1}', conv: '[conv] y = Conv (xd, wd, bd)' }),
    at: 'bdq',
    says: 'it dequantizes int32',
  },
  {
    id: 'E15',
    bad: conv({
      body: '[turn] wt = Transpose <perm = [1, 0, 2, 3]> (wd)',
      conv: '[conv] y = Conv (xd, wt)',
    }),
    at: 'conv',
    says: 'Transpose turn stands between DQ and weight',
  },
  {
    id: 'E16',
    bad: conv({
      output: 'float[1,32,6,6] y, int8[32,32,3,3] codes',
      more: 'float[32,32,3,3] w2 = {1}',
      body: '[wq] wq = QuantizeLinear (w2, ws, wz)\n[copy] codes = Transpose <perm = [1, 0, 2, 3]> (wq)',
    }),
    at: 'wq',
    says: 'copy reads its codes',
  },
  {
    id: 'E17',
    bad: conv({
      q: '[q] x1 = QuantizeLinear (x, s, z)',
      dq: '[flip] xq = Transpose <perm = [0, 1, 3, 2]> (x1)\n[dq] xd = DequantizeLinear (xq, s, z)',
    }),
    at: 'q',
    says: 'Transpose flip stands between Q and DQ',
  },
  {
    id: 'E18',
    bad: conv({
      output: 'float[1,32,6,6] y, int8[1,32,6,6] y2',
      body: '[integer] y2 = QLinearConv (xq, s, z, w, ws, wz, s, z)',
    }),
    at: 'integer',
    says: 'QLinearConv',
  },
  {
    id: 'E19',
    target: 'tensorrt@11',
    bad: conv({
      header: opset19,
      output: 'float[1,32,6,6] y, float[1,32,8,8] f',
      more: 'float8e4m3fn fz = {0}',
      body: '[fq] xf = QuantizeLinear (x, s, fz)\n[fdq] f = DequantizeLinear (xf, s, fz)',
    }),
    at: 'fq',
    says: 'it makes float8e4m3fn, q int8',
  },
  {
    id: 'E20',
    target: 'tensorrt@8.6',
    bad: conv({ header: opset19, zero: 'float8e4m3fn z = {0}' }),
    at: 'q',
    says: 'tensorrt@8.6 has no quantizer for',
  },
  {
    id: 'E20',
    target: 'tensorrt@10',
    bad: conv({ header: opset19, zero: 'float8e4m3fn z = {0}' }),
    at: 'q',
    says: 'needs a strongly typed build',
  },
  {
    id: 'E21',
    bad: conv({
      output: 'float[1,32,5,5] y2, int64[1,32,5,5] i',
      conv: '[conv] y = Conv (xd, wd)\n[pool] y2, i = MaxPool <kernel_shape = [2, 2]> (y)',
    }),
    ok: conv({
      output: 'float[1,32,5,5] y2',
      conv: '[conv] y = Conv (xd, wd)\n[pool] y2 = MaxPool <kernel_shape = [2, 2]> (y)',
    }),
    at: 'pool',
    says: 'its indices are read',
  },
  {
    id: 'E22',
    bad: conv({
      output: 'float[1,32,6,6] y2',
      conv: '[conv] y = Conv (xd, wd)\n[oq] yq = QuantizeLinear (y, s, z)\n[odq] y2 = DequantizeLinear (yq, s, z)',
    }),
    at: 'odq',
    says: 'the output "y2" is dequantized',
  },
  {
    id: 'E24',
    bad: conv({
      weight: 'int8[32,1,3,3] w = {1}',
      output: 'float[1,32,6,6] y2',
      conv: '[conv] y = Conv <group = 32> (xd, wd)\n[gate] g = Sigmoid (y)\n[silu] y2 = Mul (y, g)',
    }),
    ok: conv({
      weight: 'int8[32,1,3,3] w = {1}',
      output: 'float[1,32,6,6] y2',
      conv: '[conv] y = Conv <group = 32> (xd, wd)\n[act] y2 = Relu (y)',
    }),
    at: 'conv',
    says: 'depthwise convolution with SiLU',
  },
  {
    id: 'S1',
    target: 'onnxruntime',
    bad: conv({ scale: 'float s = {0}' }),
    at: 'q',
    says: 'the scale is 0',
  },
  {
    id: 'S2',
    target: 'onnxruntime',
    bad: conv({ scale: 'float s = {-0.5}' }),
    at: 'q',
    says: 'the scale is -0.5',
  },
  { id: 'S3', bad: conv({ scale: 'float s = {nan}' }), at: 'q', says: 'the scale is NaN' },
  { id: 'S3', bad: conv({ scale: 'float s = {inf}' }), at: 'q', says: 'the scale is Infinity' },
  { id: 'S4', bad: conv({ scale: 'float s = {1e-40}' }), at: 'q', says: 'a denormal number' },
  {
    id: 'S5',
    bad: conv({
      weightScale: 'float[32] ws = {0.1}',
      more: 'int8[1,32] wz32 = {0}',
      wdq: '[wdq] wd = DequantizeLinear <axis = 0> (w, ws, wz32)',
    }),
    at: 'wdq',
    says: 'the scale has shape [32], the zero point [1,32]',
  },
  {
    id: 'S7',
    bad: conv({
      weightScale: 'float[32] ws = {0.1}',
      more: 'int8[32] wz32 = {0}',
      wdq: '[wdq] wd = DequantizeLinear (w, ws, wz32)',
    }),
    at: 'wdq',
    says: 'it has 32 scales and no axis',
  },
  {
    id: 'S8',
    bad: conv({
      more: 'float s2 = {0.25}',
      body: '[q2] xq2 = QuantizeLinear (xd, s2, z)\n[dq2] xd2 = DequantizeLinear (xq2, s2, z)',
      conv: '[conv] y = Conv (xd2, wd)',
    }),
    at: 'q2',
    says: 'int8 scale 0.5; this one has int8 scale 0.25',
  },
  {
    id: 'S9',
    bad: conv({
      more: 'float[32,32,3,3] wf = {1}',
      wdq: '',
      conv: '[conv] y = Conv (xd, wf)',
    }),
    at: 'conv',
    says: 'its input has a quantizer, its weights have none',
  },
  {
    id: 'S10',
    bad: conv({
      output: 'float[1,32,6,6] y, float[1,32,8,8] e',
      body: '[q2] xq2 = QuantizeLinear (x, s, z)\n[dq2] xd2 = DequantizeLinear (xq2, s, z)\n[exp] e = Exp (xd2)',
    }),
    at: 'q2',
    says: 'q does the same to the input x',
  },
  {
    id: 'S11',
    bad: conv({ weight: 'int8[12,32,3,3] w = {1}', output: 'float[1,12,6,6] y' }),
    at: 'conv',
    says: 'it has 32 channels in and 12 out',
  },
  {
    id: 'S12',
    bad: conv({ more: 'float s2 = {0.25}', dq: '[dq] xd = DequantizeLinear (xq, s2, z)' }),
    at: 'dq',
    says: 'q has int8 scale 0.5, it has int8 scale 0.25',
  },
  {
    id: 'O1',
    target: 'onnxruntime',
    bad: conv(),
    ok: conv({
      output: 'float[1,32,6,6] y2',
      conv: '[conv] y = Conv (xd, wd)\n[oq] yq = QuantizeLinear (y, s, z)\n[odq] y2 = DequantizeLinear (yq, s, z)',
    }),
    at: 'conv',
    says: 'it makes a graph output',
  },
  {
    id: 'O2',
    target: 'onnxruntime',
    bad: conv(),
    ok: conv({ zero: 'uint8 z = {128}' }),
    at: 'q',
    says: 'quantizes an activation to int8',
  },
  {
    id: 'O3',
    target: 'onnxruntime',
    bad: relu('int8 z = {0}'),
    ok: relu('int8 z = {-128}'),
    at: 'oq',
    says: 'Relu relu is in front of it, and its zero point is 0',
  },
  {
    id: 'O4',
    target: 'onnxruntime',
    bad: pooled('s2'),
    ok: pooled('s'),
    at: 'pool',
    says: 'MaxPool has another quantizer behind it than in front of it',
  },
  {
    id: 'O5',
    target: 'onnxruntime',
    bad: conv({
      output: 'float[1,32,6,6] y2',
      more: 'float[32] one = {1}',
      conv: '[conv] y = Conv (xd, wd)\n[norm] y2 = BatchNormalization (y, one, one, one, one)',
    }),
    at: 'norm',
    says: 'it reads Conv conv',
  },
  {
    id: 'O6',
    target: 'onnxruntime',
    bad: conv({ output: 'float[1,32,8,8] y', conv: '[add] y = Add (xd, x)' }),
    at: 'add',
    says: '1 of 2 inputs of Add are quantized, and no Q behind it',
  },
];

describe('lint', () => {
  it.each(cases.map((one) => [`${one.id} on ${one.target ?? 'tensorrt@10'}: ${one.says}`, one] as const))(
    '%s',
    (_, { id, target = 'tensorrt@10', bad, ok = id.startsWith('O') ? undefined : conv(), at, says }) => {
      const found = find(bad, target, id);
      expect(found.map((finding) => finding.at)).toContain(at);
      expect(found.find((finding) => finding.at === at)!.message).toContain(says);
      expect(found[0]!.cost).not.toBe('');
      if (ok !== undefined) expect(ids(ok, target)).not.toContain(id);
    },
  );

  it('has a case for every lint', () => {
    expect(new Set(cases.map(({ id }) => id))).toEqual(new Set(lints.map(({ id }) => id)));
  });

  it('names rules and passes that there are', () => {
    const named = cases.flatMap(({ bad, target = 'tensorrt@10' }) =>
      lint(bad, { target }).flatMap(({ rule }) => rule ?? []),
    );
    expect([...new Set(named)].filter((rule) => !known.has(rule))).toEqual([]);
  });

  it('finds nothing in a network as TensorRT wants it', () => {
    for (const target of ['tensorrt@8.6', 'tensorrt@10', 'tensorrt@11'])
      expect(lint(conv(), { target })).toEqual([]);
  });

  it('differs by version: uint8 is an error from 10 on, and misread before', () => {
    const model = conv({ zero: 'uint8 z = {0}' });
    expect(find(model, 'tensorrt@8.6', 'E2')[0]!.cost).toContain('with a warning');
    expect(find(model, 'tensorrt@11', 'E2')[0]!.cost).toContain('refused');
    expect(ids(conv({ header: opset19, input: half }), 'tensorrt@10')).not.toContain('E11');
  });

  it('looks at models as engines see them: with constants folded', () => {
    const computed = conv({
      more: 'float a = {0.25}',
      q: '[sum] s3 = Add (a, a)\n[q] xq = QuantizeLinear (x, s3, z)',
      dq: '[dq] xd = DequantizeLinear (xq, s3, z)',
    });
    expect(lint(computed, { target: 'tensorrt@10' })).toEqual([]);
  });

  it('looks into subgraphs', () => {
    const model = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
      main (bool c, float[4] x) => (float[4] y) <float s = {1}, int8 z = {7}> {
        [if] y = If (c) <
          then_branch = then () => (float[4] a) { [q] b = QuantizeLinear (x, s, z) [dq] a = DequantizeLinear (b, s, z) },
          else_branch = else () => (float[4] d) { d = Exp (x) }>
      }`);
    expect(find(model, 'tensorrt@10', 'E1').map(({ graph, at }) => `${graph}: ${at}`)).toEqual([
      'main/if/then: q',
      'main/if/then: dq',
    ]);
  });

  it('refuses targets it does not know', () => {
    expect(() => lint(conv(), { target: 'openvino' })).toThrow('no lints for the target');
  });
});

function relu(zero: string): Model {
  return conv({
    zero,
    output: 'float[1,32,6,6] y2',
    conv: `[conv] y = Conv (xd, wd)
      [relu] r = Relu (y)
      [oq] yq = QuantizeLinear (r, s, z)
      [odq] y2 = DequantizeLinear (yq, s, z)`,
  });
}

function pooled(scale: string): Model {
  return conv({
    output: 'float[1,32,7,7] y2',
    more: 'float s2 = {0.25}',
    wdq: '',
    weight: 'int8 w = {0}',
    conv: `[pool] p = MaxPool <kernel_shape = [2, 2]> (xd)
      [oq] yq = QuantizeLinear (p, ${scale}, z)
      [odq] y2 = DequantizeLinear (yq, ${scale}, z)`,
  });
}

function matMul(weight: string, scale: string, attribute: string, zero: string): Model {
  return parseModel(`${opset21} main (float[1,128] x) => (float[1,32] y)
    <${filled([weight, scale, zero].join(', '))}> {
      [wdq] wd = DequantizeLinear <axis = 0, ${attribute}> (w, ws, wz)
      [product] y = MatMul (x, wd)
    }`);
}
