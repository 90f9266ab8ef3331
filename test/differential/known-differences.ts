import { type Attribute, type DataType, type Node, type Tensor, valuesOf } from '../../src/ir/index.ts';
import { compute, versionOf } from './graph.ts';

/** One element (or, where dims or dtypes differ, one tensor) on which executor and engine disagree. */
export interface Disagreement {
  readonly node: Node;
  readonly opset: number;
  readonly inputs: readonly (Tensor | undefined)[];
  /** Undefined where the element is not the matter. */
  readonly ours: number | bigint | string | undefined;
  readonly theirs: number | bigint | string | undefined;
  readonly index: number | undefined;
  readonly dtype: DataType;
  /** The message of the side that refuses. */
  readonly refusal?: string;
}

export interface KnownDifference {
  readonly name: string;
  readonly operators: readonly string[];
  readonly side: 'specification' | 'reference';
  readonly why: string;
  readonly explains: (at: Disagreement) => boolean;
}

/** Where the executor knowingly differs from ONNX Runtime 1.30 on CPU. Each explains single elements, never an operator. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    name: 'sign of a zero that is chosen',
    operators: [
      'Relu',
      'LeakyRelu',
      'Max',
      'Min',
      'Clip',
      'Where',
      'Sign',
      'MaxPool',
      'ScatterElements',
      'ScatterND',
    ],
    side: 'specification',
    why: 'Zeros of both signs are equal, and the engine gives one or the other by the length of the tensor or its windows.',
    explains: ({ ours, theirs }) => ours === 0 && theirs === 0,
  },
  {
    name: 'fmod of 64-bit integers',
    operators: ['Mod'],
    side: 'specification',
    why: 'The engine divides in double and loses the low bits beyond 2^53; remainders of integers are exact here.',
    explains: ({ node, inputs, index }) =>
      index !== undefined &&
      node.attributes.some(({ name, value }) => name === 'fmod' && value === 1n) &&
      inputs.some((x) => isWide(x) && values(x).some((value) => value > 2n ** 53n || value < -(2n ** 53n))),
  },
  {
    name: 'dilated Col2Im over one axis or three',
    operators: ['Col2Im'],
    side: 'specification',
    why: 'The engine measures a channel by the window without its dilations and puts channels on top of each other; over two axes it does not.',
    explains: ({ node, inputs: [, image] }) =>
      image !== undefined &&
      values(image).length !== 2 &&
      node.attributes.some(
        ({ name, value }) => name === 'dilations' && (value as readonly bigint[]).some((d) => d > 1n),
      ),
  },
  {
    name: 'axis that keeps its length',
    operators: ['Resize'],
    side: 'specification',
    why: 'The engine leaves an axis alone whose length stays the same, even where tf_crop_and_resize takes another part of it, or the aspect ratio gives it another scale that is rounded.',
    explains: ({ node, inputs: [x, , , sizes] }) => {
      if (x === undefined || sizes === undefined) return false;
      const has = (...words: string[]) =>
        node.attributes.some(({ value }) => words.includes(value as string));
      const wanted = values(sizes).map(Number);
      const lengths = x.dims.slice(x.dims.length - wanted.length);
      const scales = wanted.map((size, i) => size / lengths[i]!);
      const one = has('not_larger') ? Math.min(...scales) : Math.max(...scales);
      if (has('not_larger', 'not_smaller'))
        return one !== 1 && lengths.some((length) => Math.floor(one * length + 0.5) === length);
      return has('tf_crop_and_resize') && lengths.some((length, i) => wanted[i] === length);
    },
  },
  {
    name: 'strings that Gather loses',
    operators: ['Gather'],
    side: 'specification',
    why: 'Where an index picks more than one string, the engine copies the first and leaves the others empty.',
    explains: ({ inputs: [x], theirs }) => x?.dtype === 'string' && theirs === '',
  },
  {
    name: 'INT_MAX as the end of a backward slice',
    operators: ['Slice'],
    side: 'reference',
    why: 'The engine reads INT_MAX as "to the end" in both directions; the specification clamps it and names INT_MIN for backward slices.',
    explains: ({ inputs: [, , ends, , steps], index }) =>
      index === undefined &&
      ends !== undefined &&
      steps !== undefined &&
      values(ends).some((end, i) => [2n ** 31n - 1n, 2n ** 63n - 1n].includes(end) && values(steps)[i]! < 0n),
  },
  {
    name: 'corners aligned after a fractional scale',
    operators: ['Resize'],
    side: 'reference',
    why: 'The reference and its test data divide by length · scale − 1, which need not be whole; the engine by the whole length − 1.',
    explains: ({ node, inputs: [x, , scales], index }) =>
      index !== undefined &&
      node.attributes.some(({ value }) => value === 'align_corners') &&
      scales !== undefined &&
      (scales.toTypedArray() as Float32Array).some((scale, i) => !Number.isInteger(scale * x!.dims[i]!)),
  },
  {
    name: 'quotients beyond int32',
    operators: ['QuantizeLinear'],
    side: 'specification',
    why: 'Codes saturate. In blocks, for float16 and for 4- and 2-bit codes the engine converts to int32 first, where what is out of range becomes the smallest number and wraps with the zero point.',
    explains: ({ node, inputs: [x, scale], index, dtype }) => {
      const inBlocks = node.attributes.some(({ name, value }) => name === 'block_size' && value !== 0n);
      const narrow = /int[24]$/.test(dtype);
      if (index === undefined || (x!.dtype !== 'float16' && !inBlocks && !narrow)) return false;
      const value = Math.abs((x!.toTypedArray() as Float32Array)[index]!);
      return (scale!.toTypedArray() as Float32Array).some((s) => !(value / s < 2 ** 31 - 2 ** 16));
    },
  },
  {
    name: 'float8 overflow that does not saturate',
    operators: ['Cast', 'QuantizeLinear'],
    side: 'specification',
    why: 'With saturate=0, the specification turns overflow into infinity (E5M2) or NaN; the engine gives NaN for E5M2 and the largest value for what is just above it in the others.',
    explains: ({ node, dtype, ours, theirs }) =>
      /^float8/.test(dtype) &&
      node.attributes.some(({ name, value }) => name === 'saturate' && value === 0n) &&
      !Number.isFinite(ours) &&
      (Number.isNaN(theirs) || [448, 240, 57344].includes(Math.abs(Number(theirs)))),
  },
  {
    name: 'sign of NaN',
    operators: ['Sign'],
    side: 'reference',
    why: 'The specification says nothing of NaN; the reference keeps it, the engine gives 0.',
    explains: ({ ours, theirs }) => Number.isNaN(ours) && theirs === 0,
  },
  {
    name: 'NaN in a scattered maximum',
    operators: ['ScatterElements', 'ScatterND'],
    side: 'reference',
    why: 'The specification says nothing of NaN; it wins here as in Max and Min, in the engine it depends on the side.',
    explains: ({ node, ours, theirs }) =>
      node.attributes.some(({ value }) => value === 'max' || value === 'min') &&
      (Number.isNaN(ours) || Number.isNaN(theirs)),
  },
  {
    name: '64-bit integers compared by halves',
    operators: ['Clip', 'Max', 'Min', 'Sign'],
    side: 'specification',
    why: 'The engine takes 64-bit integers whose lower half is negative as 32 bits for smaller than they are.',
    explains: ({ inputs, index }) =>
      index !== undefined &&
      inputs.some(
        (x) => isWide(x) && values(x).some((value) => BigInt.asIntN(32, value) < 0n && value >= 2n ** 31n),
      ),
  },
  {
    name: '2-bit codes by index',
    operators: ['QuantizeLinear'],
    side: 'specification',
    why: 'With a scale for each index, the engine writes 2-bit codes one by one and mixes up the bits of those that share a byte; only the last code of a byte is its own.',
    explains: ({ inputs: [, scale], index, dtype }) =>
      /int2$/.test(dtype) && scale!.size > 1 && index !== undefined && index % 4 !== 3,
  },
  {
    name: 'inferred length of a pool with ceil_mode',
    operators: ['MaxPool', 'AveragePool', 'LpPool'],
    side: 'specification',
    why: 'A last window that begins in the padding is dropped; the engine computes that, but infers one more and refuses what reads it.',
    explains: ({ node, refusal = '' }) =>
      /ShapeInferenceError|Incompatible dimensions/.test(refusal) &&
      node.attributes.some(({ name, value }) => name === 'ceil_mode' && value === 1n),
  },
  {
    name: 'one block for a whole vector',
    operators: ['QuantizeLinear', 'DequantizeLinear'],
    side: 'specification',
    why: 'A vector with a scale of one element and a block size is legal; the engine takes it for one scale per tensor and refuses the block size.',
    explains: ({ refusal = '', inputs: [x, scale] }) =>
      /block_size must be 0 for per-tensor/.test(refusal) && x!.dims.length === 1 && scale!.size === 1,
  },
  {
    name: 'exponentials times steps beyond float32',
    operators: ['QLinearSoftmax'],
    side: 'specification',
    why: "The largest exponential is the largest float32 over e^5 and the count: times more steps than that it is infinite in the engine, and its code is y's zero point, or an end of int8.",
    explains: ({ node, inputs: [x, , , scale, zero], theirs }) => {
      const steps = Math.floor(1 / Number(valuesOf(scale!)[0]));
      const attributes = new Map(node.attributes.map(({ name, value }) => [name, Number(value)]));
      const axis = ((attributes.get('axis') ?? -1) + x!.dims.length) % x!.dims.length;
      const row = x!.dims.slice(axis, attributes.get('opset')! < 13 ? undefined : axis + 1);
      const code = Number(zero === undefined ? 0 : valuesOf(zero)[0]);
      const lost = x!.dtype === 'uint8' ? code : code < 0 ? 127 : -128;
      return steps >= 148 * row.reduce((a, b) => a * b, 1) && theirs === lost;
    },
  },
  {
    name: 'averages between far apart scales',
    operators: ['QLinearGlobalAveragePool'],
    side: 'specification',
    why: "Codes saturate whatever the scales are; the engine refuses sums whose factor, x's scale over y's and the count, is 256 or more or below 2^-32.",
    explains: ({ refusal = '', inputs: [x, from, , to] }) =>
      /out of computation range/.test(refusal) &&
      from !== undefined &&
      to !== undefined &&
      x!.dims.some((_, axis) => {
        const count = x!.dims.reduce((a, b) => a * b, 1) / (x!.dims[0]! * x!.dims[axis]!);
        const factor = Number(valuesOf(from)[0]) / (Number(valuesOf(to)[0]) * count);
        return !(factor < 256 && factor >= 2 ** -32);
      }),
  },
  {
    name: 'numbers of post transforms',
    operators: ['TreeEnsemble'],
    side: 'specification',
    why: 'The engine takes 1 for the logistic function and 2 for softmax, the order of an older operator, and transforms no single score.',
    explains({ node, opset, inputs, index, dtype, theirs }) {
      const number = (name: string) => Number(node.attributes.find((one) => one.name === name)?.value ?? 0n);
      const given = number('post_transform');
      if (index === undefined || given === 0) return false;
      const taken = number('n_targets') === 1 ? 0n : given === 3 ? 3n : BigInt(3 - given);
      const attributes = node.attributes.map((one) =>
        one.name === 'post_transform' ? ({ ...one, value: taken } as Attribute) : one,
      );
      const outputs = compute({ ...node, attributes }, inputs, opset);
      if (outputs instanceof Error) return false;
      const want = Number(valuesOf(outputs[0]!)[index]);
      return Math.abs(want - Number(theirs)) <= 2 ** (dtype === 'float32' || taken !== 0n ? -20 : -48);
    },
  },
  {
    name: 'fractions among whole numbers',
    operators: ['TreeEnsemble'],
    side: 'specification',
    why: 'Where a set has a whole number that is negative or large, the engine cuts the fraction off what it looks up: -2.7 is found as -2.',
    explains({ node, inputs: [x], index }) {
      const members = node.attributes.find(({ name }) => name === 'membership_values')?.value;
      if (members === undefined || index === undefined) return false;
      const sets = [...valuesOf(members as Tensor)].map(Number).join().split('NaN');
      const found = sets
        .map((set) => set.split(',').filter(Boolean).map(Number))
        .filter((set) => set.some((value) => value < 0 || value > 31));
      const width = x!.dims[1]!;
      const targets = Number(node.attributes.find(({ name }) => name === 'n_targets')!.value);
      const row = Math.floor(index / targets) * width;
      return [...valuesOf(x!)]
        .slice(row, row + width)
        .some(
          (value) => !Number.isInteger(value) && found.some((set) => set.includes(Math.trunc(Number(value)))),
        );
    },
  },
  {
    name: 'NaN as a key of older versions',
    operators: ['LabelEncoder'],
    side: 'specification',
    why: 'Keys are compared bit by bit, so NaN is one; before version 4 the engine does not find it.',
    explains: ({ opset, inputs: [x], index }) =>
      versionOf('ai.onnx.ml', opset) < 4 && index !== undefined && Number.isNaN(valuesOf(x!)[index]),
  },
  {
    name: 'pieces of an empty string',
    operators: ['StringSplit'],
    side: 'reference',
    why: 'Split at a delimiter, an empty string is one empty piece in the reference, as in Python; the engine counts none.',
    explains: ({ inputs: [x], index, ours, theirs }) =>
      index === undefined
        ? x!.toStrings().every((text) => text === '')
        : x!.toStrings()[index] === '' && ours === 1n && theirs === 0n,
  },
  {
    name: 'NaN to be binarized',
    operators: ['Binarizer'],
    side: 'specification',
    why: 'NaN is not above a threshold; the engine refuses it.',
    explains: ({ refusal = '' }) => /Input data with index: \d+ is NaN/.test(refusal),
  },
  {
    name: 'the only point of an axis',
    operators: ['AffineGrid'],
    side: 'reference',
    why: 'With align_corners the first point is a corner and the last one, too: of a single point the specification says nothing. PyTorch, where the operator is from, puts it in the middle, the engine at -1.',
    explains: ({ node, inputs: [, size], index }) =>
      index !== undefined &&
      node.attributes.some(({ name, value }) => name === 'align_corners' && value === 1n) &&
      values(size!).slice(2).includes(1n),
  },
  {
    name: 'mask of what is not dropped',
    operators: ['Dropout'],
    side: 'reference',
    why: 'Later versions say that the mask is true where an element is kept; the engine makes it false in version 10, where nothing is dropped.',
    explains: ({ opset, ours, theirs, dtype }) =>
      opset >= 10 && opset < 12 && dtype === 'bool' && ours === 1 && theirs === 0,
  },
  {
    name: 'doubles shrunk in float32',
    operators: ['Shrink'],
    side: 'specification',
    why: 'The engine moves doubles by the bias in float32.',
    explains: ({ inputs: [x], index, dtype, ours, theirs }) =>
      dtype === 'float64' &&
      Math.abs(Number(ours) - Number(theirs)) <= 2 ** -23 * Math.abs(Number(valuesOf(x!)[index!])),
  },
  {
    name: 'negative zero of float8 as bool',
    operators: ['Cast'],
    side: 'reference',
    why: 'Zeros of both signs are false; the engine asks whether any bit is set.',
    explains: ({ inputs: [x], index, dtype, ours, theirs }) =>
      dtype === 'bool' &&
      /^float8/.test(x!.dtype) &&
      Object.is(valuesOf(x!)[index!], -0) &&
      ours === 0 &&
      theirs === 1,
  },
];

function isWide(x: Tensor | undefined): x is Tensor {
  return x?.dtype === 'int64' || x?.dtype === 'uint64';
}

function values(x: Tensor): bigint[] {
  return Array.from(x.toTypedArray() as ArrayLike<number | bigint>, BigInt);
}
