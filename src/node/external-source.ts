import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Model, storageOf, type Tensor, type TensorStorage } from '../ir/index.ts';
import { mapTensors } from './map-tensors.ts';

/** Folders of data files by what reads from them: renamed and reshaped copies of a tensor share their storage. */
const folders = new WeakMap<TensorStorage, string>();

/** Notes where the external tensors of a loaded model are read from, so that saving does not replace that file. */
export function rememberSources(model: Model, folder: string): void {
  mapTensors(model, (tensor) => {
    if (tensor.external !== undefined) folders.set(storageOf(tensor), resolve(folder));
    return tensor;
  });
}

/** The file a tensor is still read from, as far as anybody knows. */
export function sourceOf(tensor: Tensor): string | undefined {
  const folder = folders.get(storageOf(tensor));
  const location = tensor.external?.find(({ key }) => key === 'location')?.value;
  if (folder === undefined || location === undefined) return undefined;
  try {
    return realpathSync(resolve(folder, location));
  } catch {
    return undefined;
  }
}
