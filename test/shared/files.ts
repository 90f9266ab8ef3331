import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sharedDir } from './paths.ts';

/** Paths of all files below a folder of ../shared that end in `suffix`, in a fixed order. */
export function sharedFiles(folder: string, suffix: string): readonly string[] {
  if (sharedDir === undefined) return [];
  return readdirSync(join(sharedDir, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(suffix))
    .sort()
    .map((path) => join(sharedDir!, folder, path));
}
