import { inferTypes, tensorDigest, typeOf } from '../analysis/index.ts';
import {
  type DataType,
  findFunction,
  type Model,
  type Node,
  opsetOf,
  sortNodes,
  subgraphsOf,
  type Tensor,
  titleOf,
  valuesOf,
} from '../ir/index.ts';
import { isRandom, normalDomain, plainAttributes } from '../ops/index.ts';
import { evaluateNode, supportedOperators } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { countOf, type TermArray, termsOf, termTensor } from './arrays.ts';
import { movedInputs } from './moves.ts';
import { readPointwise } from './primitives.ts';
import type { TermTable } from './terms.ts';
import { readSelection } from './windows.ts';

/** Why a model cannot be followed. */
export class Unfollowed extends Error {
  readonly at: string;

  constructor(at: string, message: string) {
    super(message);
    this.at = at;
  }
}

/** A node that is not looked into: what it is, and the elements it reads. */
export interface MadeNode {
  /** Operator, version and attributes. */
  readonly operator: string;
  readonly inputs: readonly (TermArray | undefined)[];
}

/** What two models have in common while they are followed. */
export interface Common {
  readonly table: TermTable;
  /** The nodes that are not looked into, each once. */
  readonly made: Made;
  /** Elements all values together may have. */
  readonly limit: number;
}

/**
 * Follows every element through a model: what it is, in terms of the inputs' elements.
 *
 * @param model has the lengths of all inputs
 * @param inputs the terms of the inputs, by name
 * @returns what is known of each value of the main graph
 */
export function followModel(
  model: Model,
  inputs: ReadonlyMap<string, TermArray>,
  common: Common,
): ReadonlyMap<string, TermArray> {
  const { graph } = model;
  const values = new Map<string, TermArray>();
  for (const tensor of graph.initializers) values.set(tensor.name ?? '', constantArray(tensor));
  if (graph.sparseInitializers.length > 0)
    throw new Unfollowed('main', 'sparse initializers are not followed');
  for (const [name, array] of inputs) values.set(name, array);
  let elements = 0;
  for (const node of sortNodes(graph.nodes)) {
    const outputs = followNode(model, node, values, common);
    outputs.forEach((array, i) => {
      const name = node.outputs[i] ?? '';
      if (name === '' || array === undefined) return;
      elements += array.terms?.length ?? 0;
      values.set(name, array);
    });
    if (elements > common.limit)
      throw new Unfollowed(placeOf(node), `the model has more than ${common.limit} elements to follow`);
  }
  return values;
}

function followNode(
  model: Model,
  node: Node,
  values: ReadonlyMap<string, TermArray>,
  common: Common,
): readonly (TermArray | undefined)[] {
  const inputs = node.inputs.map((name) => (name === '' ? undefined : known(values, name, node)));
  const opset = opsetOf(model.opsetImports, node.domain) ?? 1;
  checkDeterministic(model, node);
  const constants = inputs.map((array) => array?.constant);
  if (inputs.every((array) => array === undefined || array.constant !== undefined))
    return evaluate(node, constants, opset).map((tensor) => tensor && constantArray(tensor));
  return (
    followMoves(node, inputs, opset, common.table) ??
    followPointwise(model, node, inputs, common.table) ??
    followSelection(model, node, inputs, common.table) ??
    common.made.outputsOf(model, node, inputs, opset, common.table)
  );
}

/** Reshape, Transpose, Concat, Pad …: the executor moves the numbers of the terms instead of the elements. */
export function followMoves(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
  table: TermTable,
): readonly (TermArray | undefined)[] | undefined {
  const moved = movedInputs(node, opset);
  if (moved === undefined) return undefined;
  if (inputs.some((array, i) => array !== undefined && !moved.includes(i) && array.constant === undefined))
    return undefined;
  const dtype = inputs[moved[0]!]!.dtype;
  if (dtype === 'string' || dtype.startsWith('complex')) return undefined;
  const operands = inputs.map((array, i) =>
    array && moved.includes(i) ? termTensor(array, table) : array?.constant,
  );
  const padding = node.opType === 'Pad' && operands[2] === undefined;
  const filled = padding
    ? termTensor({ dtype, dims: [], terms: Float64Array.of(table.constant(dtype, 0)) }, table)
    : undefined;
  const names = padding
    ? [node.inputs[0]!, node.inputs[1] ?? '', 'fill', ...node.inputs.slice(3)]
    : node.inputs;
  // Names of their own for each position: a value read twice may be moved by one input and counted by another.
  const apart = names.map((name, i) => (name === '' ? '' : `input ${i}`));
  const tensors = padding ? [operands[0], operands[1], filled, ...operands.slice(3)] : operands;
  const outputs = evaluate({ ...node, inputs: apart, origin: undefined }, tensors, opset);
  return outputs.map(
    (tensor) => tensor && { dtype, dims: tensor.dims, terms: valuesOf(tensor) as Float64Array },
  );
}

