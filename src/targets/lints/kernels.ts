import { isDequantize, isQuantize } from '../../analysis/index.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../../ops/index.ts';
import type { Network } from '../tensorrt/network.ts';
import { isDepthwise } from '../tensorrt/units.ts';
import { type Lint, tensorrtTargets } from './lint.ts';
import { isOperator, placeOf } from './subject.ts';

const tensorrt = { targets: tensorrtTargets } as const;

const integerOperators = [
  'QLinearConv',
  'QLinearMatMul',
  'ConvInteger',
  'MatMulInteger',
  'DynamicQuantizeLinear',
];

/** Operators TensorRT cannot import, or has no int8 kernel for. */
export const kernelLints: readonly Lint[] = [
  {
    ...tensorrt,
    id: 'E18',
    title: 'an operator on integers',
    severity: 'error',
    cost: 'not importable: TensorRT reads quantized networks as Q and DQ around float operators',
    rule: 'qlinear-to-qdq',
    *find({ graph }) {
      for (const node of graph.nodes) {
        if (isOperator(node, 'DynamicQuantizeLinear'))
          yield { at: placeOf(node), message: 'DynamicQuantizeLinear', rule: null };
        else if (isOperator(node, ...integerOperators) || isMicrosoftInteger(node.domain, node.opType))
          yield {
            at: placeOf(node),
            message: node.opType,
            ...(node.domain === 'com.microsoft' ? { rule: 'microsoft-qlinear-to-qdq' } : {}),
          };
      }
    },
  },
  {
    ...tensorrt,
    id: 'E21',
    title: 'a MaxPool or Resize of a kind there is no layer for',
    severity: 'error',
    cost: 'not importable',
    rule: null,
    *find({ graph }) {
      for (const node of graph.nodes) {
        if (isOperator(node, 'MaxPool')) {
          if ((node.outputs[1] ?? '') !== '') yield { at: placeOf(node), message: 'its indices are read' };
          if (intsAttribute(node, 'dilations')?.some((step) => step !== 1))
            yield { at: placeOf(node), message: 'it is dilated' };
        }
        const mode = isOperator(node, 'Resize') ? stringAttribute(node, 'mode', 'nearest') : 'nearest';
        if (mode !== 'nearest' && mode !== 'linear')
          yield { at: placeOf(node), message: `its mode is ${mode}` };
      }
    },
  },
  {
    ...tensorrt,
    id: 'E22',
    title: 'a quantizer in front of a graph output',
    severity: 'cost',
    cost: '8.5 fails; later versions run a Q and a DQ for nothing',
    rule: 'remove-dangling-dequantize',
    *find({ graph, view }) {
      for (const { name } of graph.outputs) {
        const dequantize = view.producer(name);
        if (dequantize === undefined || !isDequantize(dequantize)) continue;
        const quantize = view.producer(dequantize.inputs[0] ?? '');
        if (quantize !== undefined && isQuantize(quantize))
          yield { at: placeOf(dequantize), message: `the output "${name}" is dequantized` };
      }
    },
  },
  {
    ...tensorrt,
    id: 'E24',
    title: 'a quantized operator without int8 kernel',
    severity: 'cost',
    cost: '8.x may find no implementation; later versions compute in floats between a DQ and a Q',
    rule: null,
    *find({ network, weighted }) {
      for (const { node, quantizedInput, quantizedWeight } of weighted) {
        if (!quantizedInput || !quantizedWeight) continue;
        if (isOperator(node, 'ConvTranspose') && intAttribute(node, 'group', 1) > 1)
          yield { at: placeOf(node), message: 'it is a grouped ConvTranspose' };
        if (isDepthwise(network!, node) && isFollowedBySilu(network!, node.outputs[0]!))
          yield {
            at: placeOf(node),
            message: 'it is a depthwise convolution with SiLU behind it',
            rule: 'depthwise-with-silu',
          };
      }
    },
  },
  {
    ...tensorrt,
    id: 'S11',
    title: 'channels that do not fill an int8 kernel',
    severity: 'cost',
    cost: 'int8 convolutions work on 16 channels at a time, from 32 on tensor cores; float16 may be faster',
    rule: 'skip-unprofitable-op',
    *find({ weighted, network, shapeOf }) {
      for (const { node, index, quantizedInput, quantizedWeight } of weighted) {
        if (!quantizedInput || !quantizedWeight || !isOperator(node, 'Conv') || isDepthwise(network!, node))
          continue;
        const [out, ins] = shapeOf(node.inputs[index]!) ?? [];
        const group = intAttribute(node, 'group', 1);
        const channels = [ins === undefined ? undefined : ins * group, out];
        // The first convolution of a network reads an image: nobody can give that more channels.
        const isFirst = network!.inputs.includes(network!.edgesOf(node)[0]!.tensor);
        const odd = channels
          .slice(isFirst ? 1 : 0)
          .filter((count) => count !== undefined && count % 16 !== 0);
        if (odd.length > 0)
          yield {
            at: placeOf(node),
            message: `it has ${channels[0]} channels in and ${channels[1]} out`,
            ...(odd.some((count) => count! < 16) ? {} : { rule: null }),
          };
      }
    },
  },
];

function isMicrosoftInteger(domain: string | undefined, opType: string): boolean {
  return (
    domain === 'com.microsoft' &&
    (opType.startsWith('QLinear') || opType === 'QGemm' || opType.startsWith('MatMulInteger'))
  );
}

/** Sigmoid and Mul on what a value becomes, a batch norm left out. */
function isFollowedBySilu(network: Network, value: string): boolean {
  const readers = network.readersOf(value).flatMap(({ node }) => node ?? []);
  const norm = readers.find(({ opType }) => opType === 'BatchNormalization');
  if (norm !== undefined && readers.length === 1) return isFollowedBySilu(network, norm.outputs[0]!);
  const gate = readers.find((node) => isOperator(node, 'Sigmoid'));
  return (
    gate !== undefined &&
    readers.some((node) => isOperator(node, 'Mul') && node.inputs.includes(gate.outputs[0]!))
  );
}
