import { ModelError } from '../support/errors.ts';

/** What the file system said, as a ModelError with the file's name. Anything else is passed on as it is. */
export function fileError(error: unknown, action: 'read' | 'write', path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof ModelError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [name, reason, fix] = reasons.get(code) ?? [
    `cannot-${action}`,
    (error as Error).message,
    `Check the path and try again.`,
  ];
  return new ModelError(name, `Cannot ${action} "${path}": ${reason}.`, { at: path, fix, cause: error });
}

const reasons = new Map<string, readonly [code: string, reason: string, fix: string]>([
  ['ENOENT', ['file-not-found', 'there is no such file or folder', 'Check the path.']],
  ['ENOTDIR', ['file-not-found', 'a part of the path is no folder', 'Check the path.']],
  ['EISDIR', ['not-a-file', 'it is a folder', 'Give the path of a file.']],
  ['EACCES', ['permission-denied', 'permission denied', 'Check the permissions of the file and its folder.']],
  ['EPERM', ['permission-denied', 'permission denied', 'Check the permissions of the file and its folder.']],
  ['EROFS', ['permission-denied', 'the disk is read-only', 'Write to another folder.']],
  ['ENOSPC', ['disk-full', 'the disk is full', 'Make room, or write to another disk.']],
  ['ENAMETOOLONG', ['file-not-found', 'the path is too long', 'Use a shorter path.']],
]);
