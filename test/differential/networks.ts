import type { Model, Tensor } from '../../src/ir/index.ts';
import { tensor } from '../../src/ir/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { parseModel, printModel } from '../../src/serde/index.ts';
import { runOptimizedInEngine } from '../support/engine.ts';
import { createValues, product, type Values } from './values.ts';

/**
 * Small random networks of Q/DQ pairs around one operator after another, run in integer arithmetic here and by ONNX Runtime with
 * all its optimizations: the codes of their outputs have to be equal.
 */

type Code = 'uint8' | 'int8';

/** A dequantized value. */
interface Activation {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: Code;
  readonly scale: number;
  readonly zero: number;
}

interface Builder {
  readonly v: Values;
  readonly opset: number;
  readonly type: Code;
  /** Whether each pair has a code type of its own. */
  readonly mixed: boolean;
  readonly constants: string[];
  readonly lines: string[];
  readonly made: Activation[];
  name(): string;
}

export interface RandomNetwork {
  readonly seed: number;
  readonly index: number;
  readonly model: Model;
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** The operators between the pairs. */
  readonly operators: readonly string[];
}

/** The network of an index: the same for the same seed, whatever was made before. */
export function randomNetwork(seed: number, index: number): RandomNetwork {
  const v = createValues(seed * 2 ** 20 + index + 2 ** 19, 17);
  const opset = v.pick([13, 13, 15, 17, 17, 19, 20]);
  let count = 0;
  const builder: Builder = {
    v,
    opset,
    type: v.pick(['uint8', 'uint8', 'int8']),
    mixed: v.chance(0.2),
    constants: [],
    lines: [],
    made: [],
    name: () => `v${count++}`,
  };
  const dims = [1, v.pick([2, 3, 4, 8]), v.whole(3, 8), v.whole(3, 8)];
  pair(builder, 'x', dims, 0.03);
  const operators = Array.from({ length: v.whole(1, 4) }, () => {
    const able = steps.filter((step) => step.fits(builder.made.at(-1)!));
    const step = v.pick(able);
    step.add(builder, builder.made.at(-1)!);
    return step.opType;
  });
  const last = builder.made.at(-1)!;
  // A value with a reader outside its group, at times.
  const shown = [last, ...(v.chance(0.3) ? [v.pick(builder.made)] : [])].filter(
    (x, i, all) => all.indexOf(x) === i,
  );
  const outputs = shown.map(({ name, dims }) => `float[${dims}] ${name}`);
  const text = `<ir_version: 8, opset_import: ["" : ${opset}]>
    random (float[${dims}] x) => (${outputs.join(', ')}) <${builder.constants.join(', ')}> {
    ${builder.lines.join('\n')} }`;
  const model = parseModel(text);
  const x = tensor(
    'float32',
    dims,
    Array.from({ length: product(dims) }, () => Math.fround(v.normal() * 1.5)),
  );
  return { seed, index, model, feeds: new Map([['x', x]]), operators };
}

export interface NetworkVerdict {
  readonly kind: 'equal' | 'mismatch';
  readonly what?: string;
}

export async function judgeNetwork({ model, feeds }: RandomNetwork): Promise<NetworkVerdict> {
  const theirs = await runOptimizedInEngine(model, feeds);
  const ours = compile(model, { arithmetic: 'integer', engine: 'onnxruntime' }).run(feeds);
  for (const [name, value] of theirs) {
    const [a, b] = [ours.get(name)!, value].map((one) => one.toTypedArray() as Float32Array);
    const differing = Array.from(b!.keys()).filter((i) => a![i] !== b![i]);
    if (differing.length === 0) continue;
    const at = differing[0]!;
    return {
      kind: 'mismatch',
      what: `${name}: ${differing.length} of ${b!.length} elements; [${at}] is ${a![at]} here, ${b![at]} in the engine`,
    };
  }
  return { kind: 'equal' };
}

