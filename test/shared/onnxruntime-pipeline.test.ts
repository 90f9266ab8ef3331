import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { equalModels, validate } from '../../src/analysis/index.ts';
import { type Model, type Node, type Tensor, viewOf } from '../../src/ir/index.ts';
import { type Rewritten, rewrite } from '../../src/rewrite/index.ts';
import { decodeModel, decodeTensor, encodeModel } from '../../src/serde/index.ts';
import { onnxruntime, plan } from '../../src/targets/index.ts';
import { runInEngine } from '../support/engine.ts';
import { describeShared, sharedDir } from './paths.ts';

const folder = (name: string) => join(sharedDir!, 'models', name);
const names =
  sharedDir === undefined
    ? []
    : readdirSync(join(sharedDir, 'models')).filter((name) => existsSync(join(folder(name), 'model.onnx')));
const load = (name: string): Model => decodeModel(readFileSync(join(folder(name), 'model.onnx')));

/** Pairs of a model to fix and the one whose recorded input it is fed. */
const fixable = [
  ['yolov7_w025_qat', 'yolov7_w025_float'],
  ['resnet18_qat', 'resnet18_float'],
  ['mobilenetv2_ort_s8s8', 'mobilenetv2_ort_s8s8'],
] as const;

/** How far below ONNX Runtime's own quantization of the float network a fixed one may be, in dB. */
const behindPeer = 1;

function recorded(name: string, model: Model): ReadonlyMap<string, Tensor> {
  const input = decodeTensor(readFileSync(join(folder(name), 'test_data_set_0', 'input_0.pb')));
  return new Map([[model.graph.inputs[0]!.name, input]]);
}

const kept = new Map<string, Rewritten>();

/** A model as the pipeline leaves it, with ranges measured on the recorded input. */
function fixed(name: string, inputsOf: string): Rewritten {
  const model = load(name);
  const made = kept.get(name) ?? rewrite(model, onnxruntime({ inputs: [recorded(inputsOf, model)] }));
  kept.set(name, made);
  return made;
}

