import fc from 'fast-check';
import {
  type DataType,
  elementCount,
  findDataType,
  integerRange,
  type Model,
  Tensor,
  type TensorData,
  tensor,
} from '../ir/index.ts';
import { parseModel } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { simplerTensors } from './smaller/elements.ts';

/** Shapes of at most `maxRank` dimensions and `maxLength` elements along each; empty ones included. */
export function shapes({ maxRank = 4, maxLength = 5 } = {}): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 0, max: maxLength }), { maxLength: maxRank });
}

/**
 * Tensors of an element type, any there is. Floats are finite and lean to the values that break rounding: halves, both
 * zeros, powers of two, denormals, the ends of the type; integers lean to zero and the ends of their range; strings are
 * short, and now and then not ASCII. The elements of a tensor are often all the same, or some of them are. They shrink
 * to zeros, to `false`, to empty strings.
 *
 * @throws ModelError `no-arbitrary` for types nothing is known about
 */
export function tensors<D extends DataType>(dtype: D, dims: readonly number[]): fc.Arbitrary<Tensor<D>> {
  const count = elementCount(dims) * (findDataType(dtype)?.kind === 'complex' ? 2 : 1);
  return new Tensors(dtype, dims, count, elements(dtype));
}

class Tensors<D extends DataType> extends fc.Arbitrary<Tensor<D>> {
  readonly #dtype: D;
  readonly #dims: readonly number[];
  readonly #count: number;
  readonly #element: fc.Arbitrary<number | bigint | string>;

  constructor(
    dtype: D,
    dims: readonly number[],
    count: number,
    element: fc.Arbitrary<number | bigint | string>,
  ) {
    super();
    this.#dtype = dtype;
    this.#dims = dims;
    this.#count = count;
    this.#element = element;
  }

