import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives a whole run of the tests one folder for temporary files, and removes it with all that is left in it. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'qdq-surgeon-tests-'));
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
