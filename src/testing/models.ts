import fc from 'fast-check';
import type { Model } from '../ir/index.ts';
import type { Rule } from '../rewrite/index.ts';
import { ModelError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';
import { drawRetrying } from './check-rule.ts';
import { type Case, drawMatching, drawModel, drawNode, hintsOf } from './matching.ts';
import { smallerCases } from './smaller.ts';

/**
 * Models around the pattern of a rule: the pattern read backwards, in surroundings that vary. Other nodes read what is
 * inside the match, or it is an output of the graph; constants come as initializers, Constant nodes, Identity or Cast;
 * nodes of other domains stand around; the whole may be a branch of an If. Most of the models the rule matches, some it
 * nearly does.
 */
export function modelsMatching(rule: Rule): fc.Arbitrary<Model> {
  const hints = hintsOf(rule);
  return new Models(rule.name, (random) => drawMatching(rule, hints, random));
}

export interface ModelsOptions {
  /** Opsets to draw from; the usual ones from 11 to 23 unless given. */
  readonly opsets?: readonly number[];
  /** Nodes above each other, 3 unless given; a model may come out a little deeper. */
  readonly depth?: number;
  /** Whether operators of a domain nobody knows stand among the others. The executor does not run them. */
  readonly foreign?: boolean;
}

/**
 * Valid typed models of a few nodes: operators the executor has, shared values, optional inputs, several outputs, and
 * branches and loops that capture values.
 */
export function models({ foreign = false, ...options }: ModelsOptions = {}): fc.Arbitrary<Model> {
  return new Models('models', (random) => drawModel(random, { foreign, ...options }));
}

/** Models of one node of an operator, with its attributes and optional inputs. */
export function nodes(opType: string, opset = 21): fc.Arbitrary<Model> {
  return new Models(opType, (random) => drawNode(random, opType, opset));
}

/** Models drawn by a function, made smaller node by node, axis by axis, element by element. */
class Models extends fc.Arbitrary<Model> {
  readonly #title: string;
  readonly #draw: (random: Random) => Case;

  constructor(title: string, draw: (random: Random) => Case) {
    super();
    this.#title = title;
    this.#draw = draw;
  }

  generate(random: fc.Random): fc.Value<Model> {
    const one = drawRetrying(this.#draw, random.nextInt(0, 2 ** 31 - 1));
    if (one === undefined)
      throw new ModelError('no-arbitrary', `No model could be made for ${this.#title}.`, {
        fix: 'Its pattern may ask for what no model can have.',
      });
    return new fc.Value(one.model, one);
  }

  canShrinkWithoutContext(value: unknown): value is Model {
    return typeof value === 'object' && value !== null && 'graph' in value && 'opsetImports' in value;
  }

  shrink(value: Model, context?: unknown): fc.Stream<fc.Value<Model>> {
    const one = (context as Case | undefined) ?? { model: value, samples: [] };
    return fc.stream(valuesOf(one));
  }
}

function* valuesOf(one: Case): IterableIterator<fc.Value<Model>> {
  for (const other of smallerCases(one))
    if (other.model !== one.model) yield new fc.Value(other.model, other);
}
