import { bytesOf, storageOf, Tensor } from '../../../src/ir/index.ts';
import { ModelError } from '../../../src/support/errors.ts';

/**
 * A message as plain data for `toEqual`: without origins and absent fields, tensors with their bytes. Two messages
 * are the same exactly when these are.
 */
export function plain(value: unknown): unknown {
  if (value instanceof Tensor) return plainTensor(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      key === 'origin' || item === undefined ? [] : [[key, plain(item)]],
    ),
  );
}

/** Whether an object and everything in it is frozen; tensors freeze themselves. */
export function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && (value instanceof Tensor || Object.values(value).every(isDeepFrozen));
}

function plainTensor(tensor: Tensor): unknown {
  const { name, dtype, dims, docString, external, metadata } = tensor;
  return plain({ name, dtype, dims, docString, external, metadata, elements: elementsOf(tensor) });
}

function elementsOf(tensor: Tensor): unknown {
  const storage = storageOf(tensor);
  if (storage.kind === 'strings') return storage.values;
  const elsewhere = storage.kind === 'missing' || storage.kind === 'lazy';
  if (elsewhere && tensor.external !== undefined) return 'external';
  try {
    const known = !tensor.dtype.startsWith('un') && tensor.dtype !== 'string';
    return Buffer.from(known || storage.kind !== 'bytes' ? bytesOf(tensor) : storage.bytes).toString('hex');
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    if (storage.kind === 'bytes') return Buffer.from(storage.bytes).toString('hex');
    if (storage.kind === 'missing') return [storage.code, storage.reason, storage.fix];
    return [error.code];
  }
}
