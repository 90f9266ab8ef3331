import { dataTypeFromCode, type GraphView, type Node, storageOf, type Tensor, tensor } from '../ir/index.ts';
import { findAttribute } from './attributes.ts';
import { castTensor, isNumeric } from './cast.ts';
import { normalDomain } from './schema.ts';

export interface ConstantOptions {
  /** Whether an initializer that is also a graph input, an overridable default, counts as a constant. */
  readonly overridable?: boolean;
  /** Most nodes to look through. */
  readonly depth?: number;
}

/** Where a constant comes from: the tensor that is stored, and the nodes between it and the value. */
export interface ConstantSource {
  /** What the file holds: an initializer, or the tensor a Constant node carries. */
  readonly stored: Tensor;
  /** Name of the initializer or of the Constant node's output. */
  readonly storedAs: string;
  /** Constant, Identity and Cast nodes, from the stored tensor to the value; empty for an initializer. */
  readonly nodes: readonly Node[];
}

/** Most Identity and Cast nodes a constant is looked for behind, unless told otherwise. */
export const defaultConstantDepth = 1000;

/**
 * The tensor a value always is, in whatever guise: an initializer, a Constant node, Identity or Cast of one, or any of
 * these in an enclosing graph. `undefined` when the value depends on anything else.
 *
 * An initializer that is also a graph input is a default that the caller may override, so it is no constant, except
 * below IR version 4, where every initializer had to be an input. Operators of other domains are never looked through.
 *
 * @throws ModelError `tensor-too-short` when a Cast reads a damaged constant
 */
export function constantOf(
  view: GraphView,
  value: string,
  options: ConstantOptions = {},
): Tensor | undefined {
  const source = constantSource(view, value, options);
  if (source === undefined) return undefined;
  let result = source.stored;
  for (const node of source.nodes) {
    if (node.opType !== 'Cast') continue;
    const cast = castOf(node, result);
    if (cast === undefined) return undefined;
    result = cast;
  }
  return result;
}

/** How a constant value is reached, for telling people; `undefined` when it is none. */
export function constantSource(
  view: GraphView,
  value: string,
  { overridable = false, depth = defaultConstantDepth }: ConstantOptions = {},
): ConstantSource | undefined {
  const nodes: Node[] = [];
  let scope: GraphView | undefined = view;
  let name = value;
  while (scope !== undefined && name !== '' && nodes.length <= depth) {
    const input = scope.input(name);
    const initializer = scope.initializer(name);
    const fixed = input === undefined || overridable || (scope.irVersion ?? Infinity) < 4;
    if (initializer !== undefined && fixed)
      return { stored: initializer, storedAs: name, nodes: nodes.reverse() };
    if (input !== undefined || initializer !== undefined) return undefined;
    const node: Node | undefined = scope.producer(name);
    if (node === undefined) {
      scope = scope.outer;
      continue;
    }
    if (normalDomain(node.domain) !== '' || node.outputs[0] !== name || scope.function(node) !== undefined)
      return undefined;
    nodes.push(node);
    if (node.opType === 'Constant') {
      const stored = constantValue(node);
      return stored && { stored, storedAs: name, nodes: nodes.reverse() };
    }
    if (node.opType !== 'Identity' && node.opType !== 'Cast') return undefined;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

/** Whether a value is a constant in any guise. */
export function isConstant(view: GraphView, value: string, options: ConstantOptions = {}): boolean {
  return constantOf(view, value, options) !== undefined;
}

const stored = new WeakMap<Node, Tensor>();

/**
 * The tensor a Constant node carries, whichever attribute it uses; `undefined` for sparse values, references to a
 * function's attribute and nodes that carry none.
 */
export function constantValue(node: Node): Tensor | undefined {
  const known = stored.get(node) ?? readConstant(node);
  if (known !== undefined) stored.set(node, known);
  return known;
}

function readConstant(node: Node): Tensor | undefined {
  for (const attribute of node.attributes) {
    const { name, type, value } = attribute;
    if (name === 'value' && type === 'TENSOR') return value;
    if (name === 'value_float' && type === 'FLOAT') return tensor('float32', [], [value]);
    if (name === 'value_floats' && type === 'FLOATS') return tensor('float32', [value.length], value);
    if (name === 'value_int' && type === 'INT') return tensor('int64', [], [value]);
    if (name === 'value_ints' && type === 'INTS') return tensor('int64', [value.length], value);
    if (name === 'value_string' && type === 'STRING') return tensor('string', [], [value]);
    if (name === 'value_strings' && type === 'STRINGS') return tensor('string', [value.length], value);
  }
  return undefined;
}

const casts = new WeakMap<Tensor, Map<string, Tensor>>();

/** A tensor as a Cast node converts it; `undefined` when it cannot be told. */
function castOf(node: Node, source: Tensor): Tensor | undefined {
  const target = findAttribute(node, 'to');
  if (target?.type !== 'INT' || !isNumeric(source.dtype) || storageOf(source).kind === 'missing')
    return undefined;
  const to = dataTypeFromCode(Number(target.value));
  if (!isNumeric(to)) return undefined;
  const saturate = findAttribute(node, 'saturate')?.value !== 0n;
  const roundMode = findAttribute(node, 'round_mode')?.value ?? 'up';
  if (roundMode !== 'up' && roundMode !== 'down' && roundMode !== 'nearest') return undefined;
  const results = casts.get(source) ?? new Map<string, Tensor>();
  casts.set(source, results);
  const key = `${to} ${saturate} ${roundMode}`;
  const result = results.get(key) ?? castTensor(source, to, { saturate, roundMode });
  results.set(key, result);
  return result;
}
