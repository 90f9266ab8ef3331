import {
  bytesOf,
  elementCount,
  findDataType,
  type SparseTensor,
  storageOf,
  type Tensor,
  valuesOf,
} from '../../ir/index.ts';
import type { Report } from './report.ts';

/** A tensor's element type, dims and length of storage. Data in other files is not looked at. */
export function checkTensor(report: Report, tensor: Tensor, at: string): void {
  if (tensor.dtype === 'undefined') {
    report.error('tensor-dtype', at, 'The tensor has no element type.', 'Give its data_type.');
    return;
  }
  if (findDataType(tensor.dtype) === undefined) {
    report.error('tensor-dtype', at, `The tensor has an unknown element type, ${tensor.dtype}.`, reexport);
    return;
  }
  report.attempt(at, () => {
    const count = elementCount(tensor.dims, tensor.name);
    if (tensor.external !== undefined && tensor.external.length > 0) return;
    const storage = storageOf(tensor);
    if (storage.kind === 'strings') {
      if (storage.values.length < count)
        report.error(
          'tensor-too-short',
          at,
          `The tensor has ${count} elements, but holds ${storage.values.length}.`,
          reexport,
        );
    } else if (count > 0 || storage.kind === 'missing') bytesOf(tensor);
  });
}

/** A sparse tensor: lengths, ascending indices in range, one value each. */
export function checkSparse(report: Report, sparse: SparseTensor, at: string): void {
  const { values, indices, dims } = sparse;
  const wrong = (message: string) => report.error('sparse-tensor', at, message, reexport);
  if (values === undefined || indices === undefined) {
    wrong('The sparse tensor lacks values or indices.');
    return;
  }
  if (dims.length === 0 || dims.some((dim) => dim <= 0)) {
    wrong(`The sparse tensor has dims [${dims}].`);
    return;
  }
  checkTensor(report, values, at);
  checkTensor(report, indices, at);
  if (values.dims.length !== 1) {
    wrong(`The values have rank ${values.dims.length}; they have to be a list.`);
    return;
  }
  if (indices.dtype !== 'int64') {
    wrong(`The indices are ${indices.dtype}; they have to be int64.`);
    return;
  }
  const count = values.dims[0]!;
  const coordinates = indices.dims.length === 2;
  if (
    indices.dims[0] !== count ||
    (coordinates && indices.dims[1] !== dims.length) ||
    indices.dims.length > 2
  ) {
    wrong(`Indices of shape [${indices.dims}] do not fit ${count} values in dims [${dims}].`);
    return;
  }
  report.attempt(at, () => checkIndices(sparse, wrong));
}

function checkIndices({ indices, dims }: SparseTensor, wrong: (message: string) => void): void {
  const places = valuesOf(indices!) as BigInt64Array;
  const width = indices!.dims.length === 2 ? dims.length : 1;
  const total = BigInt(elementCount(dims));
  let previous = -1n;
  for (let i = 0; i < places.length; i += width) {
    let place = width === 1 && indices!.dims.length === 1 ? places[i]! : 0n;
    let inside = place >= 0n && place < total;
    for (let axis = 0; indices!.dims.length === 2 && axis < width; axis++) {
      const at = places[i + axis]!;
      inside &&= at >= 0n && at < BigInt(dims[axis]!);
      place = place * BigInt(dims[axis]!) + at;
    }
    if (!inside) {
      wrong(`Index ${i / width} is outside dims [${dims}].`);
      return;
    }
    if (place <= previous) {
      wrong(`Index ${i / width} does not follow the one before it in ascending order.`);
      return;
    }
    previous = place;
  }
}

const reexport = 'The file is damaged; export the model again.';
