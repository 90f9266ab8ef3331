import { tensorDigest } from '../analysis/index.ts';
import { elementCount, type Model, type Node, sortNodes } from '../ir/index.ts';
import { constantArray, poolOf, type TermArray, termsOf } from './arrays.ts';
import { type MadeBy, type Reading, readNode } from './read.ts';
import type { TermTable } from './terms.ts';
import { placeOf, Unfollowed } from './unfollowed.ts';

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
 * @param model as `subjectOf` makes it
 * @param inputs the terms of the inputs, by name
 * @returns what is known of each value of the main graph
 */
export function followModel(
  model: Model,
  inputs: ReadonlyMap<string, TermArray>,
  common: Common,
): ReadonlyMap<string, TermArray> {
  const { graph } = model;
  if (graph.sparseInitializers.length > 0)
    throw new Unfollowed('main', 'sparse initializers are not followed');
  const values = new Map<string, TermArray>();
  for (const tensor of graph.initializers) values.set(tensor.name ?? '', constantArray(tensor));
  for (const [name, array] of inputs) values.set(name, array);
  let elements = 0;
  for (const node of sortNodes(graph.nodes)) {
    followNode(model, node, values, common).forEach((array, i) => {
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
  const { table } = common;
  const inputs = node.inputs.map((name) => (name === '' ? undefined : known(values, name, node)));
  const reading = readNode(model, node, inputs);
  const terms = (i: number) => termsOf(inputs[i]!, table.constant);
  switch (reading.kind) {
    case 'constants':
      return reading.outputs.map((tensor) => tensor && constantArray(tensor));
    case 'moves': {
      const { dtype, moved, fills } = reading;
      const pool = poolOf(moved.map(terms), fills ? table.constant(dtype, 0) : -1);
      return reading.outputs.map((output) => {
        return (
          output && {
            dtype,
            dims: output.dims,
            terms: Float64Array.from(output.places, (place) => pool[place]!),
          }
        );
      });
    }
    case 'pointwise': {
      const { operand, dtype, primitives, primitiveOf } = reading;
      const applied = terms(operand).map((term, i) => table.apply(term, primitives[primitiveOf(i)]!));
      return [{ dtype, dims: inputs[operand]!.dims, terms: applied }];
    }
    case 'selection':
      return [followSelection(reading, inputs, table)];
    case 'made':
      return followMade(reading, inputs, common);
  }
}

function followSelection(
  { of, groups, dtype, dims }: Reading & { kind: 'selection' },
  inputs: readonly (TermArray | undefined)[],
  table: TermTable,
): TermArray {
  const operands = inputs.map((array) => array && termsOf(array, table.constant));
  const terms = groups.map((group) => {
    const members = group.map(([input, position]) => operands[input]![position]!);
    return table.extreme(of, members, dtype);
  });
  return { dtype, dims, terms: Float64Array.from(terms) };
}

/** What all elements went through alike is done behind a node that only moves them. */
function followMade(
  reading: MadeBy,
  inputs: readonly (TermArray | undefined)[],
  { table, made }: Common,
): readonly (TermArray | undefined)[] {
  const [first, ...others] = reading.carried.flatMap((i) => inputs[i] ?? []);
  const split = first && table.split(first);
  const alike = split !== undefined && others.every((array) => table.split(array)?.fn === split.fn);
  if (!alike) return made.outputsOf(reading, inputs, table);
  const plain = inputs.map((array, i) =>
    array && reading.carried.includes(i) ? table.split(array)!.plain : array,
  );
  const outputs = reading.outputs.map((output) => output && { ...output, dtype: split.plain.dtype });
  return made.outputsOf({ ...reading, outputs }, plain, table).map((array, i) => {
    return array && { ...array, dtype: reading.outputs[i]!.dtype, terms: table.behind(array, split.fn) };
  });
}

/** The nodes that are not looked into. Nodes alike on the same elements are one. */
export class Made {
  readonly nodes: MadeNode[] = [];
  readonly #arrays = new Map<string, TermArray[]>();
  readonly #arrayNumbers = new Map<TermArray, number>();
  readonly #nodeNumbers = new Map<string, number>();

  outputsOf(
    { operator, outputs }: MadeBy,
    inputs: readonly (TermArray | undefined)[],
    table: TermTable,
  ): readonly (TermArray | undefined)[] {
    const key = `${operator} (${inputs.map((array) => (array ? this.#numberOf(array) : ''))})`;
    const number = this.#nodeNumbers.get(key) ?? this.nodes.push({ operator, inputs }) - 1;
    this.#nodeNumbers.set(key, number);
    return outputs.map((type, output) => {
      if (type === undefined) return undefined;
      const { dtype, dims } = type;
      const rootOf = (element: number) => ({ kind: 'made', dtype, node: number, output, element }) as const;
      return { dtype, dims, terms: table.tensor(`made ${number} ${output}`, elementCount(dims), rootOf) };
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

function known(values: ReadonlyMap<string, TermArray>, name: string, node: Node): TermArray {
  const array = values.get(name);
  if (array === undefined) throw new Unfollowed(placeOf(node), `nothing makes the value "${name}"`);
  return array;
}
