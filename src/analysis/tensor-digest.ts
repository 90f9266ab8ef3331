import { bytesOf, type Tensor } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { Digest } from './digest.ts';

const known = new WeakMap<Tensor, string>();

/**
 * A digest of a tensor's element type, shape and bits; its name does not matter. Elements that cannot be read (a file
 * that is not there) count by where they should be. Computed once per tensor.
 */
export function tensorDigest(tensor: Tensor): string {
  const digest = known.get(tensor) ?? digestOf(tensor);
  known.set(tensor, digest);
  return digest;
}

function digestOf(tensor: Tensor): string {
  const digest = new Digest();
  writeElements(digest, tensor);
  digest.text(tensor.dtype);
  for (const dim of tensor.dims) digest.number(dim);
  return digest.hex();
}

function writeElements(digest: Digest, tensor: Tensor): void {
  try {
    if (tensor.dtype === 'string') for (const text of tensor.toStrings()) digest.text(text);
    else digest.bytes(bytesOf(tensor));
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    digest.text(error.code);
    for (const { key, value } of tensor.external ?? []) digest.text(`${key}=${value}`);
  }
}
