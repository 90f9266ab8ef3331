import {
  inferTypes,
  isDequantize,
  isQuantize,
  type Quantization,
  readQuantization,
  scaleValues,
  type TypeOracle,
} from '../../analysis/index.ts';
import {
  bytesOf,
  type GraphView,
  type Model,
  type Node,
  namesRead,
  sortNodes,
  viewOf,
} from '../../ir/index.ts';
import { constantOf, isPure, normalDomain } from '../../ops/index.ts';

/** The parameters of a quantizer; equal parameters have equal keys. */
export interface Parameters {
  readonly key: string;
  readonly quantization: Quantization;
}

/** The quantizers a value passes between two operators, equal neighbours taken once; empty for floats. */
export type Chain = readonly Parameters[];

/** One input of an operator, or a graph output, followed back through quantizers to the value it comes from. */
export interface Edge {
  /** Absent for a graph output. */
  readonly node: Node | undefined;
  /** Position among the node's inputs; -1 for a value its subgraphs capture. */
  readonly index: number;
  /** The value in front of the quantizers. */
  readonly tensor: string;
  readonly chain: Chain;
  /** The reader takes the codes themselves: no DequantizeLinear in front of it. */
  readonly codes: boolean;
  readonly constant: boolean;
}

/** A graph without its quantizers, constants and Identities: operators, and edges that carry chains. */
export interface Network {
  readonly view: GraphView;
  readonly types: TypeOracle | undefined;
  /** Every value is made before it is read. */
  readonly nodes: readonly Node[];
  readonly positions: ReadonlyMap<Node, number>;
  /** Names of the graph's inputs. */
  readonly inputs: readonly string[];
  /** The graph's outputs, as readers. */
  readonly outputs: readonly Edge[];
  /** Inputs in order, constants included, then what subgraphs capture. */
  edgesOf(node: Node): readonly Edge[];
  /** Readers of a value, graph outputs included, Shape and Size not: these look at no element. */
  readersOf(tensor: string): readonly Edge[];
  /** Parameters of values that are quantized where they come from, such as int8 graph inputs. */
  storedAs(tensor: string): Chain | undefined;
  /** Values whose quantizers are almost alike and count as one. */
  readonly almostAlike: ReadonlySet<string>;
}

/**
 * Two quantizers of one value whose ranges are at most this many times apart count as one. Training gives each its own
 * scale; they mean the same range, and unify-scales makes them one.
 */
export const almost = 1.15;

/** Reads the main graph of a model as a network. */
export function readNetwork(model: Model): Network {
  return new Reading(model);
}

interface Origin {
  readonly tensor: string;
  readonly chain: Chain;
  readonly codes: boolean;
  readonly constant: boolean;
}

const none: readonly Edge[] = Object.freeze([]);
const noChain: Chain = Object.freeze([]);

class Reading implements Network {
  readonly view: GraphView;
  readonly types: TypeOracle | undefined;
  readonly nodes: readonly Node[];
  readonly positions: ReadonlyMap<Node, number>;
  readonly inputs: readonly string[];
  readonly outputs: readonly Edge[];
  readonly #origins = new Map<string, Origin>();
  readonly #edges = new Map<Node, readonly Edge[]>();
  readonly #readers = new Map<string, Edge[]>();
  readonly #stored = new Map<string, Chain>();
  readonly #onValue = new Map<string, Parameters[]>();
  readonly almostAlike = new Set<string>();

