import type { DataType } from './dtype.ts';
import type { SparseTensor } from './model.ts';
import type { Traceable } from './origin.ts';
import type { Tensor } from './tensor.ts';

/**
 * Values of graph inputs and outputs that are not tensors, as onnx-data.proto writes them into test data files.
 */

/** Which list of a sequence, or which field of an optional, holds the value. */
export type DataKind =
  | 'undefined'
  | 'tensor'
  | 'sparse-tensor'
  | 'sequence'
  | 'map'
  | 'optional'
  | `unknown:${number}`;

export interface SequenceData extends Traceable {
  readonly name?: string | undefined;
  readonly elemKind: DataKind;
  readonly tensors: readonly Tensor[];
  readonly sparseTensors: readonly SparseTensor[];
  readonly sequences: readonly SequenceData[];
  readonly maps: readonly MapData[];
  readonly optionals: readonly OptionalData[];
}

/** As many values as keys; integer keys or string keys, by `keyType`. */
export interface MapData extends Traceable {
  readonly name?: string | undefined;
  readonly keyType: DataType;
  readonly keys: readonly bigint[];
  readonly stringKeys: readonly string[];
  readonly values?: SequenceData | undefined;
}

/** `elemKind` says which value is there; `undefined` is an empty optional. */
export interface OptionalData extends Traceable {
  readonly name?: string | undefined;
  readonly elemKind: DataKind;
  readonly tensor?: Tensor | undefined;
  readonly sparseTensor?: SparseTensor | undefined;
  readonly sequence?: SequenceData | undefined;
  readonly map?: MapData | undefined;
  readonly optional?: OptionalData | undefined;
}