function followPointwise(
  model: Model,
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  table: TermTable,
): readonly TermArray[] | undefined {
  const [x] = inputs;
  const to = x && outputType(model, node)?.dtype;
  if (x === undefined || to === undefined) return undefined;
  const constants = inputs.map((array) => array?.constant);
  const operation = readPointwise(node, x.dtype, x.dims, to, constants);
  if (operation === undefined) return undefined;
  const { primitives, primitiveOf } = operation;
  const terms = termsOf(x, table).map((term, i) => table.apply(term, primitives[primitiveOf(i)]!));
  return [{ dtype: to, dims: x.dims, terms }];
}

function followSelection(
  model: Model,
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  table: TermTable,
): readonly TermArray[] | undefined {
  const output = outputType(model, node);
  if (output?.dims === undefined || inputs.length === 0) return undefined;
  const reduces = node.opType.startsWith('Reduce');
  const compared = reduces ? inputs.slice(0, 1) : inputs;
  if (compared.some((array) => array === undefined)) return undefined;
  const axes = reduces ? inputs[1]?.constant : undefined;
  if (reduces && inputs[1] !== undefined && axes === undefined) return undefined;
  const over = axes && Array.from(valuesOf(axes), Number);
  const selection = readSelection(
    node,
    compared.map((array) => array!.dims),
    groupDims(node, output.dims, compared),
    over,
  );
  if (selection === undefined) return undefined;
  const operands = compared.map((array) => termsOf(array!, table));
  const { dtype } = compared[0]!;
  const terms = selection.groups.map((group) =>
    table.extreme(
      selection.of,
      group.map(([input, position]) => operands[input]![position]!),
      dtype,
    ),
  );
  return [{ dtype, dims: output.dims, terms: Float64Array.from(terms) }];
}

/** Reductions make their groups from the input's shape: the output may have lost its axes. */
function groupDims(
  node: Node,
  output: readonly number[],
  compared: readonly (TermArray | undefined)[],
): readonly number[] {
  return node.opType === 'MaxPool' || node.opType === 'Max' || node.opType === 'Min'
    ? output
    : compared[0]!.dims;
}

/** The nodes that are not looked into. Nodes alike on the same elements are one. */
export class Made {
  readonly nodes: MadeNode[] = [];
  readonly #arrays = new Map<string, TermArray[]>();
  readonly #arrayNumbers = new Map<TermArray, number>();
  readonly #nodeNumbers = new Map<string, number>();

  outputsOf(
    model: Model,
    node: Node,
    inputs: readonly (TermArray | undefined)[],
    opset: number,
    table: TermTable,
  ): readonly (TermArray | undefined)[] {
    const operator = describeOperator(node, opset);
    const key = `${operator} (${inputs.map((array) => (array ? this.#numberOf(array) : ''))})`;
    const number = this.#nodeNumbers.get(key) ?? this.nodes.push({ operator, inputs }) - 1;
    this.#nodeNumbers.set(key, number);
    return node.outputs.map((name, output) => {
      if (name === '') return undefined;
      const type = outputType(model, node, output);
      if (type?.dims === undefined)
        throw new Unfollowed(
          placeOf(node),
          `the shape of "${name}", which ${node.opType} makes, is not known`,
        );
      const { dtype, dims } = type;
      const rootOf = (element: number) => ({ kind: 'made', dtype, node: number, output, element }) as const;
      return { dtype, dims, terms: table.tensor(`made ${number} ${output}`, countOf(dims), rootOf) };
    });
  }

