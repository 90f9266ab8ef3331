import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedPages } from '../../scripts/docs-pages.ts';
import { catalogueEntries } from '../../src/cli/catalogue.ts';
import * as rules from '../../src/rules.ts';

describe('generated pages', () => {
  it('are current: npm run docs changes nothing', async () => {
    for (const [name, text] of await generatedPages()) {
      expect(readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8'), `docs/${name}`).toBe(text);
    }
  });

  it('have a picture or a text for every rule and pass', () => {
    const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
    for (const { name } of catalogueEntries()) {
      const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      expect(section.length, name).toBeGreaterThan(100);
    }
  });
});

const exports = new Map<string, unknown>(Object.entries(rules));

describe('qdq-surgeon/rules', () => {
  it('exports every rule and pass of the catalogue by its name', () => {
    for (const { name, kind } of catalogueEntries()) {
      const exported = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      const found = exports.get(exported);
      expect(found, exported).toBeDefined();
      // Passes with options are functions that make them.
      const member = typeof found === 'function' ? (found as () => { kind: string; name: string })() : found;
      expect(member).toMatchObject({ kind: kind === 'report' ? 'rule' : kind, name });
    }
  });
});
