import { ModelError } from '../../support/errors.ts';
import { allocateDoubles, allocateNumbers, isLasting, makeArray, type NdArray, numbersOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { multiplyWithPairs, pairColumns } from '../float/matmul.ts';
import { summationOf } from '../float/sums.ts';
import { packedOnce } from '../integer/cache.ts';
import { kernel } from '../kernel.ts';
import { matMulShape } from '../matmul.ts';
import { saturate } from '../quantize.ts';

/**
 * A·Bᵀ where B [N, K] is stored in blocks along K: codes of 2, 4 or 8 bits, low bits first, a scale for each block, and a
 * zero point (packed as the codes are, or of A's type), the middle of the codes where it is absent.
 *
 * With `accuracy_level` 4, A is quantized too, to int8 with a scale for each block: its largest magnitude is 127.
 */
export const matMulNBits = kernel<string>('MatMulNBits', {
  domain: 'com.microsoft',
  versions: [1],
  types: 'T, uint8, T, Z, int32, T -> T',
  where: { T: floats, Z: [...floats, 'uint8'] },
  check({ node }) {
    if ((node.inputs[4] ?? '') !== '')
      throw new ModelError('unsupported-attribute', 'MatMulNBits is run without g_idx only.');
  },
  run({ attributes, inputs: [a, b, scales, zeros, , bias], conventions }) {
    const [depth, columns] = [attributes['K'] as number, attributes['N'] as number];
    const bits = (attributes['bits'] as number | undefined) ?? 4;
    const size = attributes['block_size'] as number;
    if (![2, 4, 8].includes(bits) || !(size > 0) || a!.dims.at(-1) !== depth)
      throw new ModelError(
        'shape-mismatch',
        `[${a!.dims}] cannot be multiplied with ${bits} bits in blocks of ${size}, K ${depth}.`,
      );
    const packing = { depth, columns, bits, size };
    const pack = () => pairColumns(unpack(b!, scales!, zeros, packing), 0, depth, columns);
    const constant = isLasting(scales!.data) && (zeros === undefined || isLasting(zeros.data));
    const pairs = constant ? packedOnce(b!.data, Object.values(packing).join(), pack) : pack();
    const shape = matMulShape(a!.dims, [depth, columns]);
    const rows = attributes['accuracy_level'] === 4 ? rowsOfCodes(a!, depth, size) : a!;
    const product = multiplyWithPairs(rows, shape, summationOf(a!.dtype, conventions.sums), () => pairs);
    if (bias === undefined) return product;
    const products = numbersOf(product);
    const target = allocateNumbers(a!.dtype, shape.dims);
    const offsets = numbersOf(bias);
    for (let i = 0; i < target.length; i++) target[i] = products[i]! + offsets[i % columns]!;
    return makeArray(a!.dtype, shape.dims, target);
  },
});

/** A as the int8 codes of its blocks, dequantized. */
function rowsOfCodes(a: NdArray, depth: number, size: number): NdArray {
  const { fround } = Math;
  const source = numbersOf(a);
  const target = allocateNumbers(a.dtype, a.dims, 'overwritten');
  for (let row = 0; row < source.length; row += depth) {
    for (let start = row; start < row + depth; start += size) {
      const end = Math.min(start + size, row + depth);
      let largest = 0;
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(source[i]!));
      const [step, inverse] = [fround(largest / 127), largest === 0 ? 0 : fround(127 / largest)];
      for (let i = start; i < end; i++)
        target[i] = saturate(fround(source[i]! * inverse), 0, -128, 127) * step;
    }
  }
  return makeArray(a.dtype, a.dims, target);
}

interface Packing {
  readonly depth: number;
  readonly columns: number;
  readonly bits: number;
  readonly size: number;
}

/** The weights [K, N] as real numbers, rounded to float32. */
function unpack(b: NdArray, scales: NdArray, zeros: NdArray | undefined, packing: Packing): Float64Array {
  const { depth, columns, bits, size } = packing;
  const blocks = Math.ceil(depth / size);
  const perByte = 8 / bits;
  const blockBytes = Math.ceil(size / perByte);
  const zeroBytes = Math.ceil(blocks / perByte);
  if (b.data.length !== columns * blocks * blockBytes || scales.data.length !== columns * blocks)
    throw new ModelError(
      'shape-mismatch',
      `B [${b.dims}] and scales [${scales.dims}] are not ${columns} × ${blocks} blocks.`,
    );
  const codes = numbersOf(b);
  const steps = numbersOf(scales);
  const middles = zeros && numbersOf(zeros);
  const codeAt = (data: ArrayLike<number>, start: number, index: number) =>
    (data[start + Math.floor(index / perByte)]! >>> ((index % perByte) * bits)) & (2 ** bits - 1);
  const target = allocateDoubles(depth * columns);
  for (let n = 0; n < columns; n++) {
    for (let k = 0; k < depth; k++) {
      const block = Math.floor(k / size);
      const at = n * blocks + block;
      const middle =
        middles === undefined
          ? 2 ** (bits - 1)
          : zeros!.dtype === 'uint8'
            ? codeAt(middles, n * zeroBytes, block)
            : middles[at]!;
      target[k * columns + n] = Math.fround((codeAt(codes, at * blockBytes, k % size) - middle) * steps[at]!);
    }
  }
  return target;
}
