import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalModels, pairsOf, scaleValues, validate, zeroPointValues } from '../../src/analysis/index.ts';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { type Pass, rewrite } from '../../src/rewrite/index.ts';
import { execute } from '../../src/runtime/index.ts';
import { parseModel } from '../../src/serde/index.ts';
import {
  Calibration,
  correctBias,
  onnxruntime,
  plan,
  quantizeBias,
  quantizeFloatConvolutions,
  quantizeValues,
  removeQuantizersBeforeBounds,
  storeQuantizedWeights,
  unquantizeSmallConvolution,
  useUnsignedCodes,
  useWholeRange,
} from '../../src/targets/index.ts';
import { checkLaws } from '../../src/testing/index.ts';
import { runInEngine } from '../support/engine.ts';
import { network } from '../support/quantized-networks.ts';

const grids = (model: Model) =>
  pairsOf(model)
    .filter(({ kind }) => kind === 'activation')
    .map((pair) => [pair.tensor, pair.dtype, scaleValues(pair)?.[0], zeroPointValues(pair)?.[0]]);

const operators = (model: Model) => model.graph.nodes.map(({ opType }) => opType);

/** Two convolutions with SiLU between them and a skip connection, as an export for TensorRT has them. */
function silu(seed = 1): Model {
  const draw = (count: number, size: number, phase: number) =>
    Array.from({ length: count }, (_, i) => (Math.sin(seed * 7.3 + i * 1.7 + phase) * size).toFixed(4)).join(
      ', ',
    );
  return parseModel(`<ir_version: 8, opset_import: ["" : 17]>
    main (float[1,16,4,4] x) => (float[1,16,4,4] y)
    <float sx = {0.02}, int8 z = {0}, float st = {0.03}, float sw = {0.004}, float sv = {0.005},
     float[16,16,1,1] w = {${draw(256, 0.4, 0)}}, float[16] b = {${draw(16, 0.2, 1)}},
     float[16,16,3,3] v = {${draw(2304, 0.3, 2)}}> {
      x_q = QuantizeLinear (x, sx, z)
      x_d = DequantizeLinear (x_q, sx, z)
      w_q = QuantizeLinear (w, sw, z)
      w_d = DequantizeLinear (w_q, sw, z)
      c = Conv (x_d, w_d, b)
      s = Sigmoid (c)
      t = Mul (c, s)
      t_q = QuantizeLinear (t, st, z)
      t_d = DequantizeLinear (t_q, st, z)
      v_q = QuantizeLinear (v, sv, z)
      v_d = DequantizeLinear (v_q, sv, z)
      d = Conv <pads = [1, 1, 1, 1]> (t_d, v_d)
      r = Relu (d)
      a = Add (r, t)
      a_q = QuantizeLinear (a, st, z)
      a_d = DequantizeLinear (a_q, st, z)
      e = Conv (a_d, w_d, b)
      y = Neg (e)
    }`);
}

function input(seed: number): ReadonlyMap<string, Tensor> {
  const values = Array.from({ length: 256 }, (_, i) => 2 * Math.sin(seed + i * 0.7));
  return new Map([['x', tensor('float32', [1, 16, 4, 4], values)]]);
}

const recorded = { inputs: [input(1), input(2)] };

