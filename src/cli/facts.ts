import {
  isDequantize,
  isQuantize,
  pairsOf,
  type QuantizerKind,
  type QuantizerPair,
  scaleValues,
  scopesOf,
  zeroPointValues,
} from '../analysis/index.ts';
import { type DataType, type Model, opsetOf, type ValueInfo } from '../ir/index.ts';
import { printType } from '../serde/index.ts';

/** How many nodes and quantizers a model has, those in subgraphs and functions included. */
export interface Counts {
  readonly nodes: number;
  readonly quantize: number;
  readonly dequantize: number;
}

export function countsOf(model: Model): Counts {
  const nodes = scopesOf(model).flatMap(({ graph }) => graph.nodes);
  return {
    nodes: nodes.length,
    quantize: nodes.filter(isQuantize).length,
    dequantize: nodes.filter(isDequantize).length,
  };
}

/** A quantizer as `inspect --json` gives it. */
export interface PairFacts {
  readonly tensor: string;
  /** A number for one scale per tensor, a list for several, null when it is computed in the graph. */
  readonly scale: number | readonly number[] | null;
  readonly zeroPoint: number | readonly number[] | null;
  readonly dtype: DataType | null;
  readonly axis: number | null;
  readonly kind: QuantizerKind;
  readonly readers: readonly string[];
  /** Path of the graph it is in. */
  readonly graph: string;
}

/** What `inspect --json` gives. */
export interface ModelFacts {
  readonly irVersion: number | null;
  readonly producer: string;
  /** Version of the standard operators. */
  readonly opset: number | null;
  readonly opsets: ReadonlyMap<string, number | null>;
  readonly nodes: number;
  /** Nodes by operator, most frequent first; operators of other domains as `domain::Operator`. */
  readonly operators: ReadonlyMap<string, number>;
  readonly quantize: number;
  readonly dequantize: number;
  readonly initializers: { readonly count: number; readonly bytes: number };
  readonly functions: number;
  readonly inputs: readonly PortFacts[];
  readonly outputs: readonly PortFacts[];
  readonly pairs: readonly PairFacts[];
}

export interface PortFacts {
  readonly name: string;
  /** In ONNX text: `float[1,3,N]`. */
  readonly type: string | null;
  readonly dtype: DataType | null;
  /** Lengths, names of symbolic dimensions, null for unknown ones; null when the rank is unknown. */
  readonly shape: readonly (number | string | null)[] | null;
  /** Whether an initializer stands in when the caller gives nothing. */
  readonly optional?: boolean;
}

/** Facts about a model, as plain data. */
export function factsOf(model: Model): ModelFacts {
  const { graph } = model;
  const defaults = new Set(graph.initializers.map(({ name }) => name));
  const producer = [model.producerName, model.producerVersion].filter(Boolean).join(' ');
  return {
    irVersion: model.irVersion ?? null,
    producer,
    opset: opsetOf(model.opsetImports, '') ?? null,
    opsets: new Map(model.opsetImports.map(({ domain, version }) => [domain ?? '', version ?? null])),
    ...countsOf(model),
    operators: operatorsOf(model),
    initializers: {
      count: graph.initializers.length,
      bytes: graph.initializers.reduce((sum, tensor) => sum + tensor.byteLength, 0),
    },
    functions: model.functions.length,
    inputs: graph.inputs.map((input) => ({
      ...portOf(input),
      ...(defaults.has(input.name) && { optional: true }),
    })),
    outputs: graph.outputs.map(portOf),
    pairs: pairsOf(model).map(pairFacts),
  };
}

function operatorsOf(model: Model): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { graph } of scopesOf(model)) {
    for (const { domain, opType } of graph.nodes) {
      const name = domain && domain !== 'ai.onnx' ? `${domain}::${opType}` : opType;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return new Map([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
}

function portOf({ name, type }: ValueInfo): PortFacts {
  const shape = type?.kind === 'tensor' ? type.shape : undefined;
  return {
    name,
    type: type === undefined ? null : printType(type),
    dtype: type?.kind === 'tensor' ? type.elemType : null,
    shape: shape?.map(({ value, param }) => value ?? param ?? null) ?? null,
  };
}

function pairFacts(pair: QuantizerPair): PairFacts {
  const { tensor, dtype, axis, kind, readers, path, granularity } = pair;
  const single = (values: readonly number[] | undefined) =>
    values === undefined ? null : granularity === 'tensor' ? (values[0] ?? null) : values;
  return {
    tensor,
    scale: single(scaleValues(pair)),
    zeroPoint: single(zeroPointValues(pair)),
    dtype: dtype ?? null,
    axis: axis ?? null,
    kind,
    readers,
    graph: path,
  };
}
