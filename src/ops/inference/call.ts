import type { DataType, Graph, Node } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { attributeValue, intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import { type Contents, type Dim, dtypeOf, type Facts, type Shape, shapeOf } from './facts.ts';

/** What surrounds a node whose outputs are inferred. */
export interface InferenceContext {
  /** Imported version of the node's domain. */
  readonly opset: number | undefined;
  /** Facts of a subgraph's outputs, given those of its inputs; captures are looked up around it. */
  readonly inferGraph?:
    | ((graph: Graph, inputs: readonly (Facts | undefined)[]) => readonly (Facts | undefined)[])
    | undefined;
}

/** Tells types, shapes and small contents of a node's outputs from those of its inputs. */
export type Inference = (call: Call) => readonly (Facts | undefined)[];

/** Adds one inference for operators named in one string, of the standard domain unless another is given. */
export type Register = (opTypes: string, inference: Inference, domain?: string) => void;

/** One node with what is known of its inputs: the words inference functions are written in. */
export class Call {
  readonly node: Node;
  readonly inputs: readonly (Facts | undefined)[];
  readonly context: InferenceContext;
  /** The version of the operator set; the newest when nothing is imported. */
  readonly opset: number;

  constructor(node: Node, inputs: readonly (Facts | undefined)[], context: InferenceContext) {
    this.node = node;
    this.inputs = inputs;
    this.context = context;
    this.opset = context.opset ?? Infinity;
  }

  /** Whether an optional input is given. */
  has(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  facts(index: number): Facts | undefined {
    return this.has(index) ? this.inputs[index] : undefined;
  }

  shape(index: number): Shape {
    return shapeOf(this.facts(index));
  }

  rank(index: number): number | undefined {
    return this.shape(index)?.length;
  }

  dtype(index: number): DataType | undefined {
    return dtypeOf(this.facts(index));
  }

  contents(index: number): Contents | undefined {
    return this.facts(index)?.contents;
  }

  /** The elements of an input when all are known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const contents = this.contents(index);
    return contents?.every((value) => typeof value === 'number')
      ? (contents as readonly number[])
      : undefined;
  }

  int(name: string, fallback: number): number {
    return intAttribute(this.node, name, fallback);
  }

  findInt(name: string): number | undefined {
    return intAttribute(this.node, name);
  }

  ints(name: string): readonly number[] | undefined {
    return intsAttribute(this.node, name);
  }

  /** INTS as places along axes: what is beyond ±2^53 becomes that, which is beyond every dimension there can be. */
  places(name: string): readonly number[] | undefined {
    const limit = Number.MAX_SAFE_INTEGER;
    return attributeValue(this.node, name, 'INTS')?.map((value) =>
      Math.max(-limit, Math.min(limit, Number(value))),
    );
  }

  floats(name: string): readonly number[] | undefined {
    return attributeValue(this.node, name, 'FLOATS');
  }

  text(name: string, fallback: string): string {
    return stringAttribute(this.node, name, fallback);
  }

  graph(name: string): Graph | undefined {
    return attributeValue(this.node, name, 'GRAPH');
  }

  /** An axis counted from the front. Throws `axis-out-of-range`. */
  axis(axis: number, rank: number, name = 'axis'): number {
    if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    return this.fail('axis-out-of-range', `${name} ${axis} is outside a tensor of rank ${rank}.`);
  }

  /** Axes counted from the front, each once. Throws `axis-out-of-range` and `duplicate-axis`. */
  axes(axes: readonly number[], rank: number): readonly number[] {
    const normal = axes.map((axis) => this.axis(axis, rank, 'axis'));
    if (new Set(normal).size < normal.length)
      this.fail('duplicate-axis', `axes [${axes}] name an axis twice.`);
    return normal;
  }

  /** Checks the rank of an input where it is known. */
  requireRank(index: number, test: (rank: number) => boolean, wanted: string): void {
    const rank = this.rank(index);
    if (rank !== undefined && !test(rank))
      this.fail('rank-mismatch', `input ${index} has rank ${rank}; it has to be ${wanted}.`);
  }

  /** The element type that all of these inputs share, as far as known. Throws `dtype-mismatch`. */
  sharedType(indices: readonly number[]): DataType | undefined {
    let shared: DataType | undefined;
    for (const index of indices) {
      const dtype = this.dtype(index);
      if (dtype !== undefined && shared !== undefined && dtype !== shared)
        this.fail('dtype-mismatch', `its inputs have to be of one type, but are ${shared} and ${dtype}.`);
      shared ??= dtype;
    }
    return shared;
  }

  /** One length out of two that have to be equal. Throws `shape-mismatch`. */
  equalDims(a: Dim, b: Dim, what: string): Dim {
    if (typeof a === 'number' && typeof b === 'number' && a !== b)
      this.fail('shape-mismatch', `${what} is ${a} on one side and ${b} on the other.`);
    return typeof a === 'number' ? a : typeof b === 'number' ? b : (a ?? b);
  }

  fail(code: string, message: string): never {
    const name = this.node.name || this.node.outputs.find((output) => output !== '') || '';
    throw new ModelError(code, `${this.node.opType} "${name}": ${message}`, {
      at: name,
      fix: 'The model contradicts itself here; export it again, or correct what made this node.',
    });
  }
}
