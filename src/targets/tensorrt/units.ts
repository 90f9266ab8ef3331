import type { Node, Tensor } from '../../ir/index.ts';
import {
  constantOf,
  floatAttribute,
  intAttribute,
  intsAttribute,
  normalDomain,
  quantizersPass,
  stringAttribute,
} from '../../ops/index.ts';
import type { Chain, Edge, Network } from './network.ts';
import { channelConstant, lengthsOf } from './shapes.ts';
import type { TensorrtVersion } from './versions.ts';

/**
 * How the engine treats a unit.
 *
 * `weighted`: an operator with weights and what is fused into it · `product`: two activations multiplied as matrices ·
 * `copy`: Q and DQ move across it · `pointwise`: int8 when all around it is quantized · `float`: nothing of the kind
 */
export type UnitKind = 'weighted' | 'product' | 'copy' | 'pointwise' | 'float';

/** Operators that become one kernel. */
export interface Unit {
  readonly kind: UnitKind;
  /** The operator it is built around. */
  readonly core: Node;
  /** Its operators in the order of the data. */
  readonly nodes: readonly Node[];
  /** What is fused, by the words of the rule book. */
  readonly parts: readonly string[];
  /** The inputs computation reads, constants left out: one for a convolution, all for a Concat. */
  readonly main: readonly Edge[];
  /** The second input of a fused Add. */
  readonly residual: Edge | undefined;
  /** Further inputs, such as shapes and what subgraphs capture. */
  readonly others: readonly Edge[];
  /** Quantizers of the weights; empty for float weights, absent where there are none. */
  readonly weight: Chain | undefined;
  readonly outputs: readonly string[];
}

/**
 * Groups the operators of a network to the kernels TensorRT builds of them: first around weights, last in the graph
 * first, because an Add of two convolutions joins the later one; then each of the rest by itself, an activation with
 * the batch norm, Add or Mul in front of it. Units come in the order of the data.
 */
export function unitsOf(network: Network, version: TensorrtVersion): readonly Unit[] {
  const grouping = new Grouping(network, version);
  const backwards = [...network.nodes].reverse();
  const quantizedFirst = [
    ...backwards.filter((node) => (weightOf(network, node)?.chain.length ?? 0) > 0),
    ...backwards.filter((node) => weightOf(network, node)?.chain.length === 0),
  ];
  for (const node of quantizedFirst) grouping.addWeighted(node);
  for (const node of network.nodes) grouping.addSingle(node);
  return grouping.units();
}

const weightedOperators = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** The input that holds the weights; absent for operators without. A product may have them on either side. */
export function weightOf(network: Network, node: Node): Edge | undefined {
  if (!isStandard(node) || !weightedOperators.has(node.opType)) return undefined;
  const [a, b] = network.edgesOf(node);
  if (b?.constant === true && a?.constant === false) return b;
  return node.opType === 'MatMul' && a?.constant === true && b?.constant === false ? a : undefined;
}

export function isStandard(node: Node): boolean {
  return normalDomain(node.domain) === '';
}

/** How plans name a node. */
export function nameOf(node: Node): string {
  return node.name || node.outputs.find((output) => output !== '') || node.opType;
}

export function isDepthwise(network: Network, node: Node): boolean {
  const group = intAttribute(node, 'group', 1);
  if (node.opType !== 'Conv' || group === 1) return false;
  const channels = lengthsOf(network, network.edgesOf(node)[0]!.tensor)?.[1];
  const weight = lengthsOf(network, node.inputs[1] ?? '');
  return weight?.[1] === 1 || (channels !== undefined && channels === group);
}

class Grouping {
  readonly #network: Network;
  readonly #version: TensorrtVersion;
  readonly #taken = new Set<Node>();
  readonly #units: Unit[] = [];

  constructor(network: Network, version: TensorrtVersion) {
    this.#network = network;
    this.#version = version;
  }