  generate(random: fc.Random, bias: number | undefined): fc.Value<Tensor<D>> {
    const values: (number | bigint | string)[] = [];
    // One number throughout, a few of them over and over, or each for itself.
    const repeats = [0, 0, 1, 3][random.nextInt(0, 3)]!;
    for (let i = 0; i < this.#count; i++) {
      const isOld = i > 0 && random.nextInt(0, 3) < repeats + (repeats === 3 ? 1 : 0);
      values.push(isOld ? values[random.nextInt(0, i - 1)]! : this.#element.generate(random, bias).value);
    }
    return new fc.Value(tensor(this.#dtype, this.#dims, values as TensorData), undefined);
  }

  canShrinkWithoutContext(value: unknown): value is Tensor<D> {
    return value instanceof Tensor && value.dtype === this.#dtype;
  }

  shrink(value: Tensor<D>): fc.Stream<fc.Value<Tensor<D>>> {
    return fc.stream(valuesOf(simplerTensors(value) as Iterable<Tensor<D>>));
  }
}

function* valuesOf<T>(values: Iterable<T>): IterableIterator<fc.Value<T>> {
  for (const value of values) yield new fc.Value(value, undefined);
}

function elements(dtype: DataType): fc.Arbitrary<number | bigint | string> {
  const info = findDataType(dtype);
  if (info === undefined) throw new ModelError('no-arbitrary', `There are no arbitrary tensors of ${dtype}.`);
  if (info.kind === 'string')
    return fc.oneof(
      fc.constantFrom('', 'a', 'b', 'ab', '0', 'ö', '\u{1f642}'),
      fc.string({ maxLength: 4, unit: 'grapheme' }),
    );
  if (info.kind === 'bool') return fc.nat(1);
  if (info.bits === 64 && (info.kind === 'signed' || info.kind === 'unsigned')) {
    const [min, max] = info.kind === 'signed' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
    return fc.oneof(
      fc.constantFrom(0n, 1n, min, max),
      fc.bigInt({ min: info.kind === 'signed' ? -9n : 0n, max: 9n }),
      fc.bigInt({ min, max }),
    );
  }
  if (info.kind === 'signed' || info.kind === 'unsigned') {
    const range = integerRange(dtype)!;
    const { min, max } = range;
    return fc.oneof(fc.constantFrom(0, 1, min, max, Math.max(min, -1)), fc.integer(range));
  }
  return floats(dtype);
}

/** Exponents of the least and the largest power of two that a float holds; those of complex numbers are of their parts. */
const exponents: ReadonlyMap<DataType, readonly [number, number]> = new Map([
  ['float64', [-1074, 1023]],
  ['complex128', [-1074, 1023]],
  ['float16', [-24, 15]],
  ['float8e4m3fn', [-9, 8]],
  ['float8e4m3fnuz', [-10, 7]],
  ['float8e5m2', [-16, 15]],
  ['float8e5m2fnuz', [-17, 15]],
  ['float8e8m0', [-127, 127]],
  ['float4e2m1', [-1, 2]],
]);

function floats(dtype: DataType): fc.Arbitrary<number> {
  const [least, largest] = exponents.get(dtype) ?? [-133, 127];
  const power = fc.integer({ min: least, max: largest }).map((exponent) => 2 ** exponent);
  // Powers of two and nothing else: no sign, no zero.
  if (dtype === 'float8e8m0') return power;
  const bound = 2 ** largest;
  const clamp = (value: number) => Math.max(-bound, Math.min(bound, value));
  const signed = fc.tuple(power, fc.boolean()).map(([value, isNegative]) => (isNegative ? -value : value));
  return fc.oneof(
    fc.integer({ min: -600, max: 600 }).map((halves) => clamp(halves / 2)),
    fc.float({ min: -1000, max: 1000, noNaN: true }).map(clamp),
    fc.constantFrom(0, -0, 1, -1, bound, -bound, 2 ** least, -(2 ** least)),
    signed,
  );
}

interface Step {
  readonly kind: (typeof kinds)[number];
  readonly from: number;
  readonly other: number;
  readonly grid: Grid;
}

interface Grid {
  readonly scale: number;
  readonly dtype: 'int8' | 'uint8';
  readonly zero: number;
}

const kinds = [
  'quantize',
  'quantize',
  'quantize',
  'relu',
  'pad',
  'max-pool',
  'transpose',
  'concat',
  'add',
  'identity',
  'conv',
  'conv',
  'batch-norm',
] as const;

const grids: fc.Arbitrary<Grid> = fc
  .record({
    eighths: fc.integer({ min: 1, max: 24 }),
    unsigned: fc.boolean(),
    zero: fc.constantFrom(0, 0, 3),
  })
  .map(({ eighths, unsigned, zero }) => ({
    scale: eighths / 8,
    dtype: unsigned ? 'uint8' : 'int8',
    zero: unsigned ? 128 : zero,
  }));

/**
 * Small quantized networks as exporters write them: convolutions with quantized weights, batch norms, pads, pools,
 * concats and Q/DQ pairs in no particular place. One input `x` of float[1,2,4,4]; every value nobody reads is an output.
 * Scales are eighths, so that rounding ties are common.
 */
export function qdqModels({ maxNodes = 12 } = {}): fc.Arbitrary<Model> {
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom(...kinds),
    from: fc.nat({ max: 1000 }),
    other: fc.nat({ max: 1000 }),
    grid: grids,
  });
  return fc.array(step, { minLength: 1, maxLength: maxNodes }).map((steps) => parseModel(textOf(steps)));
}

function textOf(steps: readonly Step[]): string {
  const values = [{ name: 'x', channels: 2 }];
  const read = new Set<string>();
  const lines: string[] = [];
  const constants: string[] = [];
  steps.forEach(({ kind, from, other, grid }, i) => {
    // Mostly the newest value, so that chains come about.
    const source = values[from % 3 === 0 ? from % values.length : values.length - 1]!;
    const partner = values[other % values.length]!;
    const [x, y, c] = [source.name, `v${i}`, source.channels];
    const list = (value: (k: number) => number) => Array.from({ length: c }, (_, k) => value(k)).join(', ');
    read.add(x);
    values.push({ name: y, channels: kind === 'concat' ? c + partner.channels : c });
    if (kind === 'quantize') {
      constants.push(`float ${y}_s = {${grid.scale}}`, `${grid.dtype} ${y}_z = {${grid.zero}}`);
      lines.push(
        `${y}_q = QuantizeLinear (${x}, ${y}_s, ${y}_z)`,
        `${y} = DequantizeLinear (${y}_q, ${y}_s, ${y}_z)`,
      );
    } else if (kind === 'pad') {
      constants.push(`int64[8] ${y}_p = {0, 0, 1, 1, 0, 0, -1, -1}`);
      lines.push(`${y} = Pad (${x}, ${y}_p)`);
    } else if (kind === 'max-pool') {
      lines.push(`${y} = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (${x})`);
    } else if (kind === 'transpose') {
      lines.push(`${y} = Transpose <perm = [0, 1, 3, 2]> (${x})`);
    } else if (kind === 'concat') {
      read.add(partner.name);
      lines.push(`${y} = Concat <axis = 1> (${x}, ${partner.name})`);
    } else if (kind === 'add' && partner.channels === c) {
      read.add(partner.name);
      lines.push(`${y} = Add (${x}, ${partner.name})`);
    } else if (kind === 'conv') {
      const weight = list((k) => ((other + 37 * k) % 255) - 127);
      constants.push(
        `int8[${c}, 1, 1, 1] ${y}_w = {${weight}}`,
        `float[${c}] ${y}_s = {${list((k) => (k + 1) / 64)}}`,
      );
      constants.push(`int8[${c}] ${y}_z = {${list(() => 0)}}`);
      lines.push(`${y}_d = DequantizeLinear <axis = 0> (${y}_w, ${y}_s, ${y}_z)`);
      lines.push(`${y} = Conv <group = ${c}> (${x}, ${y}_d)`);
    } else if (kind === 'batch-norm') {
      const parts = ['gain', 'bias', 'mean', 'variance'].map((part) => `${y}_${part}`);
      parts.forEach((part, j) => {
        constants.push(
          `float[${c}] ${part} = {${list((k) => [1.5, -0.25, 0.5, 2][j]! + ((other + k) % 3) / 4)}}`,
        );
      });
      lines.push(`${y} = BatchNormalization (${[x, ...parts].join(', ')})`);
    } else {
      lines.push(`${y} = ${kind === 'relu' ? 'Relu' : 'Identity'} (${x})`);
    }
  });
  const outputs = values.filter(({ name }) => !read.has(name));
  const ports = outputs.map(({ name, channels }) => `float[1, ${channels}, 4, 4] ${name}`);
  return `<ir_version: 8, opset_import: ["" : 17]>
    main (float[1, 2, 4, 4] x) => (${ports.join(', ')}) <${constants.join(', ')}> { ${lines.join('\n')} }`;
}
