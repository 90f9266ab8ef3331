import { createTypeOracle, type TypeOracle } from '../analysis/index.ts';
import {
  elementCount,
  type Graph,
  GraphSession,
  type Node,
  namesRead,
  packedByteLength,
  sortNodes,
  subgraphsOf,
  type Tensor,
  tensor,
} from '../ir/index.ts';
import { constantOf, isPure, normalDomain, plainAttributes } from '../ops/index.ts';
import { type Finding, type Pass, pass, type RewriteRecord } from '../rewrite/index.ts';
import { evaluateNode } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { constantNode, mapGraphs, type Place } from './graphs.ts';

const name = 'fold-constants';

export interface FoldOptions {
  /** A result of more bytes than this is kept computed when it takes more than twice what it is computed from; 1 MiB. */
  readonly maxBytes?: number;
}

/**
 * Computes what depends on constants alone, once and for all, with the reference executor.
 *
 * A result keeps the name of its value and becomes an initializer (a Constant node in a function, and below IR version
 * 4). Only pure operators of the standard domain are folded: nothing random, nothing of another domain, no control flow,
 * no default a caller may override – and never a quantizer: the Q and DQ around a weight are what an engine looks for.
 * What the executor cannot do, and what would blow up the file, is left alone with a finding.
 */
export function foldConstants({ maxBytes = 2 ** 20 }: FoldOptions = {}): Pass {
  return pass({
    name,
    summary: 'Computes what depends on constants alone.',
    reason:
      'Exporters compute scales, shapes and pads in the graph; rules and engines look for plain constants.',
    condition:
      'A pure operator of the standard domain, all of whose inputs are constants; never a quantizer.',
    sources: ['https://onnx.ai/onnx/repo-docs/IR.html'],
    run(model) {
      const rewrites: RewriteRecord[] = [];
      const findings: Finding[] = [];
      const changed = mapGraphs(model, 'outer-first', (graph, place) => {
        const folding = new Folding(graph, place, maxBytes);
        const result = folding.result();
        for (const rewritten of folding.rewrites) rewrites.push(rewritten);
        for (const finding of folding.findings) findings.push(finding);
        return result;
      });
      return { model: changed, rewrites, findings };
    },
  });
}

/** Operators that are the point of a quantized model, or constant already. */
const kept = new Set(['Constant', 'QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear']);

class Folding {
  readonly rewrites: RewriteRecord[] = [];
  readonly findings: Finding[] = [];
  readonly #graph: Graph;
  readonly #place: Place;
  readonly #maxBytes: number;
  readonly #session: GraphSession;
  readonly #pinned: ReadonlySet<string>;
  #types: TypeOracle | undefined;
  readonly #results = new Map<string, Tensor>();
  readonly #folded = new Set<Node>();

  constructor(graph: Graph, place: Place, maxBytes: number) {
    this.#graph = graph;
    this.#place = place;
    this.#maxBytes = maxBytes;
    this.#session = new GraphSession(graph, place.surroundings, place.names);
    this.#pinned = new Set(place.pinned(graph));
  }