  constructor(model: Model) {
    this.view = viewOf(model);
    this.types = inferTypes(model).graph(model.graph);
    const operators: Node[] = [];
    for (const node of sortNodes(model.graph.nodes)) if (this.#enter(node)) operators.push(node);
    this.inputs = model.graph.inputs.map(({ name }) => name);
    this.outputs = model.graph.outputs.map(({ name }, index) => ({
      ...this.#originOf(name),
      node: undefined,
      index,
    }));
    for (const output of this.outputs) this.#read(output);
    this.nodes = operators;
    this.positions = new Map(operators.map((node, i) => [node, i]));
  }

  edgesOf(node: Node): readonly Edge[] {
    return this.#edges.get(node) ?? none;
  }

  readersOf(tensor: string): readonly Edge[] {
    return this.#readers.get(tensor) ?? none;
  }

  storedAs(tensor: string): Chain | undefined {
    return this.#stored.get(tensor);
  }

  /** Whether the node is an operator of the network; if not, what it makes is known by what it reads. */
  #enter(node: Node): boolean {
    const [x = '', y = ''] = [node.inputs[0], node.outputs[0]];
    if (isQuantize(node) || isDequantize(node)) {
      this.#origins.set(y, this.#quantized(node, this.#originOf(x)));
      return false;
    }
    if (passesOn(node)) {
      this.#origins.set(y, this.#originOf(x));
      return false;
    }
    const inputs = node.inputs.map((input) => this.#originOf(input));
    if (inputs.every(({ constant }) => constant) && isPure(node, this.view.opset(''))) {
      // A weight may be transposed behind its DQ: its parameters stay known.
      const chain = inputs[0]?.chain ?? noChain;
      for (const output of node.outputs)
        this.#origins.set(output, { tensor: output, chain, codes: false, constant: true });
      return false;
    }
    const captured = namesRead(node).slice(node.inputs.filter((input) => input !== '').length);
    const edges = [
      ...inputs.map((origin, index) => ({ ...origin, node, index })),
      ...captured.map((name) => ({ ...this.#originOf(name), node, index: -1 })),
    ];
    this.#edges.set(node, edges);
    if (!looksAtNoElement(node)) for (const edge of edges) this.#read(edge);
    return true;
  }

  #read(edge: Edge): void {
    if (edge.constant || edge.tensor === '') return;
    const found = this.#readers.get(edge.tensor);
    if (found === undefined) this.#readers.set(edge.tensor, [edge]);
    else found.push(edge);
  }

  #originOf(value: string): Origin {
    const known = this.#origins.get(value);
    if (known !== undefined) return known;
    const constant = value === '' || constantOf(this.view, value) !== undefined;
    const origin = { tensor: value, chain: noChain, codes: false, constant };
    this.#origins.set(value, origin);
    return origin;
  }

  #quantized(node: Node, before: Origin): Origin {
    const own = this.#parametersOf(node);
    const parameters = isQuantize(node) ? this.#knownOn(before, own) : own;
    if (isQuantize(node)) return { ...before, chain: appended(before.chain, [parameters]), codes: true };
    if (before.codes) return { ...before, codes: false };
    // A DQ without a Q in front of it: a constant, or a value that is quantized where it comes from.
    if (!before.constant) this.#stored.set(before.tensor, [parameters]);
    return { ...before, chain: appended(before.chain, [parameters]) };
  }

  /** The quantizer of the same value that was met before and is almost the same; else the one given. */
  #knownOn({ tensor, chain, constant }: Origin, own: Parameters): Parameters {
    if (constant) return own;
    const place = `${chainKey(chain)} ${tensor}`;
    const met = this.#onValue.get(place) ?? [];
    this.#onValue.set(place, met);
    const like = met.find((other) => isAlmost(other, own));
    if (like === undefined) met.push(own);
    else if (like.key !== own.key) this.almostAlike.add(tensor);
    return like ?? own;
  }

  #parametersOf(node: Node): Parameters {
    const quantization = readQuantization(this.view, node, { typeOf: (value) => this.types?.typeOf(value) });
    return { key: keyOf(quantization), quantization };
  }
}

/** A chain with another behind it; where they meet, equal parameters count once. */
export function appended(chain: Chain, behind: Chain): Chain {
  const result = [...chain];
  for (const parameters of behind) if (result.at(-1)?.key !== parameters.key) result.push(parameters);
  return result;
}

/** Whether two quantizers are the same but for a scale of almost the same size. */
function isAlmost(
  { key, quantization: a }: Parameters,
  { key: other, quantization: b }: Parameters,
): boolean {
  if (key === other) return true;
  const [s, t] = [scaleValues(a) ?? [], scaleValues(b) ?? []];
  if (
    s.length !== 1 ||
    t.length !== 1 ||
    a.dtype !== b.dtype ||
    a.zeroPoint === undefined ||
    b.zeroPoint === undefined
  )
    return false;
  const ratio = s[0]! / t[0]!;
  return (
    ratio <= almost && ratio >= 1 / almost && String(bytesOf(a.zeroPoint)) === String(bytesOf(b.zeroPoint))
  );
}

/** Equal for chains of equal parameters. */
export function chainKey(chain: Chain): string {
  return chain.map(({ key }) => key).join(' > ');
}

/** Whether TensorRT takes a node for its input. A Dropout in training is none of these. */
function passesOn(node: Node): boolean {
  if (normalDomain(node.domain) !== '') return false;
  return node.opType === 'Identity' || (node.opType === 'Dropout' && (node.inputs[2] ?? '') === '');
}

function looksAtNoElement(node: Node): boolean {
  return normalDomain(node.domain) === '' && (node.opType === 'Shape' || node.opType === 'Size');
}

function keyOf({ node, scale, zeroPoint, dtype, axis, blockSize }: Quantization): string {
  const scales = scale === undefined ? `value ${node.inputs[1]}` : `${scale.dtype} ${bytesOf(scale)}`;
  const zeros = zeroPoint === undefined ? `value ${node.inputs[2]}` : isZero(bytesOf(zeroPoint));
  return `${dtype ?? '?'} ${scales} ${zeros} ${axis ?? ''} ${blockSize}`;
}

function isZero(bytes: Uint8Array): string {
  return bytes.every((byte) => byte === 0) ? '0' : String(bytes);
}
