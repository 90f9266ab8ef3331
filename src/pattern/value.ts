import type { DataType, GraphView, Node, Tensor, TensorType, Type } from '../ir/index.ts';
import { titleOf } from '../ir/index.ts';
import {
  constantOf,
  normalDomain,
  type OperatorAttributes,
  type PlainValue,
  plainAttributes,
} from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';

/** What a match looks at: the graph, and (asked for only when needed) the types of its values. */
export interface Scope {
  readonly view: GraphView;
  typeOf(value: string): Type | undefined;
}

/** A length of a shape: a number, a symbol, or unknown. */
export type Length = number | string | undefined;

/** A value of the graph that a pattern has found or a rewrite has made. */
export class Value {
  readonly name: string;
  readonly #scope: Scope;

  constructor(name: string, scope: Scope) {
    this.name = name;
    this.#scope = scope;
  }

  get type(): Type | undefined {
    return this.#scope.typeOf(this.name);
  }

  /** Element type, where known. */
  get dtype(): DataType | undefined {
    return this.#tensorType?.elemType;
  }

  /** Lengths by axis, where the rank is known. */
  get dims(): readonly Length[] | undefined {
    return this.#tensorType?.shape?.map((dim) => dim.value ?? dim.param);
  }

  get rank(): number | undefined {
    return this.#tensorType?.shape?.length;
  }

  /** The tensor the value always is, in whatever guise: what `constant()` matches. */
  get constant(): Tensor | undefined {
    return constantOf(this.#scope.view, this.name);
  }

  /** Whether the value is an output of the graph. */
  get isGraphOutput(): boolean {
    return this.#scope.view.isOutput(this.name);
  }

  /** Whether it is an output of the model itself, not of a subgraph or of a function (whose views know no IR version). */
  get isModelOutput(): boolean {
    const { outer, irVersion } = this.#scope.view;
    return this.isGraphOutput && outer === undefined && irVersion !== undefined;
  }

  /** The node that makes the value; undefined for inputs, initializers and captured values. */
  get producer(): Node | undefined {
    return this.#scope.view.producer(this.name);
  }

  /** The same node as a pattern would capture it. */
  get maker(): NodeMatch | undefined {
    const { producer } = this;
    return producer === undefined ? undefined : new NodeMatch(producer, this.#scope);
  }

  /** Nodes that read the value (or capture it in a subgraph), each once, in graph order. */
  get readers(): readonly Node[] {
    return [...new Set(this.#scope.view.uses(this.name).map((use) => use.node))];
  }

  /** Every place that reads the value: the node, and the input it reads it by (-1: inside a subgraph). */
  get uses(): readonly { readonly reader: NodeMatch; readonly index: number }[] {
    return this.#scope.view
      .uses(this.name)
      .map(({ node, index }) => ({ reader: new NodeMatch(node, this.#scope), index }));
  }

  toString(): string {
    return this.name;
  }

  get #tensorType(): TensorType | undefined {
    const type = this.type;
    return type?.kind === 'tensor' ? type : undefined;
  }
}

/** A value that is known when the model is built, whatever its guise. */
export class Constant extends Value {
  readonly tensor: Tensor;

  constructor(name: string, scope: Scope, tensor: Tensor) {
    super(name, scope);
    this.tensor = tensor;
  }

  override get dtype(): DataType {
    return this.tensor.dtype;
  }

  override get dims(): readonly number[] {
    return this.tensor.dims;
  }

  get size(): number {
    return this.tensor.size;
  }

  /** The elements as numbers; throws `value-out-of-range` for 64-bit integers beyond 2^53. */
  numbers(): readonly number[] {
    return numbersOf(this.tensor);
  }
}

/** Elements as exact numbers; throws `value-out-of-range` for 64-bit integers beyond 2^53. */
export function numbersOf(tensor: Tensor): readonly number[] {
  return Array.from(tensor.toTypedArray() as ArrayLike<number | bigint>, (value) => {
    if (typeof value === 'number' || Number.isSafeInteger(Number(value))) return Number(value);
    throw new ModelError(
      'value-out-of-range',
      `${value} in "${tensor.name ?? 'a constant'}" is beyond 2^53.`,
    );
  });
}

/** A node that a pattern has found. */
export class NodeMatch<Op extends string = string> {
  readonly node: Node;
  readonly opType: Op;
  readonly #scope: Scope;
  #attributes: object | undefined;

  constructor(node: Node, scope: Scope) {
    this.node = node;
    this.opType = node.opType as Op;
    this.#scope = scope;
  }

  /** Attribute values, INT as number, with the defaults of the schema in force. */
  get attributes(): Op extends keyof OperatorAttributes
    ? OperatorAttributes[Op]
    : Readonly<Record<string, PlainValue | undefined>> {
    this.#attributes ??= plainAttributes(this.node, this.#scope.view.opset(this.node.domain)) as object;
    return this.#attributes as never;
  }

  /** Whether the node is of the standard domain and calls no function of the model. */
  get isStandard(): boolean {
    return normalDomain(this.node.domain) === '' && this.#scope.view.function(this.node) === undefined;
  }

  /** Imported version of the node's domain. */
  get opset(): number | undefined {
    return this.#scope.view.opset(this.node.domain);
  }

  get inputs(): readonly (Value | undefined)[] {
    return this.node.inputs.map((name) => (name === '' ? undefined : new Value(name, this.#scope)));
  }

  get outputs(): readonly (Value | undefined)[] {
    return this.node.outputs.map((name) => (name === '' ? undefined : new Value(name, this.#scope)));
  }

  /** The first output. */
  get output(): Value {
    return new Value(this.node.outputs[0] ?? '', this.#scope);
  }

  toString(): string {
    return titleOf(this.node);
  }
}
