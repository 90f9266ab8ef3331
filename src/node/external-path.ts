import { ModelError } from '../support/errors.ts';

/**
 * Checks the location of external data and splits it into the names of folders and file.
 *
 * A location is a POSIX path below the folder of the model, and nothing else. What any system could read as a way out
 * is refused, whatever system this is: `..`, a leading slash, a drive, a scheme, any backslash, a NUL. Looks at the
 * text alone; whether the path holds links is for whoever opens it.
 *
 * Lessons of CVE-2022-25882, CVE-2024-27318, CVE-2025-51480 and CVE-2026-27489.
 *
 * @throws ModelError `external-path-refused`
 */
export function splitExternalLocation(location: string, at?: string): readonly string[] {
  const reason = reasonToRefuse(location);
  if (reason === undefined) return location.split('/').filter((name) => name !== '' && name !== '.');
  throw new ModelError('external-path-refused', `The external data location ${shown(location)} ${reason}.`, {
    at,
    fix: 'Get the model from a source you trust; its data files lie in the same folder or below.',
  });
}

function reasonToRefuse(location: string): string | undefined {
  if (location === '') return 'is empty';
  if (location.includes('\0')) return 'contains a NUL character';
  if (location.includes('_ORT_MEM_ADDR_')) return "is an address in ONNX Runtime's memory, not a file";
  if (location.includes('\\')) return 'contains a backslash';
  if (location.startsWith('/')) return 'is absolute';
  if (/^[a-z]:/i.test(location)) return 'starts with a drive letter';
  if (/^[a-z][a-z0-9+.-]*:\//i.test(location)) return 'is a URL';
  const names = location.split('/');
  if (names.includes('..')) return 'leads out of the folder of the model';
  if (names.at(-1) === '' || names.at(-1) === '.') return 'names a folder';
  return undefined;
}

function shown(location: string): string {
  const text = JSON.stringify(location);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
