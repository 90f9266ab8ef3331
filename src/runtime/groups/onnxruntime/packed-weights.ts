import { bytesOf, type DataType, type Node, type Tensor, tensor, valuesOf } from '../../../ir/index.ts';
import { floatAttribute, intAttribute, makeAttribute } from '../../../ops/index.ts';
import { makeNode, type WorkGraph } from '../work-graph.ts';
import type { Candidate } from './candidate.ts';
import type { Condition } from './conditions.ts';

/** Weights of a matrix product that alone are dequantized, in blocks along the rows they are summed over. */
export const packableWeights: Condition = {
  says: 'the weights alone are dequantized: constants of 2, 4 or 8 bits, scaled as a whole, by column, or in blocks along axis 0, and nobody else reads their scales',
  fails({ graph, node, sources, dequantizers, quantizers }) {
    const [, pair, bias] = sources;
    if (pair === undefined) return 'its second input is not dequantized';
    if (dequantizers.length !== (bias === undefined ? 1 : 2)) return 'more than its weights is dequantized';
    if (quantizers.length > 0) return 'its output is quantized';
    if (graph.onlyReader(pair.outputs[0]!) === undefined) return 'its weights have other readers';
    const weights = graph.constant(pair.inputs[0]);
    const scale = graph.constant(pair.inputs[1]);
    const zero = graph.constant(pair.inputs[2]);
    if (weights?.dims.length !== 2 || scale === undefined) return 'its weights are no constant matrix';
    if ((pair.inputs[2] ?? '') !== '' && zero === undefined)
      return 'the zero points of its weights are no constants';
    if (!bitsOf.has(weights.dtype)) return `its weights are ${weights.dtype}`;
    if (scale.dtype !== 'float32' && scale.dtype !== 'float16')
      return `the scales of its weights are ${scale.dtype}`;
    if (isShared(graph, pair.inputs[1]!, scale)) return 'the scales of its weights have other readers';
    if (node.opType === 'Gemm' && !isMatMul(node)) return 'its attributes make it more than a matrix product';
    return (
      !fits(pair, weights, scale) && 'its weights are neither in blocks along axis 0 nor scaled by column'
    );
  },
};

const bitsOf: ReadonlyMap<DataType, number> = new Map([
  ['int2', 2],
  ['uint2', 2],
  ['int4', 4],
  ['uint4', 4],
  ['int8', 8],
  ['uint8', 8],
]);

/** Constants of up to so many elements ONNX Runtime stores once where they are equal. */
const storedOnce = 8;

/** Whether a constant, or one that is equal and small enough to be stored with it, is read elsewhere. */
function isShared(graph: WorkGraph, name: string, constant: Tensor): boolean {
  if (graph.readers(name).length > 1) return true;
  if (constant.size > storedOnce) return false;
  const bytes = String(bytesOf(constant));
  return graph.readNames().some((other) => {
    const tensor = other === name ? undefined : graph.constant(other);
    return (
      tensor?.dtype === constant.dtype &&
      String(tensor.dims) === String(constant.dims) &&
      String(bytesOf(tensor)) === bytes
    );
  });
}

/** Whether scales are for the tensor, for each column, or for blocks of rows of a power of two of at least 16. */
function fits(pair: Node, { dims: [rows, columns] }: Tensor, scale: Tensor): boolean {
  const size = intAttribute(pair, 'block_size', 0);
  if (size === 0) {
    const byColumn = scale.dims.length === 1 && scale.size === columns && intAttribute(pair, 'axis', 1) === 1;
    return scale.dims.length === 0 || byColumn;
  }
  if (intAttribute(pair, 'axis', 1) !== 0 || size < 16 || (size & (size - 1)) !== 0) return false;
  return scale.dims.length === 2 && scale.dims[0] === Math.ceil(rows! / size) && scale.dims[1] === columns;
}

