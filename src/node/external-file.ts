import { constants as bufferLimits } from 'node:buffer';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import type { ExternalReference } from '../serde/index.ts';
import { ModelError } from '../support/errors.ts';
import { splitExternalLocation } from './external-path.ts';
import { fileError } from './file-error.ts';

export interface ExternalReadOptions {
  /** Compare the SHA-1 that a tensor gives for its data file, once per file. */
  readonly verifyChecksums?: boolean | undefined;
}

/**
 * Reads tensors from data files below `folder`, each when it is asked for.
 *
 * A file is read if it lies inside the folder without a link in its path, is a regular file with one name, and is as
 * long as the tensor says. Nothing is allocated before that is known.
 */
export function externalReader(
  folder: string,
  { verifyChecksums = false }: ExternalReadOptions = {},
): (reference: ExternalReference) => Uint8Array {
  const verified = new Set<string>();
  return (reference) => {
    const { location, checksum } = reference;
    const at = reference.tensor === undefined ? location : `tensor "${reference.tensor}"`;
    const fd = openExternal(folder, splitExternalLocation(location, at), at);
    try {
      if (verifyChecksums && checksum !== undefined && !verified.has(`${location}\n${checksum}`)) {
        verifyChecksum(fd, reference, at);
        verified.add(`${location}\n${checksum}`);
      }
      return readRange(fd, reference, at);
    } catch (error) {
      throw fileError(error, 'read', join(folder, location));
    } finally {
      closeSync(fd);
    }
  };
}

/** Refuses links in every component of a path below a folder. The last name may be absent. Returns the path. */
export function checkNoLinks(folder: string, names: readonly string[], at: string): string {
  // An empty folder is the current one: never the root of the file system, never no check.
  let path = realpathSync(folder === '' ? '.' : folder);
  names.forEach((name, i) => {
    path = join(path, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) refuse(path, 'is a symbolic link, or lies behind one', at);
    if (found !== undefined && i < names.length - 1 && !found.isDirectory()) refuse(path, 'is no folder', at);
  });
  return path;
}

/** Whether a file may be read as external data, or replaced by it. */
export function checkRegular(found: Stats, path: string, at: string): void {
  if (!found.isFile()) refuse(path, 'is no regular file', at);
  if (found.nlink > 1) refuse(path, 'has more than one name (hard links)', at);
}

function openExternal(folder: string, names: readonly string[], at: string): number {
  let path = join(folder, ...names);
  let fd: number | undefined;
  try {
    path = checkNoLinks(folder, names, at);
    // A pipe would block an ordinary open.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const opened = fstatSync(fd);
    checkRegular(opened, path, at);
    // What was checked and what was opened are the same file, still at a path without links.
    const now = lstatSync(path);
    if (now.ino !== opened.ino || now.dev !== opened.dev || realpathSync(path) !== path)
      refuse(path, 'changed while it was opened', at);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing(path, at, error);
    throw fileError(error, 'read', path);
  }
}

function readRange(fd: number, { location, offset, length }: ExternalReference, at: string): Uint8Array {
  const { size } = fstatSync(fd);
  if (offset + length > size || length > bufferLimits.MAX_LENGTH) {
    throw new ModelError(
      'external-data-out-of-range',
      `Bytes ${offset} to ${offset + length} are wanted of "${location}", which has ${size}.`,
      { at, fix: 'The data file is cut off or belongs to another model; get both again.' },
    );
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const read = readSync(fd, bytes, done, Math.min(length - done, maxRead), offset + done);
    if (read === 0)
      throw new ModelError('external-data-out-of-range', `"${location}" became shorter while it was read.`, {
        at,
      });
    done += read;
  }
  return bytes;
}

function verifyChecksum(fd: number, { location, checksum }: ExternalReference, at: string): void {
  const hash = createHash('sha1');
  const buffer = new Uint8Array(1 << 20);
  for (let position = 0, read = 1; read > 0; position += read) {
    read = readSync(fd, buffer, 0, buffer.length, position);
    hash.update(buffer.subarray(0, read));
  }
  const found = hash.digest('hex');
  if (found === checksum!.toLowerCase()) return;
  throw new ModelError(
    'checksum-mismatch',
    `The SHA-1 of "${location}" is ${found}, but the model says ${checksum}.`,
    {
      at,
      fix: 'The data file is damaged or belongs to another model; get both again.',
    },
  );
}

function refuse(path: string, reason: string, at: string): never {
  throw new ModelError('external-file-refused', `External data "${path}" ${reason}.`, {
    at,
    fix: 'External data has to be an ordinary file in the folder of the model, or below it.',
  });
}

function missing(path: string, at: string, cause: unknown): ModelError {
  return new ModelError('external-data-missing', `The external data file "${path}" does not exist.`, {
    at,
    fix: 'Copy the data file into the folder of the model, under the name the model gives it.',
    cause,
  });
}

const maxRead = 2 ** 30;
