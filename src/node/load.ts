import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Model } from '../ir/index.ts';
import { decodeModel, type ExternalResolver } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { type ExternalReadOptions, externalReader } from './external-file.ts';
import { rememberSources } from './external-source.ts';
import { fileError } from './file-error.ts';

export interface LoadOptions extends ExternalReadOptions {
  /** Folder that external data is looked for in, instead of the folder of the model. */
  readonly externalFolder?: string | undefined;
  /** Another way to find external data, or `false` for none: then those tensors are missing. */
  readonly external?: ExternalResolver | false | undefined;
}

/**
 * Loads an ONNX model from a file.
 *
 * Tensors in other files are read when somebody looks at them. They have to be ordinary files in the folder of the
 * model or below.
 *
 * @throws ModelError `file-not-found`, `not-onnx`, `truncated`, `model-too-large` …
 */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Model> {
  const { external, externalFolder = dirname(path) } = options;
  const bytes = await readWhole(path);
  if (external !== undefined) return decodeModel(bytes, { external: external || undefined });
  const model = decodeModel(bytes, { external: externalReader(externalFolder, options) });
  rememberSources(model, externalFolder);
  return model;
}

async function readWhole(path: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const found = await handle.stat();
    if (!found.isFile())
      throw new ModelError('not-a-file', `"${path}" is no regular file.`, {
        at: path,
        fix: 'Give the path of a model.',
      });
    if (found.size >= maxModel)
      throw new ModelError(
        'model-too-large',
        `"${path}" has ${found.size} bytes; a protobuf message ends at 2 GiB.`,
        {
          at: path,
          fix: 'Save the model with external data.',
        },
      );
    return await readFully(handle, found.size);
  } catch (error) {
    throw fileError(error, 'read', path);
  } finally {
    await handle?.close();
  }
}

/** Reads in pieces that fit the processor's cache, into memory that nobody clears first. */
async function readFully(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(piece, size - done), done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

const maxModel = 2 ** 31;
const piece = 2 ** 22;