  result(): Graph {
    const sorted = sortNodes(this.#graph.nodes);
    for (const node of sorted) this.#compute(node);
    for (const node of sorted.toReversed()) if (!this.#isRead(node)) this.#folded.delete(node);
    for (const node of sorted) if (this.#isFrontier(node)) this.#fold(node);
    return this.#session.finish();
  }

  /** Computes a node's outputs if all that it reads is constant. */
  #compute(node: Node): void {
    try {
      const outputs = this.#staticShape(node) ?? this.#evaluate(node);
      if (outputs === undefined) return;
      node.outputs.forEach((output, i) => {
        if (output !== '') this.#results.set(output, outputs[i]!.withName(output));
      });
      this.#folded.add(node);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      this.#leave(node, error.code === 'memory-limit' ? this.#tooLarge() : error.message);
    }
  }

  #evaluate(node: Node): readonly (Tensor | undefined)[] | undefined {
    const inputs = this.#constantInputs(node);
    if (inputs === undefined) return undefined;
    const given = inputs.reduce((sum, input) => sum + (input === undefined ? 0 : bytesIn(input)), 0);
    const limit = Math.max(this.#maxBytes, 2 * given);
    const { opsetImports } = this.#place.surroundings;
    // Kernels may need room for doubles beside the result; what is far beyond the limit must not even be tried.
    const outputs = evaluateNode(node, inputs, { opset: opsetImports, memory: 16 * limit + 2 ** 16 });
    const taken = outputs.reduce((sum, output) => sum + (output === undefined ? 0 : bytesIn(output)), 0);
    if (taken <= limit) return outputs;
    this.#leave(node, this.#tooLarge());
    return undefined;
  }

  /** What Shape and Size give for a value whose every length is known, though its elements are not. */
  #staticShape(node: Node): readonly Tensor[] | undefined {
    const [x = ''] = node.inputs;
    const isShape = node.opType === 'Shape';
    if (normalDomain(node.domain) !== '' || !(isShape || node.opType === 'Size') || x === '')
      return undefined;
    this.#types ??= createTypeOracle(this.#session);
    const type = this.#types.typeOf(x);
    const dims = type?.kind === 'tensor' ? type.shape?.map(({ value }) => value) : undefined;
    if (!dims?.every((dim) => dim !== undefined)) return undefined;
    if (!isShape) return [tensor('int64', [], [BigInt(elementCount(dims))])];
    const { start, end } = plainAttributes<'Shape'>(node, this.#session.opset(''));
    const lengths = dims.slice(start ?? 0, end);
    return [tensor('int64', [lengths.length], lengths.map(BigInt))];
  }

  #constantInputs(node: Node): readonly (Tensor | undefined)[] | undefined {
    const session = this.#session;
    if (normalDomain(node.domain) !== '' || kept.has(node.opType) || subgraphsOf(node).length > 0)
      return undefined;
    if (session.function(node) !== undefined || !isPure(node, session.opset(''))) return undefined;
    if (node.attributes.some(({ type }) => type === 'REFERENCE')) return undefined;
    const inputs: (Tensor | undefined)[] = [];
    for (const input of node.inputs) {
      const constant = input === '' ? undefined : this.#constant(input);
      if (input !== '' && constant === undefined) return undefined;
      inputs.push(constant);
    }
    return inputs;
  }

  #constant(value: string): Tensor | undefined {
    return this.#results.get(value) ?? constantOf(this.#session, value);
  }

  /** Dead nodes are not worth a constant; "remove-dead-values" takes them away. */
  #isRead(node: Node): boolean {
    return node.outputs.some((output) => this.#session.readerCount(output) > 0 || this.#isKept(output));
  }

  #isKept(output: string): boolean {
    return this.#session.isOutput(output) || this.#pinned.has(output);
  }

  /** Whether somebody who stays reads what a computed node makes. */
  #isFrontier(node: Node): boolean {
    if (!this.#folded.has(node)) return false;
    return node.outputs.some((output) => this.#isNeeded(output));
  }

  #isNeeded(output: string): boolean {
    if (output === '') return false;
    return (
      this.#isKept(output) ||
      this.#session.uses(output).some(({ node, index }) => index < 0 || !this.#folded.has(node))
    );
  }

  /** Puts constants in the place of a node, and takes away the nodes that only it needed. */
  #fold(node: Node): void {
    const session = this.#session;
    const { initializers, path } = this.#place;
    const needed = node.outputs.filter((output) => this.#isNeeded(output));
    const results = needed.map((output) => this.#results.get(output)!);
    const after = initializers ? [] : results.map(constantNode);
    for (const constant of after) session.insertBefore(constant, node);
    const before = this.#takeWithOperands(node);
    const added = initializers ? results : [];
    for (const constant of added) session.addInitializer(constant);
    const record: RewriteRecord = {
      rule: name,
      effect: 'exact',
      graph: path,
      at: needed[0]!,
      before: Object.freeze(before),
      after: Object.freeze(after),
      added: Object.freeze(added),
      removed: Object.freeze([]),
    };
    this.rewrites.push(Object.freeze(record));
  }

  #takeWithOperands(root: Node): readonly Node[] {
    const taken: Node[] = [];
    const pending = [root];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (!this.#session.has(node)) continue;
      this.#session.remove(node);
      taken.push(node);
      for (const input of namesRead(node)) {
        const producer = this.#session.producer(input);
        if (producer !== undefined && this.#folded.has(producer) && !this.#isRead(producer))
          pending.push(producer);
      }
    }
    return taken;
  }

  #leave(node: Node, message: string): void {
    this.findings.push({ rule: name, at: node.outputs.find(Boolean) ?? node.name ?? '', message });
  }

  #tooLarge(): string {
    return `its result takes more than ${this.#maxBytes} bytes and more than twice what it is computed from; it stays computed`;
  }
}

function bytesIn(constant: Tensor): number {
  if (constant.dtype !== 'string') return packedByteLength(constant.dtype, constant.size);
  return constant.toStrings().reduce((sum, text) => sum + text.length, 0);
}
