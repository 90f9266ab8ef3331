import { describe, expect, it } from 'vitest';
import { bytes, f32, int, len, modelOf } from './bytes.ts';
import { mutate, random, readDamaged } from './mutate.ts';
import { sample } from './samples.ts';

const small = modelOf(
  [
    len(
      1,
      len(1, 'x'),
      len(1, 'w'),
      len(2, 'y'),
      len(3, 'conv'),
      len(4, 'Conv'),
      len(5, len(1, 'pads'), int(8, 1), int(8, 1), int(20, 7)),
    ),
    len(
      1,
      len(1, 'y'),
      len(2, 'z'),
      len(4, 'If'),
      len(5, len(1, 'then'), len(6, len(1, len(4, 'Abs'))), int(20, 5)),
    ),
    len(
      1,
      len(4, 'Constant'),
      len(5, len(1, 'value'), len(5, int(1, 2), int(2, 1), len(4, [0, 0, 128, 63, 0, 0, 0, 64])), int(20, 4)),
    ),
    len(1, len(4, 'Elu'), len(5, len(1, 'alpha'), f32(2, 0.5), int(20, 1))),
    len(2, 'main'),
    len(5, int(1, 3), int(2, 6), len(5, [1, 2, 3]), len(8, 'w')),
    len(5, int(1, 2), int(2, 7), len(7, [200, 1, 3]), len(8, 'i')),
    len(5, int(1, 1), int(2, 8), len(6, 'text'), len(8, 's')),
    len(11, len(1, 'x'), len(2, len(1, int(1, 1), len(2, len(1, int(1, 3)), len(1, len(2, 'n')))))),
    len(12, len(1, 'z'), len(2, len(1, int(1, 1)))),
  ],
  len(8, int(2, 21)),
  len(14, len(1, 'key'), len(2, 'value')),
);

describe('a damaged model', () => {
  it('is read as a model or refused with a place, 4,000 times', () => {
    const next = random(1);
    const counts = { model: 0, error: 0 };
    for (let i = 0; i < 4000; i++) counts[readDamaged(mutate(small, next))] += 1;
    // Both outcomes have to occur for the fuzz to say anything.
    expect(counts.model).toBeGreaterThan(400);
    expect(counts.error).toBeGreaterThan(400);
  });

  it('with every field of every message, 300 times', () => {
    const next = random(2);
    const file = bytes(sample('ModelProto', 4, new Set()));
    for (let i = 0; i < 300; i++) readDamaged(mutate(file, next));
  });

  it('of random bytes, 2,000 times', () => {
    const next = random(3);
    for (let i = 0; i < 2000; i++) readDamaged(Uint8Array.from({ length: 1 + next(200) }, () => next(256)));
  });
});
