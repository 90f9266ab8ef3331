import type { DataType, Graph, Node } from '../ir/index.ts';
import type { OperatorAttributes, PlainValue } from '../ops/index.ts';
import type { NdArray } from './array.ts';
import type { Conventions } from './conventions.ts';
import type { RandomNumbers } from './random-numbers.ts';
import { parseSignature, type Signature, type TypeVariables } from './signature.ts';

/** One call of a kernel: a node's attributes with the schema's defaults, and the values of its inputs. */
export interface KernelCall<Attributes = Readonly<Record<string, PlainValue | undefined>>> {
  readonly node: Node;
  readonly attributes: Attributes;
  /** The schema version in force: the largest `since` not above the imported opset. */
  readonly version: number;
  /** By position; `undefined` where an optional input is absent. */
  readonly inputs: readonly (NdArray | undefined)[];
  /** Whether somebody may read the output: the node names it. */
  wants(output: number): boolean;
  /** Runs a subgraph of the node; it sees the values around the node. */
  runGraph(graph: Graph, inputs: readonly NdArray[]): NdArray[];
  /** What a subgraph was given or has made is needed no more, though the node is not done: its memory is free. */
  discard(values: readonly NdArray[]): void;
  /** How often a loop may turn before it is called endless. */
  readonly maxIterations: number;
  /** How the run rounds, sums and overflows where the standard leaves it open. */
  readonly conventions: Conventions;
  /**
   * A fresh source of random numbers for the node's own seed, else for the seed of the run.
   *
   * @throws ModelError `unseeded` when there is neither
   */
  random(seed: number | undefined): RandomNumbers;
}

/** What a kernel computes: its one output, or all of them by position. */
export type KernelResult = NdArray | readonly (NdArray | undefined)[];

/** The computation of one operator, in the versions and for the element types it declares. */
export interface Kernel {
  readonly opType: string;
  /** `""` is the standard domain. */
  readonly domain: string;
  /** The schema versions (`since`) it implements. */
  readonly versions: readonly number[];
  /** Element types of inputs and outputs. */
  readonly signature: Signature;
  /** Element types of outputs that depend on attributes. */
  readonly outputTypes?: ((call: TypeCall) => readonly (DataType | undefined)[]) | undefined;
  /** Throws `unsupported-attribute` for a node that is right but cannot be computed, before anything runs. */
  readonly check?: ((call: CheckCall) => void) | undefined;
  readonly run: (call: KernelCall) => KernelResult;
}

/** What a node says of itself. */
export type CheckCall = Omit<TypeCall, 'inputs'>;

/** What output types may depend on. */
export interface TypeCall {
  readonly node: Node;
  readonly attributes: Readonly<Record<string, PlainValue | undefined>>;
  readonly inputs: readonly (DataType | undefined)[];
  readonly version: number;
}

type AttributesOf<Op extends string> = Op extends keyof OperatorAttributes
  ? OperatorAttributes[Op]
  : Readonly<Record<string, PlainValue | undefined>>;

export interface KernelDefinition<Op extends string> {
  readonly domain?: string;
  readonly versions: readonly number[];
  /** Like `T, T, I -> T`: a variable of `where`, an element type, `*` for any, `?` for "known when it runs"; `...` repeats. */
  readonly types: string;
  readonly where?: TypeVariables;
  readonly outputTypes?: Kernel['outputTypes'];
  readonly check?: Kernel['check'];
  run(call: KernelCall<AttributesOf<Op>>): KernelResult;
}

/**
 * Defines the kernel of an operator.
 *
 * @example kernel('Neg', { versions: [6, 13], types: 'T -> T', where: { T: floats }, run: ({ inputs: [x] }) => … })
 */
export function kernel<Op extends string>(opType: Op, definition: KernelDefinition<Op>): Kernel {
  const { domain = '', versions, types, where = {}, outputTypes, check, run } = definition;
  return Object.freeze({
    opType,
    domain,
    versions,
    signature: parseSignature(types, where),
    outputTypes,
    check,
    run: run as Kernel['run'],
  });
}
