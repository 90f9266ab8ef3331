import { realpathSync, statSync } from 'node:fs';
import type { Model } from '../ir/index.ts';
import { loadModel } from '../node/index.ts';
import { ModelError } from '../support/errors.ts';
import type { Io } from './io.ts';

/** A model with what its file says. */
export interface LoadedModel {
  readonly model: Model;
  readonly file: string;
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Loads a model for a command, with progress. */
export async function load(file: string, io: Io): Promise<LoadedModel> {
  io.progress(() => `reading ${file}`);
  const started = io.now();
  const model = await inFile(file, () => loadModel(file));
  return { model, file, bytes: statSync(file).size, milliseconds: io.now() - started };
}

/** Runs `work` on a file; its errors name the file. */
export async function inFile<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ModelError) || error.at?.includes(file)) throw error;
    const at = error.at === undefined ? file : `${file}, ${error.at}`;
    throw new ModelError(error.code, error.message, { at, fix: error.fix, cause: error });
  }
}

/** Whether two paths are one file, also by links. A file that does not exist is none. */
export function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
