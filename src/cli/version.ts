import { readFileSync } from 'node:fs';

/** The version in package.json, which is one folder above the built command and two above this file. */
export const version: string = readVersion();

function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (name === 'qdq-surgeon') return String(version);
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown';
}
