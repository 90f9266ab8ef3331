import { lstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bytesOf, type Model, type Tensor } from '../ir/index.ts';
import { encodeModelChunks } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { FileTransaction } from './atomic.ts';
import { checkNoLinks, checkRegular } from './external-file.ts';
import { splitExternalLocation } from './external-path.ts';
import { sourceOf } from './external-source.ts';
import { fileError } from './file-error.ts';
import { mapTensors } from './map-tensors.ts';

export interface SaveOptions {
  /**
   * Initializers of at least so many bytes go into a data file beside the model, all others into the model; 0 moves
   * all, Infinity none. Without it, tensors stay where they were: what was external is written to a new data file.
   */
  readonly externalThreshold?: number | undefined;
  /** Name of the data file, below the folder of the model; the model's own name with `.data` behind it by default. */
  readonly externalFile?: string | undefined;
  /** Leave references to external data as they are: the data files are, or will be, beside the saved model. */
  readonly keepReferences?: boolean | undefined;
  /** Return only when everything is on the disk. */
  readonly sync?: boolean | undefined;
}

/**
 * Saves a model. Either the whole model is there afterwards, under its name and with its data file, or everything is as
 * it was before.
 *
 * @throws ModelError `model-too-large`, `external-path-refused`, `external-file-in-use`, `permission-denied` …
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  const transaction = new FileTransaction();
  try {
    const complete = options.keepReferences ? model : await writeExternal(model, path, options, transaction);
    const chunks = encodeModelChunks(complete);
    await writeChunks(await transaction.create(path), chunks);
    await transaction.commit(options.sync ?? false);
  } catch (error) {
    throw fileError(error, 'write', path);
  } finally {
    await transaction.abandon();
  }
}

/** Writes the data file, if one is needed; returns the model that refers to it. */
async function writeExternal(
  model: Model,
  path: string,
  options: SaveOptions,
  transaction: FileTransaction,
): Promise<Model> {
  const { externalThreshold: threshold } = options;
  let file: DataFile | undefined;
  const places = new Map<Tensor, number>();
  let end = 0;
  const changed = mapTensors(model, (tensor, role) => {
    if (!goesOut(tensor, role, threshold)) return tensor.external === undefined ? tensor : inlined(tensor);
    file ??= dataFile(model, path, options.externalFile);
    const offset = alignedOffset(end, tensor.byteLength);
    end = offset + tensor.byteLength;
    const moved = tensor.with({ external: entries(file.location, offset, tensor.byteLength) });
    places.set(moved, offset);
    return moved;
  });
  if (file !== undefined) await writeTensors(await transaction.create(file.target), places);
  return changed;
}

interface DataFile {
  readonly location: string;
  readonly target: string;
}

/** Where external data is written. Not where the model being saved still reads its own from. */
function dataFile(model: Model, path: string, name: string | undefined): DataFile {
  const sources = new Set<string | undefined>();
  mapTensors(model, (tensor) => {
    sources.add(sourceOf(tensor));
    return tensor;
  });
  if (name !== undefined) return unused(path, name, sources) ?? inUse(path, name);
  for (let i = 0; ; i++) {
    const found = unused(path, `${basename(path)}${i === 0 ? '' : `.${i}`}.data`, sources);
    if (found !== undefined) return found;
  }
}

/** The same rules as for reading: a data file that could not be loaded again is not written. */
function unused(path: string, name: string, sources: ReadonlySet<string | undefined>): DataFile | undefined {
  const names = splitExternalLocation(name, 'externalFile');
  const shown = join(dirname(path), ...names);
  try {
    const target = checkNoLinks(dirname(path), names, shown);
    const old = lstatSync(target, { throwIfNoEntry: false });
    if (old !== undefined) checkRegular(old, target, shown);
    return sources.has(target) ? undefined : { location: names.join('/'), target };
  } catch (error) {
    throw fileError(error, 'write', shown);
  }
}

function inUse(path: string, name: string): never {
  throw new ModelError(
    'external-file-in-use',
    `The model being saved still reads its tensors from "${name}".`,
    {
      at: join(dirname(path), name),
      fix: 'Give another externalFile.',
    },
  );
}

function goesOut(tensor: Tensor, role: 'initializer' | 'attribute', threshold: number | undefined): boolean {
  if (tensor.dtype === 'string') return false;
  if (threshold === undefined || role === 'attribute') return tensor.external !== undefined;
  return tensor.byteLength >= threshold;
}

function inlined(tensor: Tensor): Tensor {
  return tensor.with({ external: undefined });
}

/** Large tensors start on a page, so that they can be mapped; others on a cache line. */
function alignedOffset(end: number, length: number): number {
  const alignment = length >= 2 ** 20 ? 4096 : 64;
  return Math.ceil(end / alignment) * alignment;
}

function entries(location: string, offset: number, length: number) {
  return Object.freeze(
    [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ].map((entry) => Object.freeze(entry)),
  );
}

async function writeTensors(handle: FileHandle, places: ReadonlyMap<Tensor, number>): Promise<void> {
  let end = 0;
  for (const [tensor, offset] of places) {
    const bytes = bytesOf(tensor);
    await writeChunks(handle, offset > end ? [new Uint8Array(offset - end), bytes] : [bytes]);
    end = offset + bytes.length;
  }
}

/** Writes chunks one after the other, many in a call, however much a call takes. */
async function writeChunks(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let rest = chunks.filter((chunk) => chunk.length > 0);
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest.slice(0, maxChunks));
    rest = behind(rest, bytesWritten);
  }
}

function behind(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  let first = 0;
  while (first < chunks.length && written >= chunks[first]!.length) written -= chunks[first++]!.length;
  const rest = chunks.slice(first);
  if (written > 0) rest[0] = rest[0]!.subarray(written);
  return rest;
}

const maxChunks = 1024;
