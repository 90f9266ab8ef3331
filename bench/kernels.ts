/**
 * Integer kernels on layers of real networks, one thread, beside the obvious loops, ONNX Runtime (native and WebAssembly)
 * and TensorFlow.js on its plain JavaScript backend.
 *
 * Run with `node --expose-gc --import tsx bench/kernels.ts`, and part of a layer's name for that layer alone. Contenders take turns, ours in a thread of its own (see thread.ts); the table shows medians.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as native from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { type DataType, type Model, type Node, type Tensor, tensor } from '../src/ir/index.ts';
import { makeAttribute } from '../src/ops/index.ts';
import { fromTensor } from '../src/runtime/array.ts';
import { convolveSimply } from '../src/runtime/integer/simple.ts';
import { encodeModel } from '../src/serde/index.ts';
import type { IntegerLayer } from './contenders.ts';
import { median, type Row, table } from './support.ts';
import { Thread } from './thread.ts';

interface Layer {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  readonly group: number;
  readonly goal: string;
}

const direct = '≥ 3 × web, ≥ 12 × tfjs';
const square = '≥ 1 × native, ≥ 1.15 × s8';

const layers: readonly Layer[] = [
  layer('stem 7×7, stride 2', 3, 224, 224, 64, 7, direct, 2),
  layer('3×3, 64 at 56', 64, 56, 56, 64, 3, square),
  layer('3×3, 128 at 28', 128, 28, 28, 128, 3, square),
  layer('3×3, 256 at 14', 256, 14, 14, 256, 3, square),
  layer('3×3, 512 at 7', 512, 7, 7, 512, 3, '≥ 0.75 × native, ≥ 1 × s8'),
  layer('1×1, 96 → 24 at 56', 96, 56, 56, 24, 1, '≥ 2.5 × web'),
  layer('512 × 512 × 512 as 1×1', 512, 1, 512, 512, 1, direct),
  layer('depthwise 3×3, 96 at 56', 96, 56, 56, 96, 3, '≥ 0.7 × web float32', 1, 96),
];

function layer(
  name: string,
  channels: number,
  height: number,
  width: number,
  filters: number,
  kernel: number,
  goal: string,
  stride = 1,
  group = 1,
): Layer {
  return { name, channels, height, width, filters, kernel, stride, group, goal };
}

/** Zero point of the inputs. */
const zero = 128;

/** The table as Markdown, of the layers whose names contain a text. */
export async function run(rounds = 9, only = ''): Promise<string> {
  web.env.wasm.numThreads = 1;
  await tf.setBackend('cpu');
  const rows: Row[] = [];
  for (const each of layers) if (each.name.includes(only)) rows.push(await measure(each, rounds));
  return [
    `10⁹ multiplications with addition a second; medians of ${rounds} rounds. Integer contenders compute ConvInteger on uint8 inputs and int8 weights, and their sums are compared bit by bit; the columns with float32 are Conv. Web s8 and web u8 are a Conv between DequantizeLinear and QuantizeLinear on int8 and on uint8 inputs: there WebAssembly multiplies bytes 16 at a time, which JavaScript has nothing like.`,
    '',
    table(
      [
        'layer',
        'qdq-surgeon',
        'obvious loops',
        'web',
        'native',
        'web s8',
        'web u8',
        'web float32',
        'tfjs float32',
        '÷ web',
        '÷ native',
        '÷ web s8',
        '÷ web float32',
        '÷ tfjs',
        'goal',
      ],
      rows,
    ),
  ].join('\n');
}

