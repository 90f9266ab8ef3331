/** `npm run docs`: writes the pages that are made from the program. */
import { writeFileSync } from 'node:fs';
import { generatedPages } from './docs-pages.ts';

for (const [name, text] of await generatedPages())
  writeFileSync(new URL(`../docs/${name}`, import.meta.url), text);
