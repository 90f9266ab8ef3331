/**
 * Whole networks, one thread, beside ONNX Runtime's WebAssembly on the same files.
 *
 * Run with `node --expose-gc --import tsx bench/networks.ts`. The networks lie in ../shared/models. Contenders take turns, ours
 * in threads of their own (see thread.ts); the table shows medians.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as web from 'onnxruntime-web';
import type { Model, Node, Tensor } from '../src/ir/index.ts';
import { loadModel } from '../src/node/index.ts';
import { type CompileOptions, execute } from '../src/runtime/index.ts';
import { decodeTensor } from '../src/serde/index.ts';
import type { NetworkResult, NetworkRun } from './contenders.ts';
import { repeat } from './float.ts';
import { median, type Row, table } from './support.ts';
import { Thread } from './thread.ts';

const models = new URL('../../shared/models/', import.meta.url);
const networks = ['resnet18_qat', 'yolov7_w025_qat'];

/** These networks have int8 activations, which of the engines only TensorRT computes with on any machine. */
const modes: Readonly<Record<string, CompileOptions>> = {
  integer: { arithmetic: 'integer', engine: 'tensorrt' },
  double: { sums: 'double' },
  onnxruntime: {},
};

/** The tables as Markdown. */
export async function run(rounds = 7): Promise<string> {
  const here = networks.filter((name) => existsSync(new URL(`${name}/model.onnx`, models)));
  if (here.length === 0) return 'The networks are not on this machine.';
  web.env.wasm.numThreads = 1;
  await tf.setBackend('cpu');
  const measured = [];
  for (const name of here) measured.push(await measure(name, rounds));
  return [
    `Milliseconds a run; medians of ${rounds} rounds. Integer arithmetic follows the groups of TensorRT; float is the literal graph, summed up in double or to the bits of ONNX Runtime. SQNR is against the literal graph. TensorFlow.js reads no ONNX: its column is what its float32 convolutions of the network take alone, without all else.`,
    '',
    table(
      [
        'network',
        'integer',
        'SQNR',
        'float, double',
        "float, ORT's bits",
        'web',
        'tfjs, only Conv',
        'integer ÷ web',
        'integer ÷ tfjs',
      ],
      measured.map(({ times }) => times),
    ),
    '',
    'Megabytes that runs of a compiled network take at once – planned memory, outputs, scratch space of kernels – beside the least that values alive at the same time take, outputs among them. Constants and prepared weights come on top, and five megabytes that all kernels share whatever the network.',
    '',
    table(
      ['network', 'arithmetic', 'peak', 'live values', 'planned', 'peak ÷ live (goal: 1.3)', 'constants'],
      measured.flatMap(({ memory }) => memory),
    ),
  ].join('\n');
}

