import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operatorsPage } from '../../scripts/operators-page.ts';

it('docs/operators.md is what the kernels say', () => {
  const page = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
  expect(page).toBe(operatorsPage());
});