async function measure(each: Layer, rounds: number): Promise<Row> {
  const { channels, height, width, filters, kernel, stride, group } = each;
  const x = tensor('uint8', [1, channels, height, width], uniformBytes(channels * height * width));
  const w = tensor(
    'int8',
    [filters, channels / group, kernel, kernel],
    gaussianBytes((filters * channels * kernel * kernel) / group),
  );
  const attributes = { strides: [stride, stride], pads: new Array<number>(4).fill((kernel - 1) >> 1), group };
  const works = new Map<string, () => unknown>();
  const [input, weights] = [fromTensor(x), fromTensor(w)];
  const ours = new Thread();
  const layer: IntegerLayer = {
    xDims: x.dims,
    x: x.toTypedArray() as Uint8Array,
    wDims: w.dims,
    w: w.toTypedArray() as Int8Array,
    attributes,
    zero,
    threads: 1,
  };
  works.set('ours', () => ours.prepare<Int32Array>('integerConvolution', layer));
  works.set('tfjs', tensorflow(each, x, w));
  const close: (() => Promise<void>)[] = [];
  const floatModel = encodeModel(modelOf(asFloat(x), asFloat(w), attributes));
  const signed = tensor(
    'int8',
    x.dims,
    Int8Array.from(layer.x, (code) => code - zero),
  );
  const integerModel = encodeModel(modelOf(x, w, attributes));
  for (const [name, engine, bytes, feed] of [
    // ONNX Runtime's ConvInteger takes no groups of one channel at a speed worth comparing.
    ...(group === 1
      ? ([
          ['web', web, integerModel, x],
          ['native', native, integerModel, x],
        ] as const)
      : []),
    ['web s8', web, quantizedModel(signed, w, attributes), signed] as const,
    ['web u8', web, quantizedModel(x, w, attributes), x] as const,
    ['web float32', web, floatModel, asFloat(x)] as const,
  ]) {
    const session = await (engine as typeof native).InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      executionProviders: [engine === web ? 'wasm' : 'cpu'],
    });
    const { Tensor: EngineTensor } = engine as typeof native;
    const fed = new EngineTensor(feed.dtype as 'float32', feed.toTypedArray() as Float32Array, [
      ...feed.dims,
    ]);
    works.set(name, async () => (await session.run({ x: fed }))['y']!.data);
    close.push(() => session.release());
  }
  const simple = time(() => convolveSimply(input, weights, attributes, zero, [0]));
  await expectEqual(works, simple.result.sums, each);
  for (const [name, work] of works)
    if (name !== 'tfjs') await (name === 'ours' ? ours.time(300) : repeat(work, 300));
  const samples = new Map([...works.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of works) {
      // Nobody's garbage is collected in somebody else's turn.
      globalThis.gc?.();
      samples.get(name)!.push(await (name === 'ours' ? ours.time(20) : repeat(work, 20)));
    }
  }
  await ours.stop();
  for (const release of close) await release();
  const multiplications = (simple.result.sums.length * channels * kernel * kernel) / group;
  const rate = (name: string) =>
    samples.has(name) ? multiplications / median(samples.get(name)!) / 1e6 : undefined;
  const shown = (value: number | undefined) => value?.toFixed(2) ?? '–';
  const own = rate('ours')!;
  const ratio = (peer: number | undefined) => shown(peer && own / peer);
  const [wasm, cpu, s8, u8, float, tfjs] = ['web', 'native', 'web s8', 'web u8', 'web float32', 'tfjs'].map(
    rate,
  );
  return [
    each.name,
    ...[own, multiplications / simple.ms / 1e6, wasm, cpu, s8, u8, float, tfjs].map(shown),
    ...[wasm, cpu, s8, float, tfjs].map(ratio),
    each.goal,
  ];
}

