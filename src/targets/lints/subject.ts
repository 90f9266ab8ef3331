import {
  inferTypes,
  isDequantize,
  isQuantize,
  type Quantization,
  readQuantization,
  type Scope,
  scopesOf,
  type TypeOracle,
} from '../../analysis/index.ts';
import type { DataType, Model, Node } from '../../ir/index.ts';
import { constantOf, normalDomain } from '../../ops/index.ts';
import { type Network, readNetwork } from '../tensorrt/network.ts';
import { weightOf } from '../tensorrt/units.ts';
import { type TensorrtVersion, tensorrtVersions } from '../tensorrt/versions.ts';

/** One graph of a model, as lints look at it. */
export interface Subject extends Scope {
  /** Absent for ONNX Runtime. */
  readonly version: TensorrtVersion | undefined;
  /** Every QuantizeLinear and DequantizeLinear. */
  readonly quantizers: readonly Quantizer[];
  /** Operators with their edges; absent inside subgraphs and functions. */
  readonly network: Network | undefined;
  /** Operators that multiply by a constant, with what is known of it; none inside subgraphs and functions. */
  readonly weighted: readonly WeightedNode[];
  shapeOf(value: string): readonly (number | undefined)[] | undefined;
  dtypeOf(value: string): DataType | undefined;
}

export interface Quantizer extends Quantization {
  readonly isQuantize: boolean;
  /** Whether what it reads is computed from constants alone: a weight. */
  readonly constant: boolean;
  /** Name of the node. */
  readonly at: string;
}

export interface WeightedNode {
  readonly node: Node;
  /** Index of the input that is the weight. */
  readonly index: number;
  /** Whether its other factor is quantized. */
  readonly quantizedInput: boolean;
  /** Whether the weight is. */
  readonly quantizedWeight: boolean;
  /** Element type of the quantized weight. */
  readonly weightType: DataType | undefined;
}

export function subjectsOf(model: Model, target: string): readonly Subject[] {
  const types = inferTypes(model);
  const network = readNetwork(model);
  return scopesOf(model).map((scope) => {
    const oracle = types.graph(scope.graph);
    const isMain = scope.graph === model.graph;
    return {
      ...scope,
      version: tensorrtVersions.get(target),
      quantizers: quantizersIn(scope, oracle),
      network: isMain ? network : undefined,
      weighted: isMain ? weightedIn(network) : [],
      shapeOf: (value) => {
        const type = oracle?.typeOf(value);
        const dims = type?.kind === 'tensor' ? type.shape?.map((dim) => dim.value) : undefined;
        return constantOf(scope.view, value)?.dims ?? dims;
      },
      dtypeOf: (value) => {
        const type = oracle?.typeOf(value);
        return constantOf(scope.view, value)?.dtype ?? (type?.kind === 'tensor' ? type.elemType : undefined);
      },
    };
  });
}

/** The name of a node, or what it makes. */
export function placeOf(node: Node): string {
  return node.name || node.outputs.find((output) => output !== '') || node.opType;
}

export function isOperator(node: Node, ...names: readonly string[]): boolean {
  return normalDomain(node.domain) === '' && names.includes(node.opType);
}

function quantizersIn({ graph, view }: Scope, types: TypeOracle | undefined): readonly Quantizer[] {
  return graph.nodes
    .filter((node) => isQuantize(node) || isDequantize(node))
    .map((node) => ({
      ...readQuantization(view, node, { typeOf: (value) => types?.typeOf(value) }),
      isQuantize: isQuantize(node),
      constant: isWeight(view, node),
      at: placeOf(node),
    }));
}

function isWeight(view: Scope['view'], node: Node): boolean {
  const [x = ''] = node.inputs;
  if (constantOf(view, x) !== undefined) return true;
  const producer = view.producer(x);
  return (
    producer !== undefined && isQuantize(producer) && constantOf(view, producer.inputs[0] ?? '') !== undefined
  );
}

function weightedIn(network: Network): readonly WeightedNode[] {
  return network.nodes.flatMap((node) => {
    const weight = weightOf(network, node);
    if (weight === undefined) return [];
    const other = network.edgesOf(node)[weight.index === 0 ? 1 : 0]!;
    return [
      {
        node,
        index: weight.index,
        quantizedInput: other.chain.length > 0,
        quantizedWeight: weight.chain.length > 0,
        weightType: weight.chain.at(-1)?.quantization.dtype,
      },
    ];
  });
}