export function reportNetwork({ seed, index, model, feeds }: RandomNetwork, what: string): string {
  const fed = [...feeds].map(
    ([name, x]) => `${name} = ${x.dtype}[${x.dims}] {${[...(x.toTypedArray() as Float32Array)].join(', ')}}`,
  );
  return [`seed ${seed}, network ${index}: ${what}`, printModel(model), ...fed].join('\n');
}

/** Quantizes and dequantizes a value again. */
function pair(
  builder: Builder,
  from: string,
  dims: readonly number[],
  scale: number,
  zero?: number,
  like?: Code,
): Activation {
  const { v, constants, lines, made } = builder;
  const type = zero === undefined && builder.mixed ? v.pick<Code>(['uint8', 'int8']) : (like ?? builder.type);
  const name = builder.name();
  const point = zero ?? v.pick(type === 'uint8' ? [0, 3, 100, 128, 200] : [0, 0, -128, 7, -30]);
  const stored = Math.fround(scale);
  constants.push(`float ${name}s = {${stored}}`, `${type} ${name}z = {${point}}`);
  lines.push(`${name}q = QuantizeLinear (${from}, ${name}s, ${name}z)`);
  lines.push(`${name} = DequantizeLinear (${name}q, ${name}s, ${name}z)`);
  const activation = { name, dims, type, scale: stored, zero: point };
  made.push(activation);
  return activation;
}

/** int8 weights and their scales, by output channel at times. Gives the name of the dequantized value and the scales. */
function weights(
  builder: Builder,
  dims: readonly number[],
  axis: number,
): { name: string; scales: number[] } {
  const { v, constants, lines } = builder;
  const name = builder.name();
  const perChannel = v.chance(0.5);
  const count = perChannel ? dims[axis]! : 1;
  const scales = Array.from({ length: count }, () => Math.fround(0.002 + 0.02 * v.uniform()));
  // Weights of int8 are symmetric; those of uint8 may lie anywhere.
  const type = builder.type === 'uint8' && v.chance(0.15) ? 'uint8' : 'int8';
  const [least, zero] = type === 'int8' ? [-127, 0] : [0, v.pick([128, 120, 0])];
  const codes = Array.from({ length: product(dims) }, () => v.whole(least, least + 254));
  const shape = perChannel ? `[${count}]` : '';
  constants.push(
    `${type}[${dims}] ${name}q = {${codes}}`,
    `float${shape} ${name}s = {${scales}}`,
    `${type}${shape} ${name}z = {${scales.map(() => zero)}}`,
  );
  const attribute = perChannel ? ` <axis = ${axis}>` : '';
  lines.push(`${name} = DequantizeLinear${attribute} (${name}q, ${name}s, ${name}z)`);
  return { name, scales };
}

/** An int32 bias in the scale of the products. */
function bias(builder: Builder, count: number, x: Activation, scales: readonly number[]): string {
  const { v, constants, lines } = builder;
  const name = builder.name();
  const own = scales.map((scale) => Math.fround(x.scale * scale));
  const shape = own.length > 1 ? `[${own.length}]` : '';
  const codes = Array.from({ length: count }, () => v.whole(-4000, 4000));
  constants.push(`int32[${count}] ${name}q = {${codes}}`, `float${shape} ${name}s = {${own}}`);
  lines.push(`${name} = DequantizeLinear${own.length > 1 ? ' <axis = 0>' : ''} (${name}q, ${name}s)`);
  return name;
}

/** A Relu or a Clip at times, which saturation may do. */
function activated(builder: Builder, from: string): string {
  const kind = builder.v.pick(['none', 'none', 'Relu']);
  if (kind === 'none') return from;
  const name = builder.name();
  builder.lines.push(`${name} = ${kind} (${from})`);
  return name;
}

interface NetworkStep {
  readonly opType: string;
  fits(x: Activation): boolean;
  add(builder: Builder, x: Activation): void;
}

const image = ({ dims }: Activation) => dims.length === 4;
const always = () => true;

/** A scale for sums of products: most in range, some saturated. */
function sumScale(v: Values, x: Activation, scales: readonly number[], taps: number): number {
  const size = x.scale * 60 * Math.max(...scales) * 70 * Math.sqrt(taps);
  return (size / 60) * (0.3 + v.uniform());
}

