import fc from 'fast-check';
import type { Model } from '../ir/index.ts';
import { generateSamples, sampleKinds } from '../verify/index.ts';
import type { Case } from './matching.ts';

/** Models of an arbitrary one after the other, with samples for their inputs. */
export function givenCases(
  models: fc.Arbitrary<Model>,
  { seed = 1, runs = 400 }: { readonly seed?: number; readonly runs?: number },
): () => Case {
  const drawn = fc.sample(models, { seed, numRuns: Math.ceil(runs / 2) });
  let next = 0;
  return () => {
    const model = drawn[next++ % drawn.length]!;
    const generated = generateSamples(model, { samples: 3, seed: next, kinds: sampleKinds, dims: new Map() });
    return { model, samples: generated.samples.map(({ inputs }) => inputs) };
  };
}
