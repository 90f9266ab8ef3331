import type { DataType, Tensor } from '../../src/ir/index.ts';
import type { PlainValue } from '../../src/ops/index.ts';
import type { Values } from './values.ts';

/**
 * How far a float may be from the engine's.
 *
 * `exact`: the same value, the sign of zero included. `element`: that many units in the last place of the element.
 * `largest`: that many units in the last place of the largest value computed on the way, which is the largest result of
 * the same node on the magnitudes of its inputs (or of `inputs`, where that says more).
 */
export type Tolerance =
  | { readonly kind: 'exact' }
  | { readonly kind: 'element' | 'largest'; readonly ulps: number; readonly largest?: number };

export const exact: Tolerance = { kind: 'exact' };

/** Plain attribute values by name. */
export type Attributes = Readonly<Record<string, PlainValue>>;

/** Attributes that are there at times. */
export function when(condition: boolean, attributes: Attributes): Attributes {
  return condition ? attributes : {};
}

/** One operator with its inputs: what a maker makes. */
export interface Sketch {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Attributes;
  /** Attributes that are FLOAT or FLOATS even where their value is whole. */
  readonly floats?: readonly string[];
  readonly outputs?: number;
  readonly within?: Tolerance;
}

/** Makes random nodes of one operator. */
export interface Maker {
  readonly opType: string;
  readonly domain?: string;
  readonly family: string;
  /** First and last opset it makes nodes of. */
  readonly since: number;
  readonly until?: number;
  readonly within: Tolerance;
  /** How often it is picked, 1 unless given. */
  readonly weight?: number;
  /** Whether all inputs but the first are initializers; otherwise some are fed. */
  readonly constants?: boolean;
  /** The first input; where it is absent, `make` brings its own. */
  readonly x?: (values: Values) => Tensor;
  /** Whether a value another node computed can be the first input. Absent: none can. */
  readonly follows?: (x: Tensor, opset: number) => boolean;
  make(values: Values, x: Tensor): Sketch;
}

/** Element types that ONNX Runtime's CPU kernels have for most operators. */
export const commonTypes: readonly DataType[] = ['float32', 'int32', 'int64', 'float64'];
export const byteTypes: readonly DataType[] = ['int8', 'uint8'];