function single(
  opType: string,
  call: (v: Values, x: Activation) => string,
  scaleOf?: (v: Values, x: Activation) => number,
): NetworkStep {
  return {
    opType,
    fits: always,
    add(builder, x) {
      const name = builder.name();
      builder.lines.push(`${name} = ${call(builder.v, x)}`);
      pair(builder, name, x.dims, scaleOf?.(builder.v, x) ?? x.scale * (0.6 + builder.v.uniform()));
    },
  };
}

/** Operators that move elements. */
const copies: readonly (Pick<NetworkStep, 'opType' | 'fits'> & {
  call(builder: Builder, x: Activation, name: string): string;
  dims(x: Activation): number[];
})[] = [
  {
    opType: 'Reshape',
    fits: image,
    call({ constants }, { name: x, dims }, name) {
      constants.push(`int64[3] ${name}t = {${[dims[0], dims[1], dims[2]! * dims[3]!]}}`);
      return `Reshape (${x}, ${name}t)`;
    },
    dims: ({ dims }) => [dims[0]!, dims[1]!, dims[2]! * dims[3]!],
  },
  {
    opType: 'Slice',
    fits: ({ dims }) => dims.at(-1)! > 2,
    call({ constants }, { name: x, dims }, name) {
      constants.push(
        `int64[1] ${name}b = {1}`,
        `int64[1] ${name}e = {${dims.at(-1)! - 1}}`,
        `int64[1] ${name}a = {${dims.length - 1}}`,
      );
      return `Slice (${x}, ${name}b, ${name}e, ${name}a)`;
    },
    dims: ({ dims }) => dims.with(-1, dims.at(-1)! - 2),
  },
  {
    opType: 'Unsqueeze',
    fits: ({ dims }) => dims.length === 3,
    call({ constants }, { name: x }, name) {
      constants.push(`int64[1] ${name}a = {3}`);
      return `Unsqueeze (${x}, ${name}a)`;
    },
    dims: ({ dims }) => [...dims, 1],
  },
  {
    opType: 'DepthToSpace',
    fits: ({ dims }) => dims.length === 4 && dims[1]! % 4 === 0,
    call: (_, { name }) => `DepthToSpace <blocksize = 2> (${name})`,
    dims: ({ dims }) => [dims[0]!, dims[1]! / 4, 2 * dims[2]!, 2 * dims[3]!],
  },
];

/** The last two axes swapped. */
function transposed(builder: Builder, x: Activation): Activation {
  const name = builder.name();
  const order = x.dims.map((_, axis) => axis);
  const [last, before] = [order.length - 1, order.length - 2];
  builder.lines.push(`${name} = Transpose <perm = [${order.with(-1, before).with(-2, last)}]> (${x.name})`);
  const dims = x.dims.with(-1, x.dims[before]!).with(-2, x.dims[last]!);
  return pair(builder, name, dims, x.scale, x.zero, x.type);
}