describe('the ONNX Runtime pipeline', () => {
  it('says what changes numbers', () => {
    const { members, names } = onnxruntime();
    expect(
      members.filter(({ effect }) => effect !== 'exact').map(({ name, effect }) => [name, effect]),
    ).toEqual([
      ['correct-bias', 'closer'],
      ['fold-batch-norm-into-conv', 'rounding'],
      ['fold-batch-norm-into-quantized-conv', 'rounding'],
      ['unquantize-small-convolution', 'closer'],
      ['remove-quantizers-before-bounds', 'closer'],
      ['unify-scales', 'scale'],
      ['use-whole-range', 'scale'],
      ['quantize-float-convolutions', 'scale'],
      ['quantize-values', 'scale'],
      ['quantize-bias', 'rounding'],
    ]);
    expect(onnxruntime({ unify: 'none' }).names).toEqual(names.filter((name) => name !== 'unify-scales'));
  });

  it('leaves operators on codes alone between the first quantizer and the last float operator', () => {
    const { model } = rewrite(silu(), onnxruntime(recorded));
    const { layers, qdq } = plan(model, { target: 'onnxruntime' });
    expect(layers.map(({ kind }) => kind).sort()).toEqual(
      ['QLinearAdd', 'QLinearConv', 'QLinearConv', 'QLinearConv', 'QLinearMul', 'QLinearSigmoid'].sort(),
    );
    expect(qdq.map(({ kind, tensor, law }) => [kind, tensor, law])).toEqual([
      ['Q', 'x', 'O1'],
      ['DQ', expect.stringMatching(/^e/), 'O3'],
    ]);
  });

  it('forecasts before it why each quantizer stays, and which pass helps', () => {
    const { totals, qdq } = plan(silu(), { target: 'onnxruntime' });
    expect(totals).toMatchObject({ i8i8: 0, qdq: 9 });
    const why = qdq.find(({ tensor }) => tensor === 't_d')!;
    expect(why).toMatchObject({ kind: 'DQ', law: 'O3', rule: 'quantize-values' });
    expect(why.why).toContain('Relu stands between');
  });

  it('keeps the numbers close, in the engine with all its fusions as well', async () => {
    const before = silu();
    const { model } = rewrite(before, onnxruntime(recorded));
    const [wanted] = (await runInEngine(before, input(3))).values();
    const [given] = (await runInEngine(model, input(3))).values();
    expect(distance(wanted!, given!)).toBeGreaterThan(25);
    expect(distance(execute(model, input(3)).get('y')!, given!)).toBeGreaterThan(60);
  });

  it('keeps the laws of pipelines: valid, untouched, once is enough, names and order do not matter', () => {
    const models = fc.integer({ min: 1, max: 50 }).map(silu);
    expect(() =>
      checkLaws(onnxruntime({ samples: 2 }), models, {
        runs: 6,
        seed: 7,
        coverage: 1,
        // The ranges are those of other inputs; how close numbers stay where they are not is tested above.
        verify: { inputs: [input(3)], tolerance: { sqnr: 12 } },
      }),
    ).not.toThrow();
  });

  it('is replayed by its trace', () => {
    const before = silu();
    const { model, trace } = rewrite(before, onnxruntime(recorded));
    expect(equalModels(trace.replay(before), model)).toBe(true);
    expect(equalModels(trace.undo(model), before)).toBe(true);
  });

  it('leaves a model alone that has no constants but inputs, and says so', () => {
    const old = { ...silu(), irVersion: 3 };
    const { findings } = (useUnsignedCodes as Pass).run(old);
    expect(findings).toEqual([
      { rule: 'use-unsigned-codes', at: 'main', message: expect.stringContaining('IR version 3') },
    ]);
  });
});

describe('operators of other domains', () => {
  const before = parseModel(`<ir_version: 8, opset_import: ["" : 17, "foreign" : 1]>
    main (float[1,2,4,4] x) => (float[1,2,4,4] y)
    <float s = {0.5}, int8 z = {0}, float[2,2,1,1] w = {0.1, 0.2, -0.1, 0.3}, float ws = {0.25}, float[2,2,1,1] v = {0.3, 0.2, 0.4, -0.1}> {
      x_q = QuantizeLinear (x, s, z)
      x_d = DequantizeLinear (x_q, s, z)
      w_q = QuantizeLinear (w, ws, z)
      w_d = DequantizeLinear (w_q, ws, z)
      a = Conv (x_d, w_d)
      b = foreign.Odd (a)
      v_q = QuantizeLinear (v, ws, z)
      v_d = DequantizeLinear (v_q, ws, z)
      c = Conv (b, v_d)
      c_q = QuantizeLinear (c, s, z)
      c_d = DequantizeLinear (c_q, s, z)
      d = Conv (c_d, w_d)
      y = Neg (d)
    }`);
  const { model, trace } = rewrite(before, onnxruntime());

  it('are left alone, and what is in front of them is quantized all the same', () => {
    expect(validate(model).filter(({ severity }) => severity === 'error')).toEqual([]);
    const odd = model.graph.nodes.find(({ domain }) => domain === 'foreign')!;
    expect(odd.outputs).toEqual(['b']);
    expect(trace.rewrites.filter(({ rule }) => rule === 'correct-bias').map(({ at }) => at)).toContain('a');
  });

  it('keep calibration from what is behind them, which is said', () => {
    const { findings } = rewrite(before, correctBias(new Calibration())).trace;
    const [finding] = findings.filter(({ at }) => at === 'c');
    expect(finding?.message).toContain('calibration cannot run it: main/b: foreign::Odd is no operator');
  });
});