  units(): readonly Unit[] {
    const { positions } = this.#network;
    const place = ({ nodes }: Unit) => positions.get(nodes.at(-1)!)!;
    return [...this.#units].sort((a, b) => place(a) - place(b));
  }

  addWeighted(core: Node): void {
    if (this.#taken.has(core)) return;
    const weight = weightOf(this.#network, core)!;
    let main = this.#network.edgesOf(core).find((edge) => !edge.constant)!;
    const nodes: Node[] = [core];
    const parts: string[] = ['W', core.opType];
    const pad = this.#padInFront(core, main);
    if (pad !== undefined) {
      main = this.#network.edgesOf(pad)[0]!;
      nodes.unshift(pad);
      parts.unshift('Pad');
    }
    const { output, residual } = this.#absorb(core, nodes, parts);
    const others = nodes
      .flatMap((node) => this.#network.edgesOf(node))
      .filter((edge) => !edge.constant && edge.node === core && edge.index > 1);
    this.#add({
      kind: 'weighted',
      core,
      nodes,
      parts,
      main: [main],
      residual,
      others,
      weight: weight.chain,
      outputs: [output],
    });
  }

  addSingle(core: Node): void {
    if (this.#taken.has(core)) return;
    const kind = kindOf(this.#network, core, this.#version);
    const activations = this.#network.edgesOf(core).filter((edge) => !edge.constant);
    const isMain = (edge: Edge) => readsData(core, edge);
    const nodes: Node[] = [core];
    const parts: string[] = [wordOf(core)];
    const outputs = core.outputs.filter((output) => output !== '');
    if (kind === 'pointwise' || isNorm(core)) {
      const next = this.#soleReader(outputs[0]!);
      if (next !== undefined && this.#isActivation(next)) {
        nodes.push(next);
        parts.push(next.opType);
        outputs.splice(0, 1, next.outputs[0]!);
      }
    }
    this.#add({
      kind,
      core,
      nodes,
      parts,
      main: activations.filter(isMain),
      residual: undefined,
      others: activations.filter((edge) => !isMain(edge)),
      weight: undefined,
      outputs,
    });
  }

  #add(unit: Unit): void {
    for (const node of unit.nodes) this.#taken.add(node);
    this.#units.push(unit);
  }

  /** A Pad that becomes part of the convolution that alone reads it: by zeros, in space only. */
  #padInFront(core: Node, main: Edge): Node | undefined {
    if (main.chain.length > 0) return undefined;
    const pad = this.#network.view.producer(main.tensor);
    if (pad === undefined || this.#taken.has(pad) || !isStandard(pad) || pad.opType !== 'Pad')
      return undefined;
    if (!this.#network.positions.has(pad) || this.#network.readersOf(main.tensor).length !== 1)
      return undefined;
    if (core.opType !== 'Conv' && core.opType !== 'ConvTranspose') return undefined;
    const pads = zeroPads(this.#network, pad);
    if (pads === undefined || pads.some((length) => length < 0)) return undefined;
    const rank = pads.length / 2;
    return [0, 1, rank, rank + 1].every((i) => pads[i] === 0) ? pad : undefined;
  }

  /** Takes in what follows, as far as one kernel does it: linear steps, an Add, an activation. */
  #absorb(
    core: Node,
    nodes: Node[],
    parts: string[],
  ): { readonly output: string; readonly residual: Edge | undefined } {
    let output = core.outputs[0]!;
    let residual: Edge | undefined;
    const take = (node: Node, word: string) => {
      nodes.push(node);
      parts.push(word);
      output = node.outputs[0]!;
    };
    for (;;) {
      const silu = this.#siluBehind(core, output);
      if (silu !== undefined) {
        for (const node of silu) nodes.push(node);
        parts.push('SiLU');
        return { output: silu.at(-1)!.outputs[0]!, residual };
      }
      const next = this.#soleReader(output);
      if (next === undefined) return { output, residual };
      if (this.#isActivation(next) || this.#isFurtherActivation(next, core)) {
        take(next, next.opType);
        return { output, residual };
      }
      if (residual !== undefined) return { output, residual };
      if (this.#isLinear(next, core)) {
        take(next, wordOf(next));
        continue;
      }
      residual = this.#residualOf(next, output);
      if (residual === undefined) return { output, residual };
      take(next, 'Add');
    }
  }

  /** The operator that alone reads a value, as floats, and is free. */
  #soleReader(value: string): Node | undefined {
    const [reader, ...more] = this.#network.readersOf(value);
    if (reader?.node === undefined || more.length > 0 || reader.chain.length > 0 || reader.index < 0)
      return undefined;
    return this.#taken.has(reader.node) || !isStandard(reader.node) ? undefined : reader.node;
  }

  #isActivation({ opType }: Node): boolean {
    const { fusesLeakyRelu, fusesGelu } = this.#version;
    return (
      opType === 'Relu' ||
      opType === 'Clip' ||
      (opType === 'LeakyRelu' && fusesLeakyRelu) ||
      (opType === 'Gelu' && fusesGelu)
    );
  }

