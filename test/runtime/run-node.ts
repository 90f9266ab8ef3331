import type { Node, Tensor } from '../../src/ir/index.ts';
import { makeAttribute, type PlainValue } from '../../src/ops/index.ts';
import { evaluateNode } from '../../src/runtime/index.ts';

export interface NodeOptions {
  readonly opset?: number;
  readonly domain?: string;
  readonly outputs?: number;
  /** Attributes that are FLOAT or FLOATS even where their value is whole. */
  readonly floats?: readonly string[];
}

/** A node on its own, its inputs called i0, i1 …; `undefined` inputs are absent. */
export function nodeOf(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, PlainValue>> = {},
  options: NodeOptions = {},
): Node {
  const { domain, outputs = 1, floats = [] } = options;
  const typeOf = (name: string, value: PlainValue) =>
    floats.includes(name) ? (Array.isArray(value) ? 'FLOATS' : 'FLOAT') : undefined;
  return {
    opType,
    domain,
    inputs: inputs.map((input, i) => (input === undefined ? '' : `i${i}`)),
    outputs: Array.from({ length: outputs }, (_, i) => `o${i}`),
    attributes: Object.entries(attributes).map(([name, value]) =>
      makeAttribute(name, value, typeOf(name, value)),
    ),
    metadata: [],
    deviceConfigurations: [],
  };
}

/** Runs one operator and gives its outputs. */
export function runNode(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, PlainValue>> = {},
  options: NodeOptions = {},
): Tensor[] {
  const node = nodeOf(opType, inputs, attributes, options);
  return evaluateNode(node, inputs, { opset: options.opset ?? 21 }) as Tensor[];
}

/** The first output as dims and plain values. */
export function valuesOf(tensor: Tensor | undefined): unknown[] {
  if (tensor === undefined) return [];
  return tensor.dtype === 'string'
    ? [...tensor.toStrings()]
    : Array.from(tensor.toTypedArray() as ArrayLike<unknown>);
}
