import fc from 'fast-check';
import type { Model } from '../ir/index.ts';
import type { Pass, Pipeline, Rule } from '../rewrite/index.ts';
import { generateSamples, sampleKinds } from '../verify/index.ts';
import { type CheckOptions, checkOn, drawRetrying } from './check-rule.ts';
import { examine } from './claims.ts';
import { type Case, drawMatching, drawModel, hintsOf } from './matching.ts';
import type { Verdict } from './verdict.ts';

export interface CheckPassOptions extends CheckOptions {
  /** Rules whose patterns the pass is about: two models in three are drawn around one of them. */
  readonly around?: readonly Rule[];
  /** Models of your own, drawn in turn with the others. */
  readonly models?: fc.Arbitrary<Model>;
}

/**
 * Puts a pass or a pipeline through everything it claims, as `checkRule` does a rule: on random typed models, on models
 * around the patterns of given rules, and on given models.
 */
export function checkPass(pass: Pass | Pipeline, options: CheckPassOptions = {}): Verdict {
  const { around = [], allow = [] } = options;
  const hints = around.map((rule) => ({ rule, hints: hintsOf(rule) }));
  const given = options.models === undefined ? undefined : givenModels(options.models, options);
  let turn = 0;
  const draw = (seed: number): Case | undefined => {
    turn += 1;
    if (given !== undefined && turn % 2 === 0) return given();
    return drawRetrying((random) => {
      if (hints.length === 0 || random.below(3) === 0) return drawModel(random);
      const { rule, hints: own } = random.pick(hints);
      return drawMatching(rule, own, random);
    }, seed);
  };
  return checkOn(pass.name, draw, (one, seed) => examine(pass, one, { seed, allow }), options);
}

/** Models of an arbitrary one after the other, with samples for their inputs. */
function givenModels(models: fc.Arbitrary<Model>, { seed = 1, runs = 400 }: CheckOptions): () => Case {
  const drawn = fc.sample(models, { seed, numRuns: Math.ceil(runs / 2) });
  let next = 0;
  return () => {
    const model = drawn[next++ % drawn.length]!;
    const generated = generateSamples(model, { samples: 3, seed: next, kinds: sampleKinds, dims: new Map() });
    return { model, samples: generated.samples.map(({ inputs }) => inputs) };
  };
}