  #isFurtherActivation({ opType }: Node, core: Node): boolean {
    return opType === 'Swish' && this.#version.fusesSilu && !isDepthwise(this.#network, core);
  }

  #isLinear(node: Node, core: Node): boolean {
    const isTransposed = core.opType === 'ConvTranspose';
    if (isNorm(node)) return !isTransposed || this.#version.fusesConvTransposeBatchNorm;
    if (node.opType !== 'Add' && node.opType !== 'Mul') return false;
    const constant = this.#network.edgesOf(node).find((edge) => edge.constant);
    return constant !== undefined && channelConstant(this.#network, core, node.inputs[constant.index]!);
  }

  /** Sigmoid and Mul that read the same value, and nobody else does. */
  #siluBehind(core: Node, value: string): readonly Node[] | undefined {
    if (!this.#version.fusesSilu || isDepthwise(this.#network, core)) return undefined;
    const readers = this.#network.readersOf(value);
    if (readers.length !== 2 || readers.some(({ chain, node }) => chain.length > 0 || node === undefined))
      return undefined;
    const gate = readers.find(({ node }) => node!.opType === 'Sigmoid' && isStandard(node!))?.node;
    const product = readers.find(({ node }) => node!.opType === 'Mul' && isStandard(node!))?.node;
    if (gate === undefined || product === undefined || this.#taken.has(gate) || this.#taken.has(product))
      return undefined;
    return this.#soleReader(gate.outputs[0]!) === product ? [gate, product] : undefined;
  }

  /** The other input of an Add of equal shapes. */
  #residualOf(node: Node, value: string): Edge | undefined {
    if (node.opType !== 'Add') return undefined;
    const edges = this.#network.edgesOf(node);
    const other = edges.find(({ tensor }) => tensor !== value);
    if (edges.length !== 2 || other === undefined || other.constant) return undefined;
    const [a, b] = [lengthsOf(this.#network, value), lengthsOf(this.#network, other.tensor)];
    // Behind the batch, a length that nobody knows may be the same.
    const same =
      a === undefined ||
      b === undefined ||
      (a.length === b.length &&
        a.every((length, i) => i === 0 || length === undefined || b[i] === undefined || length === b[i]));
    return same ? other : undefined;
  }
}

/** Operators the engine moves Q and DQ across, as far as their inputs agree. */
const copying = new Set([...quantizersPass, 'Concat', 'MaxPool', 'Pad', 'Relu']);

function kindOf(network: Network, node: Node, version: TensorrtVersion): UnitKind {
  if (!isStandard(node) || network.view.function(node) !== undefined) return 'float';
  const { opType } = node;
  if (opType === 'MatMul' || opType === 'Gemm') return 'product';
  if (opType === 'Add' || opType === 'Mul' || isAverage(network, node)) return 'pointwise';
  if (opType === 'Resize') return version.resizeInInt8 && isNearest(node) ? 'copy' : 'float';
  if (opType === 'Pad') return padsInSpace(network, node) ? 'copy' : 'float';
  if (opType === 'MaxPool') return (node.outputs[1] ?? '') === '' ? 'copy' : 'float';
  return copying.has(opType) ? 'copy' : 'float';
}

function isNearest(node: Node): boolean {
  return stringAttribute(node, 'mode', 'nearest') === 'nearest';
}

/** Whether an operator is pooling by averages; a mean over height and width that keeps both is. */
export function isAverage(network: Network, node: Node): boolean {
  if (!isStandard(node)) return false;
  return (
    node.opType === 'AveragePool' || node.opType === 'GlobalAveragePool' || isMeanOverSpace(network, node)
  );
}

function isMeanOverSpace({ view }: Network, node: Node): boolean {
  if (node.opType !== 'ReduceMean' || intAttribute(node, 'keepdims', 1) !== 1) return false;
  const axes = intsAttribute(node, 'axes') ?? numbers(constantOf(view, node.inputs[1] ?? ''));
  return (
    axes !== undefined &&
    axes.length === 2 &&
    ['2,3', '-2,-1'].includes([...axes].sort((a, b) => a - b).join())
  );
}

function isNorm(node: Node): boolean {
  return node.opType === 'BatchNormalization';
}

function wordOf(node: Node): string {
  if (isNorm(node)) return 'BN';
  return node.opType;
}

/** Whether an input holds the data an operator works on, not a shape, an index or a bound. */
function readsData(node: Node, { index }: Edge): boolean {
  if (index < 0) return false;
  if (!isStandard(node)) return true;
  return copying.has(node.opType) && node.opType !== 'Concat' ? index === 0 : true;
}

/** Pads of a Pad that fills with zeros, begins and ends; absent when it does not, or nobody knows. */
function zeroPads(network: Network, node: Node): readonly number[] | undefined {
  if (stringAttribute(node, 'mode', 'constant') !== 'constant') return undefined;
  if ((network.view.opset('') ?? 0) < 11)
    return floatAttribute(node, 'value', 0) === 0 ? intsAttribute(node, 'pads') : undefined;
  const constant = (index: number) => constantOf(network.view, node.inputs[index] ?? '');
  const value = (node.inputs[2] ?? '') === '' ? 0 : numbers(constant(2))?.[0];
  const pads = numbers(constant(1));
  return value === 0 && (node.inputs[3] ?? '') === '' ? pads : undefined;
}

function padsInSpace(network: Network, node: Node): boolean {
  const pads = zeroPads(network, node);
  if (pads === undefined) return false;
  const rank = pads.length / 2;
  return pads.every((length, i) => length >= 0 && (length === 0 || i % rank >= rank - 2)) && rank > 2;
}

function numbers(tensor: Tensor | undefined): readonly number[] | undefined {
  return tensor && Array.from(tensor.toTypedArray() as ArrayLike<number | bigint>, Number);
}