async function measure(
  name: string,
  rounds: number,
): Promise<{ readonly times: Row; readonly memory: Row[] }> {
  const path = fileURLToPath(new URL(`${name}/model.onnx`, models));
  const model = await loadModel(path);
  const input = decodeTensor(readFileSync(new URL(`${name}/test_data_set_0/input_0.pb`, models)));
  const inputName = model.graph.inputs[0]!.name;
  const data = input.toTypedArray() as Float32Array;
  const works = new Map<string, (ms: number) => Promise<number>>();
  const results = new Map<string, NetworkResult>();
  const threads: Thread[] = [];
  for (const [mode, options] of Object.entries(modes)) {
    const thread = new Thread();
    threads.push(thread);
    const request: NetworkRun = { path, options, input: { name: inputName, dims: input.dims, data } };
    results.set(mode, await thread.prepare<NetworkResult>('network', request));
    works.set(mode, (ms) => thread.time(ms));
  }
  const session = await web.InferenceSession.create(readFileSync(path), { executionProviders: ['wasm'] });
  const feed = { [inputName]: new web.Tensor('float32', data, [...input.dims]) };
  works.set('web', (ms) => repeat(() => session.run(feed), ms));
  const convolutions = tensorflow(model, [[inputName, input]]);
  works.set('tfjs', (ms) => repeat(convolutions, ms));
  for (const [contender, work] of works) if (contender !== 'tfjs') await work(1500);
  const samples = new Map([...works.keys()].map((contender) => [contender, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.();
    for (const [contender, work] of works)
      if (contender !== 'tfjs' || round < 3) samples.get(contender)!.push(await work(100));
  }
  for (const thread of threads) await thread.stop();
  await session.release();
  const ms = (contender: string) => median(samples.get(contender)!);
  const noise = sqnr(results.get('onnxruntime')!.outputs, results.get('integer')!.outputs);
  const shown = (value: number) => value.toFixed(value < 100 ? 1 : 0);
  const times = [
    name,
    shown(ms('integer')),
    `${noise.toFixed(1)} dB`,
    ...['double', 'onnxruntime', 'web', 'tfjs'].map((contender) => shown(ms(contender))),
    (ms('integer') / ms('web')).toFixed(2),
    (ms('integer') / ms('tfjs')).toFixed(3),
  ];
  const memory = [...results]
    .filter(([mode]) => mode !== 'double')
    .map(([mode, { memory }]) => {
      const { peak, optimum, planned, constants } = memory;
      const megabytes = [peak, optimum, planned].map((bytes) => (bytes / 1e6).toFixed(2));
      const kind = mode === 'integer' ? 'integer' : 'float';
      return [name, kind, ...megabytes, (peak / optimum).toFixed(2), (constants / 1e6).toFixed(2)];
    });
  return { times, memory };
}

/** Power of a result over the power of its difference to another. */
function sqnr(want: readonly Float32Array[], got: readonly Float32Array[]): number {
  let signal = 0;
  let noise = 0;
  want.forEach((output, n) => {
    output.forEach((value, i) => {
      signal += value ** 2;
      noise += (value - got[n]![i]!) ** 2;
    });
  });
  return 10 * Math.log10(signal / noise);
}

/** The convolutions of a model in TensorFlow.js, each on zeros of the shape that it sees. */
function tensorflow(model: Model, inputs: readonly (readonly [string, Tensor])[]): () => void {
  const dims = new Map<string, readonly number[]>();
  execute(model, inputs, { sums: 'double', onValue: (name, value) => dims.set(name, value.dims) });
  for (const [name, { dims: own }] of inputs) dims.set(name, own);
  for (const { name, dims: own } of model.graph.initializers) dims.set(name ?? '', own);
  const works = model.graph.nodes
    .filter(({ opType }) => opType === 'Conv')
    .map((node) => convolutionOf(node, dims.get(node.inputs[0]!)!, dims.get(node.inputs[1]!)!));
  return () => {
    for (const work of works) work();
  };
}

function convolutionOf(node: Node, x: readonly number[], w: readonly number[]): () => void {
  const [, channels, height, width] = x as [number, number, number, number];
  const [filters, depth, rows, columns] = w as [number, number, number, number];
  const numbers = (name: string) => {
    const attribute = node.attributes.find((each) => each.name === name);
    return (attribute?.value as readonly bigint[] | undefined)?.map(Number);
  };
  const stride = numbers('strides')?.[0] ?? 1;
  const pads = numbers('pads') ?? [0, 0, 0, 0];
  const image = tf.zeros<tf.Rank.R4>([
    1,
    height + pads[0]! + pads[2]!,
    width + pads[1]! + pads[3]!,
    channels,
  ]);
  const isDepthwise = depth === 1 && filters === channels && channels > 1;
  if (!isDepthwise && depth !== channels)
    throw new Error(`${node.name}: TensorFlow.js has no groups of channels.`);
  const taps = tf.zeros<tf.Rank.R4>(
    isDepthwise ? [rows, columns, channels, 1] : [rows, columns, channels, filters],
  );
  return () => {
    const y = isDepthwise
      ? tf.depthwiseConv2d(image, taps, stride, 'valid')
      : tf.conv2d(image, taps, stride, 'valid');
    y.dataSync();
    y.dispose();
  };
}

if (process.argv[1]?.endsWith('networks.ts')) console.log(await run());
