import { realpathSync, statSync } from 'node:fs';
import type { Model } from '../ir/index.ts';
import { loadModel } from '../node/index.ts';
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
  const model = await loadModel(file);
  return { model, file, bytes: statSync(file).size, milliseconds: io.now() - started };
}

/** Whether two paths are one file, also by links. A file that does not exist is none. */
export function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