/** Milliseconds a call takes, on average over as many calls as fill the time. */
async function repeat(work: () => unknown, ms: number): Promise<number> {
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

/** A number is worth nothing if what is computed is not the same. */
async function expectEqual(
  works: ReadonlyMap<string, () => unknown>,
  want: Int32Array,
  { name }: Layer,
): Promise<void> {
  for (const contender of ['ours', 'web', 'native']) {
    const result = await works.get(contender)?.();
    if (result === undefined) continue;
    const sums = result as Int32Array;
    if (sums.length !== want.length || sums.some((sum, i) => sum !== want[i]))
      throw new Error(`${name}: the sums of "${contender}" differ from those of the obvious loops.`);
  }
}

function tensorflow(
  { channels, height, width, filters, kernel, stride, group }: Layer,
  x: Tensor,
  w: Tensor,
) {
  const image = tf.transpose(
    tf.tensor4d(asFloat(x).toTypedArray() as Float32Array, [1, channels, height, width]),
    [0, 2, 3, 1],
  ) as tf.Tensor4D;
  const shape = [filters, channels / group, kernel, kernel] as [number, number, number, number];
  const filter = tf.tensor4d(asFloat(w).toTypedArray() as Float32Array, shape);
  const order = group === 1 ? [2, 3, 1, 0] : [2, 3, 0, 1];
  const taps = tf.transpose(filter, order) as tf.Tensor4D;
  return () => {
    const y =
      group === 1 ? tf.conv2d(image, taps, stride, 'same') : tf.depthwiseConv2d(image, taps, stride, 'same');
    y.dataSync();
    y.dispose();
  };
}

function asFloat(codes: Tensor): Tensor {
  return tensor('float32', codes.dims, Float32Array.from(codes.toTypedArray() as Int8Array), codes.name);
}

/** One node, Conv or ConvInteger. */
function modelOf(x: Tensor, w: Tensor, attributes: Attributes): Model {
  const integer = x.dtype === 'uint8';
  const inputs = integer ? ['x', 'w', 'zero'] : ['x', 'w'];
  return modelAround(
    x,
    integer ? 'int32' : 'float32',
    [makeNode(integer ? 'ConvInteger' : 'Conv', inputs, 'y', attributes)],
    [w.withName('w'), ...(integer ? [tensor('uint8', [], [zero], 'zero')] : [])],
  );
}

/** A Conv between quantizers, which ONNX Runtime fuses into one QLinearConv. */
function quantizedModel(x: Tensor, w: Tensor, attributes: Attributes): Uint8Array {
  const codes = x.dtype as 'int8' | 'uint8';
  const nodes = [
    makeNode('DequantizeLinear', ['x', 'scale', 'xZero'], 'xReal'),
    makeNode('DequantizeLinear', ['w', 'scale', 'wZero'], 'wReal'),
    makeNode('Conv', ['xReal', 'wReal'], 'yReal', attributes),
    makeNode('QuantizeLinear', ['yReal', 'yScale', 'xZero'], 'y'),
  ];
  return encodeModel(
    modelAround(x, codes, nodes, [
      w.withName('w'),
      tensor('float32', [], [2 ** -7], 'scale'),
      tensor('float32', [], [2 ** -3], 'yScale'),
      tensor(codes, [], [codes === 'int8' ? 0 : zero], 'xZero'),
      tensor('int8', [], [0], 'wZero'),
    ]),
  );
}

type Attributes = Readonly<Record<string, number | number[]>>;

function makeNode(opType: string, inputs: string[], output: string, attributes: Attributes = {}): Node {
  return {
    metadata: [],
    opType,
    inputs,
    outputs: [output],
    attributes: Object.entries(attributes).map(([name, plain]) => makeAttribute(name, plain)),
    deviceConfigurations: [],
  };
}

function modelAround(x: Tensor, output: DataType, nodes: Node[], initializers: Tensor[]): Model {
  const none = { metadata: [] };
  const value = (name: string, dtype: DataType, dims?: readonly number[]) => ({
    ...none,
    name,
    type: { kind: 'tensor' as const, elemType: dtype, shape: dims?.map((length) => ({ value: length })) },
  });
  return {
    ...none,
    irVersion: 8,
    opsetImports: [{ domain: '', version: 17 }],
    trainingInfo: [],
    functions: [],
    configurations: [],
    graph: {
      ...none,
      name: 'layer',
      nodes,
      initializers,
      sparseInitializers: [],
      inputs: [value('x', x.dtype, x.dims)],
      outputs: [value('y', output)],
      valueInfos: [],
      quantizationAnnotations: [],
    },
  };
}

let state = 1;

function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function uniformBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => random() * 256);
}

/** As trained weights are spread: a bell of deviation 36, cut off at ±127. */
function gaussianBytes(count: number): Int8Array {
  const bell = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Int8Array.from({ length: count }, () => Math.max(-127, Math.min(127, Math.round(36 * bell()))));
}

function time<T>(work: () => T): { readonly result: T; readonly ms: number } {
  const start = performance.now();
  const result = work();
  return { result, ms: performance.now() - start };
}

if (process.argv[1]?.endsWith('kernels.ts')) console.log(await run(9, process.argv[2]));
