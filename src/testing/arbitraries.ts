import fc from 'fast-check';
import {
  type DataType,
  elementCount,
  findDataType,
  integerRange,
  type Model,
  type Tensor,
  tensor,
} from '../ir/index.ts';
import { parseModel } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';

/** Shapes of at most `maxRank` dimensions and `maxLength` elements along each; empty ones included. */
export function shapes({ maxRank = 4, maxLength = 5 } = {}): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 0, max: maxLength }), { maxLength: maxRank });
}

/**
 * Tensors of an element type. Floats are finite and lean to the values that break rounding: halves, both zeros, large
 * and tiny ones; integers lean to the ends of their range.
 *
 * @throws ModelError `no-arbitrary` for strings and complex numbers
 */
export function tensors<D extends DataType>(dtype: D, dims: readonly number[]): fc.Arbitrary<Tensor<D>> {
  const count = elementCount(dims);
  return fc
    .array(elements(dtype), { minLength: count, maxLength: count })
    .map((values) => tensor(dtype, dims, values));
}

function elements(dtype: DataType): fc.Arbitrary<number | bigint> {
  const kind = findDataType(dtype)?.kind;
  if (kind === 'bool') return fc.nat(1);
  if (dtype === 'int64') return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  if (dtype === 'uint64') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  if (kind === 'signed' || kind === 'unsigned') return fc.integer(integerRange(dtype)!);
  if (kind !== 'float') throw new ModelError('no-arbitrary', `There are no arbitrary tensors of ${dtype}.`);
  return fc.oneof(
    fc.integer({ min: -600, max: 600 }).map((halves) => halves / 2),
    fc.float({ min: -1000, max: 1000, noNaN: true }),
    fc.constantFrom(0, -0, 2 ** -149, -(2 ** -126), 3e4, -3e4),
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
