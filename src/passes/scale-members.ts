import {
  isDequantize,
  isQuantize,
  type Quantization,
  readQuantization,
  sameQuantization,
} from '../analysis/index.ts';
import type { GraphView, Node } from '../ir/index.ts';
import { constantOf, isRandom, normalDomain } from '../ops/index.ts';
import { dequantizersOf, quantizedValue } from './scale-classes.ts';
import { type Parameters, parametersOf } from './scale-range.ts';

/** A quantizer as unification sees it. */
export interface Member {
  readonly node: Node;
  /** The DequantizeLinear nodes that read a QuantizeLinear: they change with it. */
  readonly dequantize: readonly Node[];
  readonly tensor: string;
  readonly quantization: Quantization;
  readonly parameters: Parameters | undefined;
  /** Whether what is quantized is a constant. */
  readonly constant: boolean;
}

export function memberOf(view: GraphView, node: Node): Member {
  const quantization = readQuantization(view, node);
  return {
    node,
    dequantize: isQuantize(node) ? dequantizersOf(view, node) : [],
    tensor: quantizedValue(view, node) ?? '',
    quantization,
    parameters: parametersOf(quantization),
    constant: isConstantBehindCopies(view, node.inputs[0] ?? ''),
  };
}

/** Whether a value is a constant, seen through quantizers and whatever else takes one input. */
function isConstantBehindCopies(view: GraphView, value: string): boolean {
  let name = value;
  for (let steps = 0; steps < 1000; steps++) {
    if (constantOf(view, name) !== undefined) return true;
    const producer = view.producer(name);
    const others = producer?.inputs
      .slice(1)
      .filter((input) => input !== '' && constantOf(view, input) === undefined);
    if (producer === undefined || others!.length > 0 || (producer.inputs[0] ?? '') === '') return false;
    if (normalDomain(producer.domain) !== '' || isRandom(producer)) return false;
    name = producer.inputs[0]!;
  }
  return false;
}

/** Why a quantizer's scale cannot be another one; `undefined` when it can. */
export function objectionTo(view: GraphView, member: Member): string | undefined {
  const { node, quantization, parameters, tensor } = member;
  if (isDequantize(node)) return `"${tensor}" is made of integer codes that have their scale from elsewhere`;
  if (quantization.scale === undefined || quantization.zeroPoint === undefined)
    return `the scale of "${tensor}" is no constant`;
  if (quantization.granularity !== 'tensor')
    return `"${tensor}" has ${quantization.scale.size} scales; only one scale per tensor can be shared`;
  if (quantization.dtype === undefined || parameters === undefined)
    return `what type "${tensor}" is quantized to cannot be told`;
  if (!(parameters.scale > 0) || !Number.isFinite(parameters.scale))
    return `the scale of "${tensor}" is ${parameters.scale}`;
  const codes = node.outputs[0] ?? '';
  if (view.isOutput(codes)) return `"${codes}", the codes of "${tensor}", are a graph output`;
  const other = view.uses(codes).find((use) => !member.dequantize.includes(use.node));
  if (other !== undefined) return `${title(other.node)} reads the codes of "${tensor}"`;
  const differs = member.dequantize.find(
    (reader) => !sameQuantization(quantization, readQuantization(view, reader)),
  );
  return (
    differs && `"${tensor}" is quantized with one scale and dequantized with another by ${title(differs)}`
  );
}

const biased = new Set(['Conv', 'ConvTranspose', 'Gemm']);

/**
 * Why a quantizer's scale cannot change on account of its readers: a bias stored as int32 counts in units of the
 * product of input and weight scale, and integer engines take its codes without looking at its own scale.
 */
export function biasObjection(view: GraphView, member: Member): string | undefined {
  for (const { outputs } of member.dequantize) {
    for (const { node, index } of view.uses(outputs[0] ?? '')) {
      if (index !== 0 || !biased.has(node.opType) || normalDomain(node.domain) !== '') continue;
      const bias = view.producer(node.inputs[2] ?? '');
      if (bias === undefined || !isDequantize(bias) || readQuantization(view, bias).dtype !== 'int32')
        continue;
      return `${title(node)} has an int32 bias that counts in units of the scale of "${member.tensor}"`;
    }
  }
  return undefined;
}

/** How messages name a node. */
export function title(node: Node): string {
  return `${node.opType} "${node.name || node.outputs.find(Boolean) || ''}"`;
}