/** The graph the engine makes of a model, before it chooses memory layouts. */
async function optimized(model: Model): Promise<Model> {
  const directory = mkdtempSync(join(tmpdir(), 'qdq-surgeon-'));
  const optimizedModelFilePath = join(directory, 'optimized.onnx');
  try {
    const session = await InferenceSession.create(encodeModel(model), {
      graphOptimizationLevel: 'extended',
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
      optimizedModelFilePath,
    });
    await session.release();
    return decodeModel(readFileSync(optimizedModelFilePath));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const isQuantizer = ({ opType }: Node) => opType === 'QuantizeLinear' || opType === 'DequantizeLinear';
const isFused = ({ opType }: Node) =>
  /^(QLinear|QGemm|MatMulInteger|MatMulNBits|DynamicQuantizeMatMul)/.test(opType);

/** A name without what engine and forecast append to the names of what they add: each has its own way. */
function own(name: string): string {
  return name.replace(/(\/MatMulAddFusion|_pre_q|_\d+)+$/, '');
}

/** Holds a forecast against what the engine does: fused operators by name, moved ones on codes, the rest of the pairs. */
async function expectForecastHolds(model: Model): Promise<void> {
  const { layers, qdq } = plan(model, { target: 'onnxruntime' });
  const { graph, ...rest } = await optimized(model);
  const view = viewOf({ ...rest, graph });
  const theirs = graph.nodes.filter(isFused).map(({ opType, name }) => `${opType} ${own(name!)}`);
  const ours = layers.filter(({ kind }) => isFused({ opType: kind } as Node));
  expect(ours.map(({ kind, name }) => `${kind} ${own(name)}`).sort()).toEqual(theirs.sort());
  for (const { name, kind, in: from } of layers) {
    if (from === 'F' || ours.some((layer) => layer.name === name)) continue;
    const node = graph.nodes.find((each) => each.name === name && each.opType === kind);
    expect(node, `${kind} ${name} runs on codes`).toBeDefined();
    expect(view.producer(node!.inputs[0]!)?.opType).not.toBe('DequantizeLinear');
  }
  const counts = (nodes: readonly { readonly opType: string }[]) => [
    nodes.filter(({ opType }) => opType === 'QuantizeLinear').length,
    nodes.filter(({ opType }) => opType === 'DequantizeLinear').length,
  ];
  const kinds = { Q: 'QuantizeLinear', DQ: 'DequantizeLinear', Scale: '' };
  expect(counts(qdq.map(({ kind }) => ({ opType: kinds[kind] })))).toEqual(
    counts(graph.nodes.filter(isQuantizer)),
  );
  const quantized = (list: readonly string[]) => list.map(own).sort();
  expect(quantized(qdq.filter(({ kind }) => kind === 'Q').map(({ tensor }) => tensor))).toEqual(
    quantized(
      graph.nodes.filter(({ opType }) => opType === 'QuantizeLinear').map(({ inputs }) => inputs[0]!),
    ),
  );
}

function sqnr(signal: Tensor, other: Tensor): number {
  const [a, b] = [signal.toTypedArray() as Float32Array, other.toTypedArray() as Float32Array];
  let [power, noise] = [0, 0];
  a.forEach((x, i) => {
    power += x * x;
    noise += (x - b[i]!) ** 2;
  });
  return 10 * Math.log10(power / noise);
}

describeShared('the forecast of what ONNX Runtime fuses', () => {
  it.each(names)('holds for %s', async (name) => {
    await expectForecastHolds(load(name));
  });

  it.each(fixable)('holds for %s as the pipeline leaves it', async (name, inputsOf) => {
    await expectForecastHolds(fixed(name, inputsOf).model);
  });
});

describeShared('the ONNX Runtime pipeline', () => {
  it.each(fixable)('comes to its end on %s, and a second time changes nothing', (name, inputsOf) => {
    const before = load(name);
    const { model, trace } = fixed(name, inputsOf);
    expect(trace.stop.kind).toBe('complete');
    expect(validate(model)).toEqual([]);
    expect(equalModels(trace.replay(before), model)).toBe(true);
    const again = rewrite(model, onnxruntime({ inputs: [recorded(inputsOf, before)] }));
    expect(again.model).toBe(model);
  });

  it.each([
    [
      'yolov7_w025_qat',
      'yolov7_w025_float',
      { QLinearConv: 91, QLinearSigmoid: 88, QLinearMul: 88, QLinearConcat: 17 },
    ],
    [
      'resnet18_qat',
      'resnet18_float',
      { QLinearConv: 21, QLinearAdd: 8, QGemm: 1, QLinearGlobalAveragePool: 1 },
    ],
    ['mobilenetv2_ort_s8s8', 'mobilenetv2_ort_s8s8', { QLinearConv: 51, QLinearAdd: 10, QGemm: 1 }],
  ] as const)(
    'leaves %s with nothing but integer kernels in the middle',
    async (name, inputsOf, expected) => {
      const counts = new Map<string, number>();
      for (const { opType } of (await optimized(fixed(name, inputsOf).model)).graph.nodes)
        counts.set(opType, (counts.get(opType) ?? 0) + 1);
      expect(Object.fromEntries(Object.keys(expected).map((opType) => [opType, counts.get(opType)]))).toEqual(
        expected,
      );
      expect(counts.get('QuantizeLinear')).toBe(1);
    },
  );

  it.each([
    ['yolov7_w025', 'recorded'],
    ['yolov7_w025', 'generated'],
    ['resnet18', 'recorded'],
    ['resnet18', 'generated'],
  ])('keeps %s as accurate as the engine’s own quantization, with %s inputs', async (name, kind) => {
    const [float, peer, qat] = [load(`${name}_float`), load(`${name}_ort_u8s8`), load(`${name}_qat`)];
    const model =
      kind === 'recorded'
        ? fixed(`${name}_qat`, `${name}_float`).model
        : rewrite(qat, onnxruntime({ samples: 2 })).model;
    const run = async (one: Model) =>
      [...(await runInEngine(one, recorded(`${name}_float`, one))).values()][0]!;
    const [wanted, theirs, ours] = [await run(float), await run(peer), await run(model)];
    expect(sqnr(wanted, ours)).toBeGreaterThan(sqnr(wanted, theirs) - behindPeer);
  });
});
