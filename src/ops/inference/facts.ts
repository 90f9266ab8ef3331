import {
  type DataType,
  type Dimension,
  elementCount,
  storageOf,
  type Tensor,
  type Type,
  valuesOf,
} from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import { isNumeric } from '../cast.ts';

/** A length: known, known by a symbol, or unknown. */
export type Dim = number | string | undefined;
/** Lengths, outermost first; `undefined` when even the rank is unknown. */
export type Shape = readonly Dim[] | undefined;
/** Elements in row-major order as far as they are known; symbols stand for lengths. */
export type Contents = readonly (number | string | undefined)[];

/** What is known of a value before anything runs. */
export interface Facts {
  readonly type: Type;
  /** Elements of a small tensor whose shape is known, as far as they follow from constants and shapes. */
  readonly contents?: Contents | undefined;
}

/** Most elements whose values are followed. */
export const maxContents = 1024;

/** Facts of a tensor; elements are kept only when there are as many as the shape says. */
export function tensorFacts(dtype: DataType | undefined, shape: Shape, contents?: Contents): Facts {
  const type = { kind: 'tensor', elemType: dtype ?? 'undefined', shape: shape?.map(toDimension) } as const;
  const kept = contents !== undefined && contents.length === countOf(shape) && contents.length <= maxContents;
  return kept ? { type, contents } : { type };
}

/** Facts of a constant. Its elements are looked at only when somebody asks for them. */
export function constantFacts(tensor: Tensor): Facts {
  return new ConstantFacts(tensor);
}

class ConstantFacts implements Facts {
  readonly type: Type;
  readonly #tensor: Tensor;
  #contents: Contents | null | undefined;

  constructor(tensor: Tensor) {
    this.type = { kind: 'tensor', elemType: tensor.dtype, shape: tensor.dims.map(toDimension) };
    this.#tensor = tensor;
  }

  get contents(): Contents | undefined {
    if (this.#contents === undefined) this.#contents = readContents(this.#tensor) ?? null;
    return this.#contents ?? undefined;
  }
}

function readContents(tensor: Tensor): Contents | undefined {
  if (!isNumeric(tensor.dtype) || storageOf(tensor).kind === 'missing') return undefined;
  try {
    return tensor.size > maxContents ? undefined : Array.from(valuesOf(tensor), Number);
  } catch (error) {
    // A damaged tensor is for validation to report; nothing follows from it.
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}

/** The element type of a tensor; `undefined` for other values and where it is unknown. */
export function dtypeOf(facts: Facts | undefined): DataType | undefined {
  const type = facts?.type;
  return isTensorType(type) && type.elemType !== 'undefined' ? type.elemType : undefined;
}

/** The lengths of a tensor; negative lengths and empty symbols, which some exporters write, are unknown. */
export function shapeOf(facts: Facts | undefined): Shape {
  const type = facts?.type;
  return isTensorType(type) ? type.shape?.map(toDim) : undefined;
}

function isTensorType(type: Type | undefined): type is Extract<Type, { elemType: DataType }> {
  return type?.kind === 'tensor' || type?.kind === 'sparse-tensor';
}

export function toDim({ value, param }: Dimension): Dim {
  return value !== undefined ? (value >= 0 ? value : undefined) : param || undefined;
}

export function toDimension(dim: Dim): Dimension {
  return typeof dim === 'number' ? { value: dim } : dim === undefined ? {} : { param: dim };
}

/** Number of elements when every length is known. */
export function countOf(shape: Shape): number | undefined {
  if (shape === undefined || !isKnown(shape)) return undefined;
  return elementCount(shape);
}

/** Whether every length is a number. */
export function isKnown(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

/** What two branches have in common: equal lengths stay, others become unknown; different ranks leave none. */
export function commonFacts(a: Facts | undefined, b: Facts | undefined): Facts | undefined {
  if (a === undefined || b === undefined) return undefined;
  const type = commonType(a.type, b.type);
  return type && { type };
}

function commonType(a: Type, b: Type): Type | undefined {
  if (a.kind !== b.kind) return undefined;
  if (a.kind === 'sequence' || a.kind === 'optional') {
    const other = (b as typeof a).elem;
    return { kind: a.kind, elem: a.elem && other && commonType(a.elem, other) };
  }
  if (!isTensorType(a) || !isTensorType(b)) return undefined;
  if (a.elemType !== b.elemType) return undefined;
  const [left, right] = [a.shape?.map(toDim), b.shape?.map(toDim)];
  const sameRank = left !== undefined && right !== undefined && left.length === right.length;
  const shape = sameRank ? left.map((dim, i) => (dim === right[i] ? dim : undefined)) : undefined;
  return { kind: a.kind, elemType: a.elemType, shape: shape?.map(toDimension) };
}