  #numberOf(array: TermArray): number {
    const key = arrayKey(array);
    const alike = this.#arrays.get(key) ?? [];
    const known = alike.find((other) => sameArray(other, array));
    if (known !== undefined) return this.#arrayNumbers.get(known)!;
    this.#arrays.set(key, [...alike, array]);
    this.#arrayNumbers.set(array, this.#arrayNumbers.size);
    return this.#arrayNumbers.size - 1;
  }
}

/** Whether two arrays hold the same elements in the same shape. */
export function sameArray(a: TermArray, b: TermArray): boolean {
  if (a.dtype !== b.dtype || a.dims.join() !== b.dims.join()) return false;
  if (a.terms === undefined || b.terms === undefined)
    return (
      a.constant !== undefined &&
      b.constant !== undefined &&
      tensorDigest(a.constant) === tensorDigest(b.constant)
    );
  return a.terms.length === b.terms.length && a.terms.every((term, i) => term === b.terms![i]);
}

function arrayKey({ dtype, dims, terms, constant }: TermArray): string {
  if (terms === undefined) return tensorDigest(constant!);
  let hash = 0;
  for (const term of terms) hash = (Math.imul(hash, 31) + term) | 0;
  return `${dtype}[${dims}] ${hash}`;
}

/** Operator, version and attributes with the schema's defaults, in words that are the same for nodes alike. */
export function describeOperator(node: Node, opset: number): string {
  const plain = plainAttributes(node, opset);
  const attributes = Object.keys(plain)
    .sort()
    .map((name) => `${name}=${JSON.stringify(plain[name], (_, value) => tellable(value))}`);
  return `${normalDomain(node.domain)}::${node.opType}@${opset} <${attributes}>`;
}

function tellable(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0';
  return isTensor(value) ? tensorDigest(value) : value;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'dims' in value;
}

const executable = new Set(supportedOperators().map(({ domain, opType }) => `${domain}::${opType}`));

/** Only an operator whose result is decided by its inputs may stand for itself. */
function checkDeterministic(model: Model, node: Node): void {
  const title = normalDomain(node.domain) === '' ? node.opType : `${node.domain}::${node.opType}`;
  const refuse = (why: string) => {
    throw new Unfollowed(placeOf(node), `${title} ${why}`);
  };
  if (findFunction(model.functions, node) !== undefined) refuse('is a function of the model; inline it');
  if (subgraphsOf(node).length > 0) refuse('has subgraphs, which are not followed');
  if (isRandom(node)) refuse('draws random numbers');
  if (node.opType === 'Dropout' && (node.inputs[2] ?? '') !== '') refuse('may draw random numbers');
  if (!executable.has(`${normalDomain(node.domain)}::${node.opType}`))
    refuse('is an operator nothing is known of');
}

/** Runs a node on constants. */
export function evaluate(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  opset: number,
): readonly (Tensor | undefined)[] {
  try {
    return evaluateNode(node, inputs, { opset });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new Unfollowed(placeOf(node), error.message);
  }
}

export function constantArray(constant: Tensor): TermArray {
  return { dtype: constant.dtype, dims: constant.dims, constant: constant.withName(undefined) };
}

/** Element type and, where known, shape of an output. */
export function outputType(
  model: Model,
  node: Node,
  output = 0,
): { readonly dtype: DataType; readonly dims: readonly number[] | undefined } | undefined {
  const type = typeOf(inferTypes(model), node.outputs[output] ?? '');
  if (type?.kind !== 'tensor' || type.elemType === 'undefined') return undefined;
  const dims = type.shape?.map(({ value }) => value ?? -1);
  return { dtype: type.elemType, dims: dims?.every((dim) => dim >= 0) ? dims : undefined };
}

export function placeOf(node: Node): string {
  return `main/${titleOf(node)}`;
}

function known(values: ReadonlyMap<string, TermArray>, name: string, node: Node): TermArray {
  const array = values.get(name);
  if (array === undefined) throw new Unfollowed(placeOf(node), `nothing makes the value "${name}"`);
  return array;
}
