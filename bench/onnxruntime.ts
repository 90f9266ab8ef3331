/**
 * How fast ONNX Runtime runs models before and after the pipeline, beside the float networks and its own quantization of
 * them; and how close each is to the float network.
 *
 * Run with `npm run bench:onnxruntime`. CPU, one thread, default optimizations, one process, runs of all models in turn.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Model, Tensor } from '../src/ir/index.ts';
import { rewrite } from '../src/rewrite/index.ts';
import { decodeModel, decodeTensor, encodeModel } from '../src/serde/index.ts';
import { onnxruntime } from '../src/targets/index.ts';
import { median, type Row, table } from './support.ts';

const runs = 101;
const warmUp = 3;

/** What is measured together: the same network as it is in several files. */
interface Family {
  readonly name: string;
  readonly float: string | undefined;
  /** What the pipeline is given. */
  readonly exported: string;
  /** ONNX Runtime's own quantization. */
  readonly peer: string;
  /** Whose recorded input all are fed. */
  readonly input: string;
}

const families: readonly Family[] = [
  {
    name: 'YOLOv7, width 0.25, 256 × 256',
    float: 'yolov7_w025_float',
    exported: 'yolov7_w025_qat',
    peer: 'yolov7_w025_ort_u8s8',
    input: 'yolov7_w025_float',
  },
  {
    name: 'ResNet-18, 24 to 192 channels, 64 × 64',
    float: 'resnet18_float',
    exported: 'resnet18_qat',
    peer: 'resnet18_ort_u8s8',
    input: 'resnet18_float',
  },
  {
    name: 'MobileNetV2, 96 × 96',
    float: undefined,
    exported: 'mobilenetv2_ort_s8s8',
    peer: 'mobilenetv2_ort_u8s8',
    input: 'mobilenetv2_ort_s8s8',
  },
];

const shared = fileURLToPath(new URL('../../shared/models/', import.meta.url));
const load = (name: string): Model => decodeModel(readFileSync(`${shared}${name}/model.onnx`));

export async function run(): Promise<string> {
  if (!existsSync(shared)) return 'The models of ../shared are absent; nothing was measured.';
  const blocks: string[] = [];
  for (const family of families) blocks.push(await measure(family));
  return blocks.join('\n\n');
}

async function measure({ name, float, exported, peer, input }: Family): Promise<string> {
  const sample = decodeTensor(readFileSync(`${shared}${input}/test_data_set_0/input_0.pb`));
  const before = load(exported);
  const inputs = [new Map([[before.graph.inputs[0]!.name, sample]])];
  const models = new Map<string, Model>([
    ...(float === undefined ? [] : [['float', load(float)] as const]),
    ['as exported', before],
    ["ONNX Runtime's own u8s8", load(peer)],
    ['fixed, ranges from the recorded input', rewrite(before, onnxruntime({ inputs })).model],
    ['fixed, ranges from generated inputs', rewrite(before, onnxruntime()).model],
  ]);
  const { times, work, outputs } = await race(models, sample);
  const wanted = float === undefined ? undefined : outputs.get('float');
  const reference = (key: string) => median(times.get(key)!);
  const rows = [...times].map(([key, measured]): Row => {
    const own = median(measured);
    const ratio = (to: string) => (times.has(to) ? `${(reference(to) / own).toFixed(2)} ×` : '');
    const distance =
      wanted === undefined || key === 'float' ? '' : `${sqnr(wanted, outputs.get(key)!).toFixed(2)} dB`;
    const processor = median(work.get(key)!);
    return [
      key,
      `${own.toFixed(2)} ms`,
      `${processor.toFixed(2)} ms`,
      ratio('as exported'),
      ratio('float'),
      distance,
    ];
  });
  return table(
    [name, 'median', 'processor', 'faster than exported', 'than float', 'SQNR against float'],
    rows,
  );
}

/**
 * Runs all models in turn, again and again: what slows the machine down slows all of them. Gives milliseconds on the
 * clock and of the processor, which differ where others use it, too.
 */
async function race(models: ReadonlyMap<string, Model>, sample: Tensor) {
  const sessions = new Map<string, InferenceSession>();
  const times = new Map<string, number[]>([...models.keys()].map((key) => [key, []]));
  const work = new Map<string, number[]>([...models.keys()].map((key) => [key, []]));
  const outputs = new Map<string, Float32Array>();
  for (const [key, model] of models) {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
    sessions.set(key, await InferenceSession.create(encodeModel(model), options));
  }
  const data = sample.toTypedArray() as Float32Array;
  for (let i = -warmUp; i < runs; i++) {
    for (const [key, session] of sessions) {
      const feeds = { [session.inputNames[0]!]: new OrtTensor('float32', data, [...sample.dims]) };
      const [start, used] = [performance.now(), process.cpuUsage()];
      const results = await session.run(feeds);
      const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(used)];
      if (i >= 0) {
        times.get(key)!.push(wall);
        work.get(key)!.push((user + system) / 1000);
      }
      outputs.set(key, results[session.outputNames[0]!]!.data as Float32Array);
    }
  }
  for (const session of sessions.values()) await session.release();
  return { times, work, outputs };
}

function sqnr(signal: Float32Array, other: Float32Array): number {
  let [power, noise] = [0, 0];
  signal.forEach((x, i) => {
    power += x * x;
    noise += (x - other[i]!) ** 2;
  });
  return 10 * Math.log10(power / noise);
}

if (process.argv[1]?.endsWith('onnxruntime.ts')) console.log(await run());