const steps: readonly NetworkStep[] = [
  ...[0, 1, 2].map(
    (): NetworkStep => ({
      opType: 'Conv',
      fits: image,
      add(builder, x) {
        const { v } = builder;
        const channels = x.dims[1]!;
        const depthwise = v.chance(0.25);
        const filters = depthwise ? channels : v.pick([2, 3, 4, 8]);
        const kernel = v.pick([1, 1, 2, 3].filter((k) => k <= Math.min(x.dims[2]!, x.dims[3]!)));
        const padding = v.below(Math.min(kernel, 2));
        const stride = v.pick([1, 1, 2]);
        const inner = depthwise ? 1 : channels;
        const w = weights(builder, [filters, inner, kernel, kernel], 0);
        const b = v.chance(0.7) ? `, ${bias(builder, filters, x, w.scales)}` : '';
        const name = builder.name();
        const length = (d: number) => Math.floor((d + 2 * padding - kernel) / stride) + 1;
        const pads = new Array(4).fill(padding);
        builder.lines.push(
          `${name} = Conv <group = ${depthwise ? channels : 1}, kernel_shape = [${kernel}, ${kernel}], pads = [${pads}], strides = [${stride}, ${stride}]> (${x.name}, ${w.name}${b})`,
        );
        const dims = [1, filters, length(x.dims[2]!), length(x.dims[3]!)];
        pair(builder, activated(builder, name), dims, sumScale(v, x, w.scales, inner * kernel * kernel));
      },
    }),
  ),
  ...['Add', 'Mul'].map(
    (opType): NetworkStep => ({
      opType,
      fits: always,
      add(builder, x) {
        const { v, made } = builder;
        const same = made.filter(({ dims }) => String(dims) === String(x.dims));
        const other = v.pick(same);
        const name = builder.name();
        builder.lines.push(`${name} = ${opType} (${x.name}, ${other.name})`);
        const scale = opType === 'Add' ? x.scale + other.scale : x.scale * other.scale * 60;
        pair(builder, activated(builder, name), x.dims, scale * (0.3 + v.uniform()));
      },
    }),
  ),
  {
    opType: 'Concat',
    fits: image,
    add(builder, x) {
      const { v, made } = builder;
      const other = v.pick(made.filter(({ dims }) => String(dims.with(1, 0)) === String(x.dims.with(1, 0))));
      const name = builder.name();
      builder.lines.push(`${name} = Concat <axis = 1> (${x.name}, ${other.name})`);
      const dims = x.dims.with(1, x.dims[1]! + other.dims[1]!);
      pair(builder, name, dims, Math.max(x.scale, other.scale) * (0.6 + v.uniform()));
    },
  },
  ...['MaxPool', 'AveragePool'].map(
    (opType): NetworkStep => ({
      opType,
      fits: ({ dims }) => dims.length === 4 && dims[2]! > 1 && dims[3]! > 1,
      add(builder, x) {
        const { v } = builder;
        const stride = v.pick([1, 2]);
        const name = builder.name();
        builder.lines.push(
          `${name} = ${opType} <kernel_shape = [2, 2], strides = [${stride}, ${stride}]> (${x.name})`,
        );
        const length = (d: number) => Math.floor((d - 2) / stride) + 1;
        const dims = [1, x.dims[1]!, length(x.dims[2]!), length(x.dims[3]!)];
        const keeps = opType === 'MaxPool' && v.chance(0.7);
        pair(
          builder,
          name,
          dims,
          keeps ? x.scale : x.scale * (0.5 + v.uniform()),
          keeps ? x.zero : undefined,
          x.type,
        );
      },
    }),
  ),
  {
    opType: 'GlobalAveragePool',
    fits: image,
    add(builder, x) {
      const name = builder.name();
      builder.lines.push(`${name} = GlobalAveragePool (${x.name})`);
      pair(builder, name, [1, x.dims[1]!, 1, 1], x.scale * (0.3 + builder.v.uniform()));
    },
  },
  {
    opType: 'Flatten and Gemm',
    fits: always,
    add(builder, x) {
      const { v } = builder;
      const [depth, width] = [product(x.dims), v.whole(2, 6)];
      let flat = x;
      if (x.dims.length !== 2) {
        const name = builder.name();
        builder.lines.push(`${name} = Flatten (${x.name})`);
        flat = pair(builder, name, [1, depth], x.scale, x.zero, x.type);
      }
      const transposed = v.below(2);
      const w = weights(builder, transposed ? [width, depth] : [depth, width], transposed ? 0 : 1);
      const name = builder.name();
      if (v.chance(0.5) || transposed === 1) {
        const b = v.chance(0.8) ? `, ${bias(builder, width, flat, w.scales)}` : '';
        builder.lines.push(`${name} = Gemm <transB = ${transposed}> (${flat.name}, ${w.name}${b})`);
      } else builder.lines.push(`${name} = MatMul (${flat.name}, ${w.name})`);
      pair(builder, activated(builder, name), [1, width], sumScale(v, flat, w.scales, depth));
    },
  },
  {
    opType: 'Transpose',
    fits: image,
    add(builder, x) {
      const name = builder.name();
      builder.lines.push(`${name} = Transpose <perm = [0, 1, 3, 2]> (${x.name})`);
      pair(builder, name, [1, x.dims[1]!, x.dims[3]!, x.dims[2]!], x.scale, x.zero, x.type);
    },
  },
  {
    opType: 'product of two',
    fits: ({ dims }) => dims.length > 1,
    add(builder, x) {
      const { v, made } = builder;
      const fits = ({ dims }: Activation) =>
        String(dims.slice(0, -2)) === String(x.dims.slice(0, -2)) && dims.at(-2) === x.dims.at(-1);
      const other = made.find(fits) ?? transposed(builder, x);
      const name = builder.name();
      builder.lines.push(`${name} = MatMul (${x.name}, ${other.name})`);
      const dims = x.dims.with(-1, other.dims.at(-1)!);
      const scale = x.scale * other.scale * 40 * Math.sqrt(x.dims.at(-1)!);
      pair(builder, name, dims, scale * (0.3 + v.uniform()));
    },
  },
  {
    opType: 'Where',
    fits: always,
    add(builder, x) {
      const { v, made, constants, lines } = builder;
      const other = v.pick(made.filter(({ dims }) => String(dims) === String(x.dims)));
      const name = builder.name();
      constants.push(
        `bool[${x.dims}] ${name}c = {${Array.from({ length: product(x.dims) }, () => v.below(2))}}`,
      );
      lines.push(`${name} = Where (${name}c, ${x.name}, ${other.name})`);
      pair(builder, name, x.dims, Math.max(x.scale, other.scale) * (0.7 + 0.5 * v.uniform()));
    },
  },
  ...copies.map(
    ({ opType, fits, call, dims }): NetworkStep => ({
      opType,
      fits,
      add(builder, x) {
        const name = builder.name();
        builder.lines.push(`${name} = ${call(builder, x, name)}`);
        const same = builder.v.chance(0.8);
        const to = dims(x);
        if (same) pair(builder, name, to, x.scale, x.zero, x.type);
        else pair(builder, name, to, x.scale * 1.3);
      },
    }),
  ),
  {
    opType: 'Split',
    fits: ({ dims }) => dims.length === 4 && dims[1]! % 2 === 0,
    add(builder, x) {
      const [a, b] = [builder.name(), builder.name()];
      builder.lines.push(
        `${a}, ${b} = Split <axis = 1${builder.opset >= 18 ? ', num_outputs = 2' : ''}> (${x.name})`,
      );
      const dims = x.dims.with(1, x.dims[1]! / 2);
      pair(builder, a, dims, x.scale, x.zero, x.type);
      if (builder.v.chance(0.7)) pair(builder, b, dims, x.scale, x.zero, x.type);
    },
  },
  {
    opType: 'Clip',
    fits: always,
    add(builder, x) {
      const name = builder.name();
      const [low, high] = builder.v.pick([
        [0, 6],
        [0, 1],
        [-1, 1],
      ]) as [number, number];
      builder.constants.push(`float ${name}l = {${low}}`, `float ${name}h = {${high}}`);
      builder.lines.push(`${name} = Clip (${x.name}, ${name}l, ${name}h)`);
      pair(builder, name, x.dims, ((high - low) / 255) * builder.v.pick([1, 0.7, 1.3]));
    },
  },
  {
    ...single(
      'Softmax',
      (_, { name }) => `Softmax <axis = -1> (${name})`,
      () => 1 / 256,
    ),
    // Of a single element the engine's QLinearSoftmax loses the probability of 1: see the known differences.
    fits: ({ dims }) => dims.at(-1)! > 1,
  },
  single('Relu', (_, { name }) => `Relu (${name})`),
  single('LeakyRelu', (v, { name }) => `LeakyRelu <alpha = ${v.pick([0.01, 0.125, 0.3])}> (${name})`),
  single(
    'Sigmoid',
    (_, { name }) => `Sigmoid (${name})`,
    () => 1 / 256,
  ),
];
