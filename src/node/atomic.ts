import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { fileError } from './file-error.ts';

/**
 * Files that appear under their names all together, or not at all.
 *
 * Each is written under a temporary name in its own folder. `commit` gives them their names; if one rename fails, those
 * before it are undone. A rename replaces a name, also that of a link: nothing is ever written through a link.
 */
export class FileTransaction {
  readonly #files: Pending[] = [];

  /** A new file to write to, which `commit` will name `path`. */
  async create(path: string): Promise<FileHandle> {
    try {
      const old = await lstat(path).catch(() => undefined);
      if (old?.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
      const mode = old?.isFile() ? old.mode & 0o777 : 0o666;
      const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
      const handle = await open(temporary, createOnly, mode);
      this.#files.push({ path, temporary, handle, replaces: old !== undefined });
      return handle;
    } catch (error) {
      throw fileError(error, 'write', path);
    }
  }

  /** Closes the files and names them. `sync` waits until they are on the disk. */
  async commit(sync: boolean): Promise<void> {
    const named: Pending[] = [];
    for (const file of this.#files) {
      try {
        if (sync) await file.handle.sync();
        await file.handle.close();
      } catch (error) {
        throw fileError(error, 'write', file.path);
      }
    }
    try {
      for (const file of this.#files) {
        // The last file needs no way back: if its rename fails, its old version is still there.
        const keepOld = file.replaces && file !== this.#files.at(-1);
        if (keepOld) file.backup = await setAside(file);
        await rename(file.temporary, file.path);
        named.push(file);
      }
    } catch (error) {
      const failed = this.#files[named.length]!;
      for (const file of named) await undo(file);
      throw fileError(error, 'write', failed.path);
    } finally {
      for (const { backup } of this.#files) if (backup !== undefined) await rm(backup, { force: true });
    }
  }

  /** Removes what was written and not committed. */
  async abandon(): Promise<void> {
    for (const { handle, temporary } of this.#files) {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}

interface Pending {
  readonly path: string;
  readonly temporary: string;
  readonly handle: FileHandle;
  readonly replaces: boolean;
  /** A second name of the file that is replaced, until all renames are done. */
  backup?: string;
}

async function setAside({ path, temporary }: Pending): Promise<string> {
  const backup = `${temporary}.old`;
  await link(path, backup);
  return backup;
}

async function undo({ path, backup }: Pending): Promise<void> {
  if (backup === undefined) await rm(path, { force: true }).catch(() => undefined);
  else await rename(backup, path).catch(() => undefined);
}

const createOnly = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
