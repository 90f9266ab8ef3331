import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Model, type Tensor, tensor } from '../../src/ir/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { decodeModel, decodeTensor } from '../../src/serde/index.ts';
import { toOrt } from '../runtime/engine.ts';
import { describeShared, sharedDir } from './paths.ts';

/** What ONNX Runtime's optimizer makes of real models is run here with the results that it has there. */
describeShared('models that ONNX Runtime has optimized', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'optimized-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['bert_tiny_float', 'extended', 'SkipLayerNormalization FusedMatMul', 100],
    ['bert_tiny_int4_blocked', 'extended', 'SkipLayerNormalization FusedMatMul MatMulNBits', 100],
    [
      'bert_tiny_ort_dynamic',
      'extended',
      'SkipLayerNormalization MatMulIntegerToFloat DynamicQuantizeMatMul',
      60,
    ],
    ['bert_tiny_ort_qdq', 'extended', 'QLinearAdd QLinearMul QLinearSoftmax', 60],
    ['mobilenetv2_ort_u8s8', 'all', 'QLinearConv QLinearAdd QLinearGlobalAveragePool QGemm', Infinity],
    ['resnet18_ort_u8s8', 'all', 'QLinearConv NhwcMaxPool QLinearAdd', Infinity],
    ['yolov7_w025_ort_u8s8', 'all', 'QLinearConv QLinearMul QLinearSigmoid NhwcMaxPool QLinearConcat', 40],
    ['padneck_slim_qat', 'extended', 'FusedConv', 100],
    ['yolov5_slim_qat', 'extended', 'QuickGelu', 100],
  ] as const)('%s, %s: %s', async (name, level, operators, leastDecibels) => {
    const path = join(sharedDir!, 'models', name);
    const optimized = join(folder, `${name}.onnx`);
    const session = await ort.InferenceSession.create(join(path, 'model.onnx'), {
      graphOptimizationLevel: level,
      optimizedModelFilePath: optimized,
      logSeverityLevel: 4,
    });
    const model = decodeModel(readFileSync(optimized));
    const used = new Set(model.graph.nodes.map(({ opType }) => opType));
    expect(operators.split(' ').filter((operator) => !used.has(operator))).toEqual([]);
    const feeds = session.inputNames.map((input, i) => [input, inputOf(path, i, model)] as const);
    const ours = compile(model).run(feeds);
    const theirs = await session.run(Object.fromEntries(feeds.map(([input, x]) => [input, toOrt(x)])));
    await session.release();
    for (const [output, y] of ours) {
      const want = theirs[output]!.data as Float32Array;
      expect(decibels(want, y.toTypedArray() as Float32Array)).toBeGreaterThanOrEqual(leastDecibels);
    }
  });
});

/** The recorded input, or a wave where nothing was recorded. */
function inputOf(path: string, index: number, model: Model): Tensor {
  const file = join(path, 'test_data_set_0', `input_${index}.pb`);
  if (existsSync(file)) return decodeTensor(readFileSync(file));
  const { type } = model.graph.inputs[index]!;
  const dims = type?.kind === 'tensor' ? (type.shape ?? []).map(({ value }) => Number(value ?? 1)) : [];
  const count = dims.reduce((a, b) => a * b, 1);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.37)),
  );
}

function decibels(want: Float32Array, got: Float32Array): number {
  let signal = 0;
  let noise = 0;
  want.forEach((value, i) => {
    signal += Number(value) ** 2;
    noise += (Number(value) - Number(got[i])) ** 2;
  });
  return noise === 0 ? Infinity : 10 * Math.log10(signal / noise);
}
