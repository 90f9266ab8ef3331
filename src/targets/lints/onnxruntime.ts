import { sameQuantization, zeroPointValues } from '../../analysis/index.ts';
import { integerRange, type Node } from '../../ir/index.ts';
import type { Chain, Edge, Network, Parameters } from '../tensorrt/network.ts';
import type { Hit, Lint } from './lint.ts';
import { isOperator, placeOf } from './subject.ts';

const onnxruntime = { severity: 'cost', targets: ['onnxruntime'] } as const;

/** Common slips that keep ONNX Runtime from fusing Q, operator and DQ into one integer kernel. */
export const onnxruntimeLints: readonly Lint[] = [
  {
    ...onnxruntime,
    id: 'O1',
    title: 'a convolution or MatMul with quantized inputs and no Q behind it',
    cost: 'it is dequantized and computed in floats: an integer kernel needs Q on its output too',
    rule: 'quantize-values',
    *find({ network, weighted }) {
      for (const { node, quantizedInput, quantizedWeight } of weighted) {
        // Gemm and MatMul may leave integers by themselves.
        if (!quantizedInput || !quantizedWeight || !isOperator(node, 'Conv')) continue;
        const reader = behind(network!, node.outputs[0]!).find(({ chain }) => chain.length === 0);
        if (reader !== undefined) yield { at: placeOf(node), message: readerInWords(reader) };
      }
    },
  },
  {
    ...onnxruntime,
    id: 'O2',
    title: 'signed activations',
    cost: 'on x86 kernels of uint8 activations are faster, and int8 ones are not fused unless asked for',
    rule: 'use-unsigned-codes',
    *find({ quantizers }) {
      for (const { isQuantize, constant, dtype, at } of quantizers)
        if (isQuantize && !constant && dtype === 'int8')
          yield { at, message: 'it quantizes an activation to int8' };
    },
  },
  {
    ...onnxruntime,
    id: 'O3',
    title: 'a Relu or Clip in front of Q that changes what is quantized',
    cost: 'it stays an operator of its own and keeps the Q from the operator in front of it',
    rule: 'drop-enforced-bounds',
    *find({ network, quantizers }) {
      for (const { node, isQuantize, zeroPoint, dtype, at } of quantizers) {
        const producer = isQuantize ? network?.view.producer(node.inputs[0] ?? '') : undefined;
        const least = dtype === undefined ? undefined : integerRange(dtype)?.min;
        if (producer === undefined || !isOperator(producer, 'Relu') || zeroPoint === undefined) continue;
        const zero = zeroPointValues({ zeroPoint })![0];
        if (zero !== least)
          yield { at, message: `Relu ${placeOf(producer)} is in front of it, and its zero point is ${zero}` };
      }
    },
  },
  {
    ...onnxruntime,
    id: 'O4',
    title: 'an operator that copies between quantizers that differ',
    cost: 'it runs on floats: codes are copied only where scale, zero point and type are the same',
    rule: 'unify-scales',
    *find({ network }) {
      for (const node of network?.nodes ?? []) {
        if (!isOperator(node, ...copies)) continue;
        const [before] = network!.edgesOf(node);
        for (const { chain } of network!.readersOf(node.outputs[0]!)) {
          if (before === undefined || chain.length === 0 || before.chain.length === 0) continue;
          if (sameParameters(before.chain, chain)) continue;
          yield {
            at: placeOf(node),
            message: `${node.opType} has another quantizer behind it than in front of it`,
          };
          break;
        }
      }
    },
  },
  {
    ...onnxruntime,
    id: 'O5',
    title: 'a batch norm behind a quantized convolution',
    cost: 'both run in floats: an integer convolution is followed by Q at once',
    rule: 'fold-batch-norm-into-quantized-conv',
    *find({ network, weighted }) {
      for (const { node, quantizedWeight } of weighted) {
        const [reader] = network!.readersOf(node.outputs[0]!);
        if (quantizedWeight && reader?.node !== undefined && isOperator(reader.node, 'BatchNormalization'))
          yield { at: placeOf(reader.node), message: `it reads ${node.opType} ${placeOf(node)}` };
      }
    },
  },
  {
    ...onnxruntime,
    id: 'O6',
    title: 'an operator with quantizers on some of its inputs, or only in front of it',
    cost: 'it runs in floats: an integer kernel needs DQ on every input and Q on the output',
    rule: 'quantize-values',
    *find({ network }) {
      for (const node of network?.nodes ?? [])
        if (isOperator(node, ...quantizable)) yield* halfQuantized(network!, node);
    },
  },
];

const copies = [
  'Expand',
  'Flatten',
  'Gather',
  'MaxPool',
  'Reshape',
  'Resize',
  'Slice',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
];

const quantizable = [
  'Add',
  'Mul',
  'Concat',
  'AveragePool',
  'GlobalAveragePool',
  'Sigmoid',
  'LeakyRelu',
  'Softmax',
];

function* halfQuantized(network: Network, node: Node): Iterable<Hit> {
  const inputs = network.edgesOf(node).filter(({ constant }) => !constant);
  const quantized = inputs.filter(({ chain }) => chain.length > 0).length;
  const readers = behind(network, node.outputs[0]!);
  const output = readers.length > 0 && readers.every(({ chain }) => chain.length > 0);
  if (quantized === 0 || (quantized === inputs.length && output)) return;
  const missing = output ? '' : ', and no Q behind it';
  yield {
    at: placeOf(node),
    message: `${quantized} of ${inputs.length} inputs of ${node.opType} are quantized${missing}`,
  };
}

/** Readers of a value, those of a Relu or Clip that alone reads it in its place. */
function behind(network: Network, value: string): readonly Edge[] {
  const readers = network.readersOf(value);
  const [only] = readers;
  const isBound = readers.length === 1 && only!.chain.length === 0 && only!.node !== undefined;
  return isBound && isOperator(only!.node!, 'Relu', 'Clip')
    ? network.readersOf(only!.node!.outputs[0]!)
    : readers;
}

function readerInWords({ node }: Edge): string {
  return node === undefined ? 'it makes a graph output' : `${node.opType} ${placeOf(node)} reads its floats`;
}

function sameParameters(before: Chain, behind: Chain): boolean {
  const [a, b] = [before.at(-1) as Parameters, behind[0] as Parameters];
  return sameQuantization(a.quantization, b.quantization);
}