function isMatMul(node: Node): boolean {
  return (
    floatAttribute(node, 'alpha', 1) === 1 &&
    intAttribute(node, 'transA', 0) === 0 &&
    intAttribute(node, 'transB', 0) === 0 &&
    ((node.inputs[2] ?? '') === '' || floatAttribute(node, 'beta', 1) === 1)
  );
}

/** Block length where scales are not for blocks. */
const wholeBlock = 32;

/** MatMulNBits: columns of weights one after another, several codes to a byte, blocks padded with the code for 0. */
export function matMulNBits({ graph, node, sources: [, pair] }: Candidate): Node {
  const [weights, scale] = [graph.constant(pair!.inputs[0])!, graph.constant(pair!.inputs[1])!];
  const [depth, columns] = weights.dims as [number, number];
  const bits = bitsOf.get(weights.dtype)!;
  const middle = 2 ** (bits - 1);
  const shift = weights.dtype.startsWith('u') ? 0 : middle;
  const blockSize = intAttribute(pair!, 'block_size', 0);
  const size = blockSize || wholeBlock;
  const blocks = Math.ceil(depth / size);
  const zero =
    graph.constant(pair!.inputs[2]) ??
    (shift === 0 ? tensor(weights.dtype, scale.dims, zerosFor(scale)) : undefined);
  const spread = (values: Tensor, block: number, n: number) =>
    Number(valuesOf(values)[blockSize > 0 ? block * columns + n : values.size === 1 ? 0 : n]);
  const code = (k: number, n: number) =>
    k < depth ? Number(valuesOf(weights)[k * columns + n]) + shift : middle;
  const name = pair!.inputs[0]!;
  const inputs = [
    node.inputs[0]!,
    graph.store(
      `${name}_packed`,
      tensor('uint8', [columns, blocks, (size * bits) / 8], packCodes(blocks * size, columns, bits, code)),
    ),
    graph.store(
      `${name}_scales`,
      byColumns(scale.dtype, blocks, columns, (b, n) => spread(scale, b, n)),
    ),
    zero === undefined
      ? ''
      : graph.store(
          `${name}_zero_points`,
          packedZeros(blocks, columns, bits, (b, n) => spread(zero, b, n) + shift),
        ),
    '',
    node.inputs[2] ?? '',
  ];
  // Level 4: activations are quantized to int8, a scale for each block.
  const attributes = { K: depth, N: columns, bits, block_size: size, accuracy_level: 4 };
  const made = Object.entries(attributes).map(([key, value]) => makeAttribute(key, value));
  return makeNode('MatMulNBits', 'com.microsoft', inputs, node.outputs, made, node.name);
}

function zerosFor({ size }: Tensor): number[] {
  return new Array<number>(size).fill(0);
}

function byColumns(
  dtype: DataType,
  blocks: number,
  columns: number,
  of: (block: number, column: number) => number,
): Tensor {
  return tensor(
    dtype,
    [columns * blocks],
    Array.from({ length: columns * blocks }, (_, i) => of(i % blocks, Math.floor(i / blocks))),
  );
}

function packedZeros(
  blocks: number,
  columns: number,
  bits: number,
  of: (block: number, column: number) => number,
): Tensor {
  const codes = packCodes(blocks, columns, bits, of);
  return tensor('uint8', [codes.length], codes);
}

/** Codes by columns, low bits first; a column starts at a byte. */
function packCodes(
  rows: number,
  columns: number,
  bits: number,
  code: (row: number, column: number) => number,
): Uint8Array {
  const perByte = 8 / bits;
  const length = Math.ceil(rows / perByte);
  const bytes = new Uint8Array(columns * length);
  for (let n = 0; n < columns; n++)
    for (let k = 0; k < rows; k++)
      bytes[n * length + Math.floor(k / perByte)]! |=
        (code(k, n) & (2 ** bits - 1)) << (bits * (k % perByte));
  return bytes;
}
