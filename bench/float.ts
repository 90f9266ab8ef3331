/**
 * Float32 convolutions on layers of real networks, one thread, beside ONNX Runtime's WebAssembly and TensorFlow.js on its
 * plain JavaScript backend.
 *
 * Run with `node --expose-gc --import tsx bench/float.ts`. Contenders take turns, ours in a thread of their own (see thread.ts);
 * the table shows medians.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as web from 'onnxruntime-web';
import { type Model, type Tensor, tensor } from '../src/ir/index.ts';
import { encodeModel, parseModel } from '../src/serde/index.ts';
import type { FloatLayer } from './contenders.ts';
import { median, type Row, table } from './support.ts';
import { Thread } from './thread.ts';

interface Layer {
  readonly name: string;
  /** Channels, height, width, filters, window, stride, groups. */
  readonly shape: readonly [number, number, number, number, number, number, number];
  readonly goal: string;
}

const layers: readonly Layer[] = [
  { name: 'stem 7×7, stride 2', shape: [3, 224, 224, 64, 7, 2, 1], goal: '' },
  { name: '3×3, 64 at 56', shape: [64, 56, 56, 64, 3, 1, 1], goal: '≥ 0.85 × web' },
  { name: '3×3, 128 at 28', shape: [128, 28, 28, 128, 3, 1, 1], goal: '≥ 0.85 × web' },
  { name: '3×3, 256 at 14', shape: [256, 14, 14, 256, 3, 1, 1], goal: '≥ 0.55 × web' },
  { name: '3×3, 512 at 7', shape: [512, 7, 7, 512, 3, 1, 1], goal: '≥ 0.55 × web' },
  { name: '1×1, 96 → 24 at 56', shape: [96, 56, 56, 24, 1, 1, 1], goal: '' },
  { name: '512 × 512 × 512 as 1×1', shape: [512, 1, 512, 512, 1, 1, 1], goal: '≥ 0.3 × web' },
  { name: 'depthwise 3×3, 96 at 56', shape: [96, 56, 56, 96, 3, 1, 96], goal: '' },
];

/** The table as Markdown. */
export async function run(rounds = 9): Promise<string> {
  web.env.wasm.numThreads = 1;
  await tf.setBackend('cpu');
  const rows: Row[] = [];
  for (const each of layers) rows.push(await measure(each, rounds));
  return [
    `10⁹ multiplications with addition a second; medians of ${rounds} rounds. Sums in double, rounded once, and in ONNX Runtime's order and precision, to the bit.`,
    '',
    table(['layer', 'in double', "ORT's bits", 'web', 'tfjs', 'double ÷ web', 'double ÷ tfjs', 'goal'], rows),
  ].join('\n');
}

async function measure({ name, shape, goal }: Layer, rounds: number): Promise<Row> {
  const [channels, height, width, filters, kernel, stride, group] = shape;
  const x = uniform([1, channels, height, width]);
  const w = uniform([filters, channels / group, kernel, kernel]);
  const pad = (kernel - 1) >> 1;
  const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], group };
  const request = {
    xDims: x.dims,
    x: x.toTypedArray() as Float32Array,
    wDims: w.dims,
    w: w.toTypedArray() as Float32Array,
    attributes,
  };
  const works = new Map<string, (ms: number) => Promise<number>>();
  const results = new Map<string, Float32Array>();
  const threads: Thread[] = [];
  for (const sums of ['double', 'onnxruntime'] as const) {
    const thread = new Thread();
    threads.push(thread);
    const layer: FloatLayer = { ...request, sums };
    results.set(sums, await thread.prepare<Float32Array>('floatConvolution', layer));
    works.set(sums, (ms) => thread.time(ms));
  }
  const session = await web.InferenceSession.create(encodeModel(modelOf(x, w, attributes)), {
    executionProviders: ['wasm'],
  });
  const feed = { x: new web.Tensor('float32', request.x, [...x.dims]) };
  results.set('web', (await session.run(feed))['y']!.data as Float32Array);
  works.set('web', (ms) => repeat(() => session.run(feed), ms));
  works.set('tfjs', (ms) => repeat(tensorflow(shape, x, w), ms));
  expectAlike(results, name);
  for (const [contender, work] of works) if (contender !== 'tfjs') await work(300);
  const samples = new Map([...works.keys()].map((contender) => [contender, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    globalThis.gc?.();
    for (const [contender, work] of works) samples.get(contender)!.push(await work(20));
  }
  for (const thread of threads) await thread.stop();
  await session.release();
  const multiplications = (results.get('web')!.length * channels * kernel * kernel) / group;
  const rate = (contender: string) => multiplications / median(samples.get(contender)!) / 1e6;
  const [double, single, wasm, tfjs] = ['double', 'onnxruntime', 'web', 'tfjs'].map(rate) as [
    number,
    number,
    number,
    number,
  ];
  return [name, ...[double, single, wasm, tfjs, double / wasm, double / tfjs].map((v) => v.toFixed(2)), goal];
}

/** Milliseconds a call takes, on average over as many calls as fill the time. */
export async function repeat(work: () => unknown, ms: number): Promise<number> {
  const start = performance.now();
  let passed = 0;
  let calls = 0;
  do {
    await work();
    calls++;
    passed = performance.now() - start;
  } while (passed < ms);
  return passed / calls;
}

/** Float32 sums are off by rounding; by more than that, a contender computes something else. */
function expectAlike(results: ReadonlyMap<string, Float32Array>, name: string): void {
  const want = results.get('double')!;
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [contender, got] of results) {
    if (got.length !== want.length || got.some((value, i) => Math.abs(value - want[i]!) > 1e-5 * largest))
      throw new Error(`${name}: "${contender}" computes something else.`);
  }
}

function tensorflow([, , , , , stride, group]: Layer['shape'], x: Tensor, w: Tensor): () => void {
  const image = tf.transpose(
    tf.tensor4d(x.toTypedArray() as Float32Array, [...x.dims] as never),
    [0, 2, 3, 1],
  );
  const filter = tf.tensor4d(w.toTypedArray() as Float32Array, [...w.dims] as never);
  const taps = tf.transpose(filter, group === 1 ? [2, 3, 1, 0] : [2, 3, 0, 1]) as tf.Tensor4D;
  return () => {
    const y =
      group === 1
        ? tf.conv2d(image as tf.Tensor4D, taps, stride, 'same')
        : tf.depthwiseConv2d(image as tf.Tensor4D, taps, stride, 'same');
    y.dataSync();
    y.dispose();
  };
}

function modelOf(
  x: Tensor,
  w: Tensor,
  attributes: { strides: number[]; pads: number[]; group: number },
): Model {
  const { strides, pads, group } = attributes;
  const model = parseModel(`<ir_version: 8, opset_import: ["" : 17]>
    layer (float[${x.dims}] x, float[${w.dims}] w) => (float[N, C, H, W] y) {
      y = Conv <strides = [${strides}], pads = [${pads}], group = ${group}> (x, w)
    }`);
  const inputs = model.graph.inputs.filter((input) => input.name === 'x');
  return { ...model, graph: { ...model.graph, inputs, initializers: [w.withName('w')] } };
}

let state = 1;

function uniform(dims: readonly number[]): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  return tensor('float32', dims, Float32Array.from({ length: count }, next));
}

if (process.argv[1]?.endsWith('float.ts')) console.log(await run());
