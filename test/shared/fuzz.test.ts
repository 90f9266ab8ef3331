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
    let slowest = 0;
    for (let i = 0; i < 20_000; i++) {
      const mutant = mutate(files[i % files.length]!, next);
      const start = performance.now();
      counts[readDamaged(mutant)] += 1;
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(counts.model).toBeGreaterThan(2000);
    expect(counts.error).toBeGreaterThan(2000);
    expect(slowest).toBeLessThan(1000);
  });

  it('of every size are refused or read in time, 200 times', () => {
    const next = random(8);
    const files = sharedFiles('models', 'model.onnx').map((path) => readFileSync(path));
    for (let i = 0; i < 200; i++) {
      const start = performance.now();
      readDamaged(mutate(files[i % files.length]!, next));
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });
});
