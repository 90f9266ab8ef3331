import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Model, Tensor } from '../ir/index.ts';
import { decodeTensor } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { inFile } from './model-files.ts';

/** Names of the inputs a caller has to give, in graph order: those without an initializer. */
export function requiredInputs(model: Model): readonly string[] {
  const { graph } = model;
  const stored = [...graph.initializers, ...graph.sparseInitializers.map(({ values }) => values)];
  const defaults = new Set(stored.map((tensor) => tensor?.name));
  return graph.inputs.flatMap(({ name }) => (defaults.has(name) ? [] : [name]));
}

/**
 * Reads `input_0.pb`, `input_1.pb` … of a folder: TensorProtos by position in the graph, inputs with an initializer not
 * counted. The names in the files do not matter.
 */
export async function readInputs(model: Model, folder: string): Promise<Map<string, Tensor>> {
  const names = requiredInputs(model);
  const tensors = await Promise.all(names.map((_, i) => readTensor(join(folder, `input_${i}.pb`))));
  return new Map(names.map((name, i) => [name, tensors[i]!.withName(name)]));
}

/** The samples of a folder: itself when it holds `input_0.pb`, else each folder in it that does, by name. */
export async function readSamples(model: Model, folder: string): Promise<readonly Map<string, Tensor>[]> {
  const entries = await listFolder(folder);
  if (entries.some(({ name }) => name === 'input_0.pb')) return [await readInputs(model, folder)];
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const samples: Map<string, Tensor>[] = [];
  for (const sample of folders.sort()) {
    const inside = await listFolder(sample);
    if (inside.some(({ name }) => name === 'input_0.pb')) samples.push(await readInputs(model, sample));
  }
  if (samples.length > 0) return samples;
  throw new ModelError('no-inputs', `"${folder}" holds no input_0.pb, nor does a folder in it.`, {
    fix: 'Inputs are TensorProto files named input_0.pb, input_1.pb … by position in the graph.',
  });
}

/** Reads the tensor of a file; `undefined` when there is no such file. */
export async function findTensor(path: string): Promise<Tensor | undefined> {
  try {
    return await readTensor(path);
  } catch (error) {
    if (error instanceof ModelError && error.code === 'no-such-file') return undefined;
    throw error;
  }
}

async function readTensor(path: string): Promise<Tensor> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new ModelError('no-such-file', `"${path}" cannot be read: ${(error as Error).message}.`, {
      fix: 'Inputs are TensorProto files named input_0.pb, input_1.pb … by position in the graph.',
      cause: error,
    });
  }
  return inFile(path, async () => decodeTensor(bytes));
}

async function listFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new ModelError(
      'no-such-folder',
      `The folder "${folder}" cannot be read: ${(error as Error).message}.`,
      {
        cause: error,
      },
    );
  }
}
