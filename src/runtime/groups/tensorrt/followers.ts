import { type Node, type Tensor, valuesOf } from '../../../ir/index.ts';
import { floatAttribute, intAttribute } from '../../../ops/index.ts';
import type { Activation } from '../../activation.ts';
import { clipBounds } from '../onnxruntime/activations.ts';
import type { WorkGraph } from '../work-graph.ts';

/** A factor and an offset for each channel, and the nodes they come from. */
export interface Affine {
  readonly gain: Float64Array;
  readonly shift: Float64Array;
}

/** What a node behind an operator does to each channel, if that is a constant factor and offset: a norm, a constant Mul or Add. */
export function affineOf(
  graph: WorkGraph,
  node: Node,
  value: string,
  channels: number,
  axis: number,
): Affine | undefined {
  if (node.opType === 'BatchNormalization' && node.inputs[0] === value) return normOf(graph, node);
  if (node.opType !== 'Mul' && node.opType !== 'Add') return undefined;
  const constant = graph.constant(node.inputs.find((input) => input !== value));
  const numbers = constant && perChannel(constant, channels, axis);
  if (numbers === undefined || node.inputs.length !== 2) return undefined;
  const none = (fill: number) => new Float64Array(channels).fill(fill);
  return node.opType === 'Mul' ? { gain: numbers, shift: none(0) } : { gain: none(1), shift: numbers };
}

function normOf(graph: WorkGraph, node: Node): Affine | undefined {
  if (node.outputs.length > 1 || intAttribute(node, 'training_mode', 0) !== 0) return undefined;
  if (intAttribute(node, 'spatial', 1) === 0) return undefined;
  const [gamma, beta, mean, variance] = node.inputs
    .slice(1)
    .map((name) => graph.constant(name))
    .map((tensor) => tensor && (valuesOf(tensor) as Float32Array));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined)
    return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const gain = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + epsilon));
  return { gain, shift: Float64Array.from(beta, (b, c) => b - gain[c]! * mean[c]!) };
}

/** A constant that has one number, or one for each channel: [C, 1, 1] behind a convolution, [N] behind a product. */
function perChannel(constant: Tensor, channels: number, axis: number): Float64Array | undefined {
  if (constant.dtype !== 'float32') return undefined;
  const values = valuesOf(constant) as Float32Array;
  if (constant.size === 1) return new Float64Array(channels).fill(values[0]!);
  const at = constant.dims.length + axis;
  const isVector = constant.size === channels && constant.dims[at] === channels;
  return isVector ? Float64Array.from(values) : undefined;
}

/** An activation behind a value: the nodes that make it, and the value it gives. */
export interface ActivationNodes {
  readonly activation: Activation;
  readonly nodes: readonly Node[];
}

export function activationAfter(graph: WorkGraph, value: string): ActivationNodes | undefined {
  const uses = graph.readers(value);
  if (graph.session.isOutput(value)) return undefined;
  if (uses.length === 2) return siluOf(graph, value, uses);
  const node = graph.onlyReader(value);
  if (node === undefined) return undefined;
  const made = (name: Activation['name'], values: readonly number[] = []) => ({
    activation: { name, values },
    nodes: [node],
  });
  switch (node.opType) {
    case 'Relu':
    case 'HardSwish':
    case 'Sigmoid':
      return made(node.opType);
    case 'Gelu':
      return node.attributes.length === 0 ? made('Gelu') : undefined;
    case 'LeakyRelu':
      return made('LeakyRelu', [floatAttribute(node, 'alpha', Math.fround(0.01))]);
    case 'Clip': {
      const bounds = node.inputs[0] === value ? clipBounds(graph, node) : undefined;
      return bounds && made('Clip', [bounds.min, bounds.max]);
    }
    default:
      return undefined;
  }
}

function siluOf(graph: WorkGraph, value: string, readers: readonly Node[]): ActivationNodes | undefined {
  const sigmoid = readers.find(({ opType }) => opType === 'Sigmoid');
  const product = sigmoid && graph.onlyReader(sigmoid.outputs[0]!, 'Mul');
  if (sigmoid === undefined || product === undefined || !readers.includes(product)) return undefined;
  const names = new Set(product.inputs);
  if (!names.has(value) || !names.has(sigmoid.outputs[0]!)) return undefined;
  return { activation: { name: 'Silu', values: [] }, nodes: [sigmoid, product] };
}
