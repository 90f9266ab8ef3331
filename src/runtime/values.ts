import { type DataType, type OptionalData, type SequenceData, Tensor, type Type } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { fromTensor, type NdArray, toTensor } from './array.ts';

/** What a model takes and gives: a tensor, a sequence of tensors, or one of them that may be absent. */
export type RuntimeValue = Tensor | SequenceData | OptionalData;

/**
 * A sequence where kernels expect an array: it has no element type, so only kernels that take anything accept it.
 *
 * Its elements are shared with the values they came from.
 */
export class SequenceValue implements NdArray {
  readonly dtype = 'undefined';
  readonly dims: readonly number[] = [];
  readonly data: readonly string[] = [];
  readonly items: readonly NdArray[];

  constructor(items: readonly NdArray[]) {
    this.items = items;
  }
}

/** An optional without a value. One that has a value is that value. */
export class AbsentValue implements NdArray {
  readonly dtype = 'undefined';
  readonly dims: readonly number[] = [];
  readonly data: readonly string[] = [];
}

/** Whether a value is an array and neither a sequence nor an empty optional. */
export function isArray(value: NdArray): boolean {
  return !(value instanceof SequenceValue || value instanceof AbsentValue);
}

/** The arrays whose elements a value holds. */
export function arraysOf(value: NdArray): readonly NdArray[] {
  return value instanceof SequenceValue ? value.items : [value];
}

/**
 * The elements of a sequence.
 *
 * @throws ModelError `type-mismatch` for a value that is none
 */
export function itemsOf(value: NdArray | undefined): readonly NdArray[] {
  if (value instanceof SequenceValue) return value.items;
  throw new ModelError('type-mismatch', `A sequence is expected, not ${kindOf(value)}.`);
}

/**
 * A sequence of arrays of one element type.
 *
 * @throws ModelError `type-mismatch` when element types differ or an element is itself a sequence
 */
export function sequenceOf(items: readonly NdArray[]): SequenceValue {
  const dtypes = new Set<DataType>(items.map(({ dtype }) => dtype));
  if (items.every(isArray) && dtypes.size <= 1) return new SequenceValue(items);
  throw new ModelError(
    'type-mismatch',
    `A sequence holds tensors of one element type, not ${[...new Set(items.map(kindOf))].join(' and ')}.`,
  );
}

/** A value from outside as kernels see it. Sequences of anything but dense tensors are refused. */
export function fromRuntimeValue(value: RuntimeValue): NdArray {
  if (value instanceof Tensor) return fromTensor(value);
  if ('tensors' in value) {
    refuseUnless(value.elemKind, ['tensor', 'undefined']);
    return sequenceOf(value.tensors.map(fromTensor));
  }
  refuseUnless(value.elemKind, ['tensor', 'sequence', 'undefined']);
  const held = value.tensor ?? value.sequence;
  return held === undefined ? new AbsentValue() : fromRuntimeValue(held);
}

/** A kernel's value as callers see it; `type` is what the graph declares for it. */
export function toRuntimeValue(value: NdArray, name: string, type?: Type): RuntimeValue {
  if (type?.kind === 'optional' || value instanceof AbsentValue) return toOptional(value, name);
  if (!(value instanceof SequenceValue)) return toTensor(value, name);
  const none = { sparseTensors: [], sequences: [], maps: [], optionals: [] };
  return { ...none, name, elemKind: 'tensor', tensors: value.items.map((item) => toTensor(item)) };
}

/** What a value is, for messages. */
export function kindOf(value: NdArray | undefined): string {
  if (value === undefined) return 'nothing';
  if (value instanceof SequenceValue) return 'a sequence';
  return value instanceof AbsentValue ? 'an empty optional' : `${value.dtype}[${value.dims}]`;
}

function toOptional(value: NdArray, name: string): OptionalData {
  if (value instanceof AbsentValue) return { name, elemKind: 'undefined' };
  const held = toRuntimeValue(value, name);
  return held instanceof Tensor
    ? { name, elemKind: 'tensor', tensor: held }
    : { name, elemKind: 'sequence', sequence: held as SequenceData };
}

function refuseUnless(kind: string, allowed: readonly string[]): void {
  if (allowed.includes(kind)) return;
  throw new ModelError('unsupported-dtype', `A value that holds a ${kind} cannot be used; only tensors can.`);
}