describe('use-unsigned-codes', () => {
  it('adds 128 to codes and zero point, and changes no bit', () => {
    const before = network('p = QDQ (x, 0.5, 3)\ny = Neg (p)', 'float[3] x', 'float[3] y');
    const { model } = rewrite(before, useUnsignedCodes);
    expect(grids(model)).toEqual([['x', 'uint8', 0.5, 131]]);
    const x = new Map([['x', tensor('float32', [3], [-100, 0.26, 100])]]);
    expect(execute(model, x)).toEqual(execute(before, x));
  });

  it('gives codes of another type a name of their own: a declaration of the old one does not hold for them', async () => {
    const before = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
      main (float[3] x) => (float[3] y) <float s = {0.5}, int8 z = {3}, int8[3] q> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        y = Neg (d)
      }`);
    const { model } = rewrite(before, useUnsignedCodes);
    expect(operators(model)).toEqual(operators(before));
    expect(model.graph.nodes[0]!.outputs).toEqual(['x_quantized']);
    expect(model.graph.valueInfos).toEqual([]);
    const x = new Map([['x', tensor('float32', [3], [-100, 0.26, 100])]]);
    const [given, wanted] = [await runInEngine(model, x), execute(before, x)];
    expect(given.get('y')!.toTypedArray()).toEqual(wanted.get('y')!.toTypedArray());
  });

  it('leaves codes alone that somebody else reads', () => {
    const before = network(
      'p = QDQ (x, 0.5)\ny = Neg (p)\nc = Cast <to = 6> (p_q)',
      'float[3] x',
      'float[3] y, int32[3] c',
    );
    expect(rewrite(before, useUnsignedCodes).model).toBe(before);
  });
});

describe('use-whole-range', () => {
  const observed = new Calibration({ inputs: [new Map([['x', tensor('float32', [4], [-3, -1, 1, 2])]])] });

  it('spends no codes on numbers there cannot be', () => {
    const relu = network('r = Relu (x)\np = QDQ (r, 0.1)\ny = Neg (p)', 'float[4] x', 'float[4] y');
    const { model, trace } = rewrite(relu, useWholeRange(observed));
    expect(grids(model)).toEqual([['r', 'uint8', Math.fround((Math.fround(0.1) * 127) / 255), 0]]);
    expect(trace.rewrites[0]!.note).toContain('0 … 12.7; 1 recorded input');
  });

  it('widens a range to what calibration has seen', () => {
    const cut = network('p = QDQ (x, 0.01)\ny = Neg (p)', 'float[4] x', 'float[4] y');
    const [[, dtype, scale, zero]] = grids(rewrite(cut, useWholeRange(observed)).model) as [
      [string, string, number, number],
    ];
    expect([dtype, zero]).toEqual(['uint8', 153]);
    expect(scale).toBeCloseTo(5 / 255, 6);
  });

  it('gives what a Relu makes a grid from zero beside something that may be negative', () => {
    const joined = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
      main (float[1,2,2,2] x) => (float[1,2,2,2] y)
      <float sx = {0.1}, float s = {0.125}, int8 z = {0}, float sw = {0.0625},
       float[2,2,1,1] w = {1, -1, 0.5, 2}, float[2,4,1,1] v = {1, -1, 0.5, 2, 1, 1, -1, 0.5}> {
        x_q = QuantizeLinear (x, sx, z)
        x_d = DequantizeLinear (x_q, sx, z)
        w_q = QuantizeLinear (w, sw, z)
        w_d = DequantizeLinear (w_q, sw, z)
        v_q = QuantizeLinear (v, sw, z)
        v_d = DequantizeLinear (v_q, sw, z)
        c = Conv (x_d, w_d)
        r = Relu (c)
        a = Conv (x_d, w_d)
        j = Concat <axis = 1> (r, a)
        j_q = QuantizeLinear (j, s, z)
        j_d = DequantizeLinear (j_q, s, z)
        y = Conv (j_d, v_d)
      }`);
    const inputs = [new Map([['x', tensor('float32', [1, 2, 2, 2], [4, 4, -4, 1, 4, 4, 4, 2])]])];
    const { model } = rewrite(joined, onnxruntime({ inputs }));
    expect(operators(model)).not.toContain('Relu');
    expect(grids(model).map(([, , , zero]) => zero === 0)).toEqual([false, true, false, false]);
    expect(rewrite(model, onnxruntime({ inputs })).model).toBe(model);
  });

  it('goes no further than a Clip that the quantizer kept by itself before', () => {
    const clipped = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
      main (float[1,2,2,2] x) => (float[1,2,2,2] y)
      <float sx = {0.1}, float six = {6}, float zero = {0}, float s = {0.046875}, int8 z = {0}, float sw = {0.0625},
       float[2,2,1,1] w = {1, -1, 0.5, 2}> {
        x_q = QuantizeLinear (x, sx, z)
        x_d = DequantizeLinear (x_q, sx, z)
        w_q = QuantizeLinear (w, sw, z)
        w_d = DequantizeLinear (w_q, sw, z)
        c = Conv (x_d, w_d)
        a = Clip (c, zero, six)
        a_q = QuantizeLinear (a, s, z)
        a_d = DequantizeLinear (a_q, s, z)
        y = Conv (a_d, w_d)
      }`);
    // The least number that gets the last code, 5.93, is below the bound; the convolution is seen to make 12.
    const inputs = [new Map([['x', tensor('float32', [1, 2, 2, 2], [4, 4, -4, 1, 4, 4, 4, 2])]])];
    const { model } = rewrite(clipped, onnxruntime({ inputs }));
    expect(operators(model)).not.toContain('Clip');
    const [, , scale] = grids(model).find(([value]) => value !== 'x')!;
    expect(scale as number).toBeCloseTo(6 / 255, 6);
  });

  it('leaves a quantizer alone that is not symmetric', () => {
    const lopsided = network('p = QDQ (x, 0.1, 5)\ny = Neg (p)', 'float[4] x', 'float[4] y');
    expect(rewrite(lopsided, useWholeRange(observed)).model).toBe(lopsided);
  });
});

describe('remove-quantizers-before-bounds', () => {
  it('leaves one pair of two around a Clip', () => {
    const before = network(
      'n = Neg (x)\np = QDQ (n, 0.1)\nc = Clip (p, low, high)\nq = QDQ (c, 0.05)\ny = Neg (q)',
      'float[3] x',
      'float[3] y',
      'float low = {0}, float high = {6}',
    );
    const { model } = rewrite(before, removeQuantizersBeforeBounds);
    expect(operators(model)).toEqual(['Neg', 'Clip', 'QuantizeLinear', 'DequantizeLinear', 'Neg']);
  });

  it('takes away pairs in a row', () => {
    const before = network(
      'p = QDQ (x, 0.5)\nr = QDQ (p, 0.25)\nc = Relu (r)\nb = QDQ (c, 0.5)\ny = Neg (b)',
      'float[3] x',
      'float[3] y',
    );
    const once = rewrite(before, removeQuantizersBeforeBounds).model;
    expect(operators(once)).toEqual(['Relu', 'QuantizeLinear', 'DequantizeLinear', 'Neg']);
    expect(removeQuantizersBeforeBounds.run(before).model.graph.nodes).toHaveLength(4);
  });

  it('keeps a pair that somebody else reads', () => {
    const before = network(
      'n = Neg (x)\np = QDQ (n, 0.1)\nc = Relu (p)\nq = QDQ (c, 0.05)\ny = Neg (q)\nz = Neg (p)',
      'float[3] x',
      'float[3] y, float[3] z',
    );
    expect(rewrite(before, removeQuantizersBeforeBounds).model).toBe(before);
  });
});

describe('store-quantized-weights', () => {
  it('writes down the codes, and changes no bit', () => {
    const before = silu();
    const { model, trace } = rewrite(before, storeQuantizedWeights);
    expect(trace.rewrites.length).toBe(2);
    expect(execute(model, input(1))).toEqual(execute(before, input(1)));
    expect(validate(model)).toEqual([]);
  });
});

describe('unquantize-small-convolution', () => {
  const image = (filters: number) =>
    network(
      'p = QDQ (x, 0.01)\nd = DequantizeLinear (w, s, z)\nc = Conv (p, d)\ny = Neg (c)',
      'float[1,3,4,4] x',
      'float[1,N,2,2] y',
      `int8[${filters},3,3,3] w = {${Array(27 * filters)
        .fill(3)
        .join(', ')}}, float s = {0.5}, int8 z = {1}`,
    );

  it('gives the first convolution the numbers its codes stand for', () => {
    const { model } = rewrite(image(8), unquantizeSmallConvolution);
    const conv = model.graph.nodes.find(({ opType }) => opType === 'Conv')!;
    expect(conv.inputs[0]).toBe('x');
    const weights = model.graph.initializers.find(({ name }) => name === conv.inputs[1])!;
    expect(new Set(weights.toTypedArray() as Float32Array)).toEqual(new Set([1]));
  });

  it('leaves one of many filters on codes', () => {
    const many = image(32);
    expect(rewrite(many, unquantizeSmallConvolution).model).toBe(many);
  });
});

describe('correct-bias', () => {
  it('takes back what rounding the weights has done to the mean', () => {
    // 0.3 and −0.1 are rounded to 0.5 and 0; on means of 2 and 4 that shifts the output by 0.4 + 0.4.
    const before = network(
      'wq = QuantizeLinear (w, s, z)\nd = DequantizeLinear (wq, s, z)\ny = Conv (x, d)',
      'float[1,2,1,2] x',
      'float[1,1,1,2] y',
      'float[1,2,1,1] w = {0.3, -0.1}, float s = {0.5}, int8 z = {0}',
    );
    const inputs = [new Map([['x', tensor('float32', [1, 2, 1, 2], [1, 3, 2, 6])]])];
    const { model } = rewrite(before, correctBias(new Calibration({ inputs })));
    const bias = model.graph.initializers.find(({ name }) => name === 'y_bias')!;
    expect((bias.toTypedArray() as Float32Array)[0]).toBeCloseTo(2 * (0.3 - 0.5) + 4 * (-0.1 - 0), 6);
  });

  it('corrects once: then the weights are stored as codes', () => {
    const before = network(
      'wq = QuantizeLinear (w, s, z)\nd = DequantizeLinear (wq, s, z)\ny = Conv (x, d)',
      'float[1,1,1,2] x',
      'float[1,1,1,2] y',
      'float[1,1,1,1] w = {0.3}, float s = {0.5}, int8 z = {0}',
    );
    const { model } = rewrite(before, correctBias(new Calibration()));
    expect(operators(model)).toEqual(['DequantizeLinear', 'Conv']);
    expect(rewrite(model, correctBias(new Calibration())).model).toBe(model);
  });

  it('takes nothing that a scale of zero lost for rounding', () => {
    const before = network(
      'wq = QuantizeLinear (w, s, z)\nd = DequantizeLinear (wq, s, z)\ny = Conv (x, d)',
      'float[1,1,1,2] x',
      'float[1,1,1,2] y',
      'float[1,1,1,1] w = {0.3}, float s = {0}, int8 z = {0}',
    );
    expect(rewrite(before, correctBias(new Calibration())).model).toBe(before);
  });

  it('finds nothing to correct where weights are on their grid', () => {
    const before = network(
      'wq = QuantizeLinear (w, s, z)\nd = DequantizeLinear (wq, s, z)\ny = Conv (x, d)',
      'float[1,1,1,2] x',
      'float[1,1,1,2] y',
      'float[1,1,1,1] w = {1.5}, float s = {0.5}, int8 z = {0}',
    );
    expect(rewrite(before, correctBias(new Calibration())).model).toBe(before);
  });
});

describe('quantize-bias', () => {
  const biased = (bias: string, extra: string) =>
    network(
      `p = QDQ (x, 0.5)\nd = DequantizeLinear (w, s, z)\n${bias}y = Conv (p, d, b)`,
      'float[1,1,1,2] x',
      'float[1,1,1,2] y',
      `int8[1,1,1,1] w = {2}, float s = {0.25}, int8 z = {0}, ${extra}`,
    );

  it('counts in units of the integer sums', () => {
    const { model } = rewrite(biased('', 'float[1] b = {1.01}'), quantizeBias);
    const codes = model.graph.initializers.find(
      ({ dtype, name }) => dtype === 'int32' && name === 'b_quantized',
    )!;
    expect([...(codes.toTypedArray() as Int32Array)]).toEqual([8]);
  });

  it('writes a bias anew that counts in other units, and leaves one alone that does not', () => {
    const other = biased('b = DequantizeLinear (c, t)\n', 'int32[1] c = {4}, float[1] t = {0.25}');
    expect(rewrite(other, quantizeBias).trace.rewrites.length).toBe(1);
    const right = biased('b = DequantizeLinear (c, t)\n', 'int32[1] c = {4}, float[1] t = {0.125}');
    expect(rewrite(right, quantizeBias).model).toBe(right);
  });

  it('reports a bias that 32 bits do not hold', () => {
    const { model, trace } = rewrite(biased('', 'float[1] b = {1000000000}'), quantizeBias);
    expect(operators(model)).not.toContain('Mul');
    expect(trace.rewrites).toEqual([]);
    expect(trace.findings[0]!.message).toContain('beyond 32 bits');
  });
});

describe('quantize-float-convolutions', () => {
  it('quantizes weights behind operators on codes, one scale for each filter, and no others', () => {
    const before = network(
      `p = QDQ (x, 0.5)
       d = DequantizeLinear (w, s, z)
       c = Conv (p, d)
       e = Conv (c, v)
       f = Conv (x, v)
       y = Add (e, f)`,
      'float[1,2,1,2] x',
      'float[1,2,1,2] y',
      'int8[2,2,1,1] w = {1, 2, 3, 4}, float s = {0.25}, int8 z = {0}, float[2,2,1,1] v = {1.27, 0, 2.54, -1}',
    );
    const { trace } = rewrite(before, quantizeFloatConvolutions);
    // f reads a value that is quantized for somebody else: codes are at hand, so it is taken, too.
    expect(trace.rewrites.map(({ at }) => at)).toEqual(['e', 'f']);
    const [codes, scales] = trace.rewrites[0]!.added;
    expect([...(codes!.toTypedArray() as Int8Array)]).toEqual([127, 0, 127, -50]);
    expect([...(scales!.toTypedArray() as Float32Array)]).toEqual([0.01, 0.02].map(Math.fround));
  });
});

describe('quantize-values', () => {
  const calibration = () =>
    new Calibration({ inputs: [new Map([['x', tensor('float32', [1, 1, 2, 2], [-1, 0, 1, 3])]])] });
  const chain = (body: string) =>
    network(
      `p = QDQU (x, 0.02, 64)\nd = DequantizeLinear (w, s, z)\nc = Conv (p, d)\n${body}`,
      'float[1,1,2,2] x',
      'float[N,C,H,W] y',
      'int8[1,1,1,1] w = {2}, float s = {0.5}, int8 z = {0}',
    );

  it('measures what nobody has a scale for', () => {
    const { model, trace } = rewrite(chain('y = Neg (c)'), quantizeValues(calibration()));
    const [, made] = grids(model);
    expect(made).toEqual(['c', 'uint8', Math.fround(4 / 255), 64]);
    expect(trace.rewrites[0]!.note).toContain('measured on 1 recorded input');
  });

  it('takes the scale from the other side of a copy or Concat, without measuring', () => {
    const before = chain('m = MaxPool <kernel_shape = [1, 1]> (c)\nr = QDQU (m, 0.03, 32)\ny = Neg (r)');
    const { model } = rewrite(before, quantizeValues(new Calibration({ inputs: [new Map()] })));
    expect(grids(model).map(([, ...grid]) => grid)).toEqual([
      ['uint8', Math.fround(0.02), 64],
      ['uint8', Math.fround(0.03), 32],
      ['uint8', Math.fround(0.03), 32],
    ]);
  });

  it('leaves a pair alone that gives values of another type', () => {
    const before = parseModel(`<ir_version: 10, opset_import: ["" : 23]>
      main (float[1,1,2,2] x) => (float16[1,1,2,2] h, float[1,1,2,2] y)
      <float s = {0.5}, uint8 z = {0}, float16 t = {0.5}> {
        q = QuantizeLinear (x, s, z)
        d = DequantizeLinear (q, s, z)
        r = MaxPool <kernel_shape = [1, 1]> (d)
        rq = QuantizeLinear (r, s, z)
        rd = DequantizeLinear (rq, s, z)
        y = Neg (rd)
        hq = QuantizeLinear (r, t, z)
        hd = DequantizeLinear (hq, t, z)
        h = Neg (hd)
      }`);
    const { model } = rewrite(before, quantizeValues(calibration()));
    expect(validate(model, { strict: true }).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('settles on pairs in a row', () => {
    const before = network(
      'p = QDQ (x, 0.5)\nr = QDQ (p, 0.25)\na = Add (r, x)\nb = QDQ (a, 0.5)\ny = Neg (b)',
      'float[1,1,2,2] x',
      'float[1,1,2,2] y',
    );
    const once = rewrite(before, quantizeValues(calibration())).model;
    expect(rewrite(once, quantizeValues(calibration())).model).toBe(once);
  });

  it('measures nothing where generated inputs do not run, and says so', () => {
    const before = network(
      'k = Sub (x, x)\ni = Cast <to = 6> (k)\nd = Div (one, i)\nf = Cast <to = 1> (d)\np = QDQ (f, 0.5)\na = Add (p, p)\nr = Add (a, p)\nb = QDQ (r, 0.5)\ny = Neg (b)',
      'float[1,1,2,2] x',
      'float[1,1,2,2] y',
      'int32 one = {1}',
    );
    const { findings } = rewrite(before, quantizeValues(new Calibration({ samples: 1 }))).trace;
    expect(findings[0]?.message).toMatch(/calibration cannot run it: .* divided by zero/);
  });

  it('leaves operators between floats alone', () => {
    const before = network('s = Sigmoid (x)\ny = Mul (x, s)', 'float[1,1,2,2] x', 'float[1,1,2,2] y');
    expect(rewrite(before, quantizeValues(calibration())).model).toBe(before);
  });
});

/** 10 log₁₀ of the energy of one over that of the difference. */
function distance(wanted: Tensor, given: Tensor): number {
  const [a, b] = [wanted.toTypedArray() as Float32Array, given.toTypedArray() as Float32Array];
  const energy = (values: Iterable<number>) => [...values].reduce((sum, x) => sum + x * x, 0);
  return 10 * Math.log10(energy(a) / energy(a.map((x, i) => x - b[i]!)));
}
