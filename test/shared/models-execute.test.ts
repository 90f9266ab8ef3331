import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { measureModel, recordedModels } from './accuracy.ts';
import { describeShared, sharedDir } from './paths.ts';

describeShared('execute on the shared models', () => {
  const folder = `${sharedDir}/models`;
  const page = readFileSync(new URL('../../docs/accuracy.md', import.meta.url), 'utf8');

  it.each(recordedModels(folder))('%s meets its recorded outputs', (name) => {
    for (const { output, quantized, decibels } of measureModel(folder, name))
      expect(decibels, `${name} ${output}`).toBeGreaterThanOrEqual(quantized ? 35 : 80);
    expect(page).toContain(`| ${name} |`);
  });
});
