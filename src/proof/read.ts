import { inferTypes, tensorDigest, typeOf } from '../analysis/index.ts';
import {
  type DataType,
  elementCount,
  findFunction,
  type Model,
  type Node,
  opsetOf,
  subgraphsOf,
  Tensor,
  tensor,
  valuesOf,
} from '../ir/index.ts';
import { findSchema, intAttribute, isRandom, normalDomain, plainAttributes } from '../ops/index.ts';
import { supportedOperators } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import type { TermArray } from './arrays.ts';
import { evaluate } from './evaluate.ts';
import { carriedInputs, type Moves, readMoves } from './moves.ts';
import { type Pointwise, readPointwise } from './primitives.ts';
import { placeOf, Unfollowed } from './unfollowed.ts';
import { readSelection, type Selection } from './windows.ts';

/**
 * What a node does to elements.
 *
 * `constants`: the outputs depend on no element at all. `made`: an operator that is not looked into.
 */
export type Reading =
  | { readonly kind: 'constants'; readonly outputs: readonly (Tensor | undefined)[] }
  | Moves
  | Pointwise
  | Selection
  | MadeBy;

/** An operator that is not looked into: alike on the same elements it makes the same. */
export interface MadeBy {
  readonly kind: 'made';
  /** Operator, version and attributes. */
  readonly operator: string;
  /** The inputs whose elements the outputs are, by position, where the operator moves them by what is no constant. */
  readonly carried: readonly number[];
  readonly outputs: readonly (ArrayType | undefined)[];
}

interface ArrayType {
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/**
 * Reads a node: the one place that says what operators mean, for proofs and for those who check them.
 *
 * @param inputs what is known of each input; `undefined` where the node has none
 * @throws Unfollowed for nodes whose outputs their inputs do not decide, and for those nothing is known of
 */
export function readNode(model: Model, node: Node, inputs: readonly (TermArray | undefined)[]): Reading {
  const opset = opsetOf(model.opsetImports, node.domain) ?? 1;
  checkDecided(model, node, inputs, opset);
  try {
    const type = outputType(model, node, 0);
    return (
      readConstants(node, inputs, opset) ??
      readMoves(node, inputs, opset) ??
      readPointwise(node, inputs, type?.dtype) ??
      readSelection(node, inputs, type?.dims) ??
      readMade(model, node, inputs, opset)
    );
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new Unfollowed(placeOf(node), error.message);
  }
}

const executable = new Set(supportedOperators().map(({ domain, opType }) => `${domain}::${opType}`));

/** Only an operator whose outputs are decided by its inputs may stand for itself. */
function checkDecided(
  model: Model,
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
): void {
  const title = normalDomain(node.domain) === '' ? node.opType : `${node.domain}::${node.opType}`;
  const refuse = (why: string) => {
    throw new Unfollowed(placeOf(node), `${title} ${why}`);
  };
  if (findFunction(model.functions, node) !== undefined)
    refuse('is a function of the model that cannot be written out in its place');
  if (subgraphsOf(node).length > 0) refuse('has subgraphs, which are not followed');
  if (isRandom(node)) refuse('draws random numbers');
  if (normalDomain(node.domain) === '' && node.opType === 'Dropout' && mayTrain(node, inputs[2], opset))
    refuse('may draw random numbers');
  if (!executable.has(`${normalDomain(node.domain)}::${node.opType}`))
    refuse('is an operator nothing is known of');
}

/** Whether a Dropout may be in training. */
function mayTrain(node: Node, mode: TermArray | undefined, opset: number): boolean {
  if (opset < 7) return intAttribute(node, 'is_test', 0) === 0;
  return mode !== undefined && !(mode.constant?.size === 1 && Number(valuesOf(mode.constant)[0]) === 0);
}

/** A node that reads constants alone, or nothing but the shape of what it reads. */
function readConstants(
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
): Reading | undefined {
  const readsShape = normalDomain(node.domain) === '' && ['Shape', 'Size'].includes(node.opType);
  const tensors = inputs.map((array) => (readsShape ? array && shapeAlone(array) : array?.constant));
  if (inputs.some((array, i) => array !== undefined && tensors[i] === undefined)) return undefined;
  return { kind: 'constants', outputs: evaluate(node, tensors, opset) };
}

/** A tensor of the same shape. */
function shapeAlone({ dims }: TermArray): Tensor {
  return tensor('bool', dims, new Uint8Array(elementCount(dims)));
}

function readMade(
  model: Model,
  node: Node,
  inputs: readonly (TermArray | undefined)[],
  opset: number,
): MadeBy {
  const outputs = node.outputs.map((name, i) => {
    if (name === '') return undefined;
    const type = outputType(model, node, i);
    if (type?.dims !== undefined) return { dtype: type.dtype, dims: type.dims };
    throw new Unfollowed(placeOf(node), `the shape of "${name}", which ${node.opType} makes, is not known`);
  });
  const carried = carriedInputs(node, inputs, opset);
  return { kind: 'made', operator: describeOperator(node, opset), carried, outputs };
}

/**
 * Operator, version and attributes with the schema's defaults, in words that are the same for nodes alike. Operators
 * with any number of outputs share one input out among them, so that their number counts.
 */
function describeOperator(node: Node, opset: number): string {
  const plain = plainAttributes(node, opset);
  const attributes = Object.keys(plain)
    .sort()
    .map((name) => `${name}=${JSON.stringify(plain[name], (_, value) => tellable(value))}`);
  const variadic = findSchema(node.domain, node.opType, opset)?.maxOutputs === Infinity;
  const outputs = variadic ? ` => ${node.outputs.length}` : '';
  return `${normalDomain(node.domain)}::${node.opType}@${opset} <${attributes}>${outputs}`;
}

function tellable(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0';
  return value instanceof Tensor ? tensorDigest(value) : value;
}

/** Element type and, where known, shape of an output. */
function outputType(
  model: Model,
  node: Node,
  output: number,
): { readonly dtype: DataType; readonly dims: readonly number[] | undefined } | undefined {
  const type = typeOf(inferTypes(model), node.outputs[output] ?? '');
  if (type?.kind !== 'tensor' || type.elemType === 'undefined') return undefined;
  const dims = type.shape?.map(({ value }) => value ?? -1);
  return { dtype: type.elemType, dims: dims?.every((dim) => dim >= 0) ? dims : undefined };
}
