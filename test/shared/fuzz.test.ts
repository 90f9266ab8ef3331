import { readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { mutate, random, readDamaged } from '../serde/proto/mutate.ts';
import { sharedFiles } from './files.ts';
import { describeShared } from './paths.ts';

describeShared('damaged real models', () => {
  it('are read as a model or refused with a place, 20,000 times', () => {
    const next = random(7);
    const files = [...sharedFiles('conformance', '.onnx'), ...sharedFiles('models', '.onnx')]
      .filter((path) => statSync(path).size < 300_000)
      .map((path) => readFileSync(path));
    const counts = { model: 0, error: 0 };
    for (let i = 0; i < 20_000; i++) {
      const mutant = mutate(files[i % files.length]!, next);
      counts[readDamaged(mutant)] += 1;
    }
    expect(counts.model).toBeGreaterThan(2000);
    expect(counts.error).toBeGreaterThan(2000);
  });

  it('of every size are read or refused too, 200 times', () => {
    const next = random(8);
    const files = sharedFiles('models', 'model.onnx').map((path) => readFileSync(path));
    for (let i = 0; i < 200; i++) {
      readDamaged(mutate(files[i % files.length]!, next));
    }
  });
});
