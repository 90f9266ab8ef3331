import { type DataType, dataTypes, type Model, type Tensor } from '../ir/index.ts';
import type { PlainValue } from '../ops/index.ts';
import type {
  EachPattern,
  InputPattern,
  NodePattern,
  OneOfPattern,
  OptionalPattern,
  OutputPattern,
} from '../pattern/index.ts';
import type { Rule } from '../rewrite/index.ts';
import type { Random } from '../support/random.ts';
import { readBackwards } from './backwards.ts';
import { drawControl } from './control.ts';
import { shuffled } from './disguise.ts';
import { chance, drawPalette, drawTensor, type Role } from './elements.ts';
import { drawDims, type Plan, type Want } from './recipe.ts';
import { isMakeable, recipes } from './recipes/index.ts';
import { insideIf, surround } from './surroundings.ts';
import { DeadEnd, type Leanings, tooLarge, Workshop } from './workshop.ts';

/** A model, and what it is fed, run by run. */
export interface Case {
  readonly model: Model;
  readonly samples: readonly ReadonlyMap<string, Tensor>[];
  /** Draws other samples for the same model. */
  readonly redraw?: (random: Random) => Case['samples'];
}

/** What a rule's own words say about the models it is for. */
export interface Hints {
  readonly opsets: readonly number[];
  /** Numbers in guards and conditions. */
  readonly literals: readonly number[];
  readonly types: readonly DataType[];
  /** Every word of the code: names of attributes are among them. */
  readonly words: ReadonlySet<string>;
  /** Operators that the code speaks of. */
  readonly operators: readonly string[];
}

const usualOpsets: readonly number[] = [11, 13, 13, 13, 17, 17, 18, 19, 21, 21, 23];

/** Reads the versions, numbers and operator names that a rule's pattern and functions mention. */
export function hintsOf(rule: Rule): Hints {
  let [since, until] = [7, Infinity];
  const functions: unknown[] = [rule.unless, rule.rewrite, rule.measure];
  visit(rule.roots, (pattern) => {
    if ('objection' in pattern) functions.push(pattern.objection);
    if (pattern.kind !== 'node') return;
    const { options } = pattern as NodePattern;
    since = Math.max(since, options.sinceOpset);
    until = Math.min(until, options.untilOpset);
    functions.push(options.objection, ...options.attributes.values());
  });
  const source = functions
    .map((one) => (typeof one === 'function' ? Function.prototype.toString.call(one) : ''))
    .join('\n');
  const numbers = [...source.matchAll(/(?<![\w.])-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?(?!\w)/g)].map(
    ([text]) => Number(text),
  );
  const words = [...source.matchAll(/['"`](\w+)['"`]/g)].map(([, word]) => word!);
  const opsets = usualOpsets.filter((opset) => since <= opset && opset <= until);
  const fallback = until === Infinity ? [Math.max(since, 21)] : [until, Math.max(since, until - 1)];
  return {
    opsets: opsets.length > 0 ? opsets : fallback,
    literals: telling(numbers.filter((value) => Math.abs(value) <= 1e6)),
    types: dataTypes.flatMap(({ name }) => (words.includes(name) ? [name] : [])),
    words: new Set(source.match(/\w+/g)),
    operators: [...new Set(words)].filter((word) => recipes.has(word)),
  };
}

/**
 * Draws a model around a rule's pattern. Most of them the rule matches; some it should nearly match.
 *
 * @throws DeadEnd where this draw leads nowhere
 */
export function drawMatching(rule: Rule, hints: Hints, random: Random): Case {
  const opset = random.pick(hints.opsets);
  const leanings: Leanings = {
    opset,
    palette: drawPalette(random, opset, hints.words.has('saturate') ? 0.5 : 0.015),
    literals: hints.literals,
    types: hints.types,
    words: hints.words,
    neighbours: hints.operators,
  };
  const shop = new Workshop(random, leanings);
  const readings = [readBackwards(shop, rule.roots)];
  if (chance(random, 0.15)) {
    shop.common.push(...readings[0]!.outputs, ...readings[0]!.outputs);
    readings.push(readBackwards(shop, rule.roots));
  }
  return finish(
    shop,
    readings.flatMap(({ outputs }) => outputs),
    readings.flatMap(({ inner }) => inner),
  );
}

/**
 * Draws a typed model of no particular pattern: any operators, shared values, optional inputs, several outputs, and now
 * and then branches and loops that capture values.
 *
 * @throws DeadEnd where this draw leads nowhere
 */
export function drawModel(random: Random, { opsets = usualOpsets, depth = 3, foreign = true } = {}): Case {
  const opset = random.pick(opsets);
  const shop = new Workshop(random, {
    opset,
    palette: drawPalette(random, opset),
    control: drawControl,
    foreign,
  });
  const count = 1 + random.below(3);
  for (let i = 0; i < count; i++) {
    const dtype = random.pick<DataType>([
      'float32',
      'float32',
      'float32',
      'float32',
      'int64',
      'bool',
      'int8',
    ]);
    shop.source({ dtype, dims: drawDims(random) }, depth);
  }
  const made = shop.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  return finish(shop, [], made);
}

/**
 * Draws a model of one node, all of whose free inputs are inputs of the graph.
 *
 * @throws DeadEnd where this draw leads nowhere, or nobody knows how to make the operator
 */
export function drawNode(random: Random, opType: string, opset: number): Case {
  const shop = new Workshop(random, { opset, palette: drawPalette(random, opset) });
  const { want, ...plan } = planIn(shop, opType);
  const inputs = plan.inputs.map((input) => {
    if (input === undefined) return '';
    return input.values === undefined ? shop.input(input) : shop.initializer(shop.tensorOf(input));
  });
  const outputs = shop.node(opType, inputs, plan.attributes ?? {}, plan.outputs ?? [want]);
  return { model: shop.finish(outputs.filter((name) => name !== '')), samples: drawSamples(shop, random) };
}

/**
 * Draws inputs and attributes of a node whose first output has some dims.
 *
 * @throws DeadEnd where this draw leads nowhere, or nobody knows how to make the operator
 */
export function drawPlan(
  random: Random,
  opType: string,
  opset: number,
  dims?: readonly number[],
  fixed: Readonly<Record<string, PlainValue>> = {},
): Plan {
  const shop = new Workshop(random, { opset, palette: drawPalette(random, opset) });
  return planIn(shop, opType, dims, fixed);
}

function planIn(
  shop: Workshop,
  opType: string,
  dims?: readonly number[],
  fixed: Readonly<Record<string, PlainValue>> = {},
): Plan & { readonly want: Want } {
  const { random, opset } = shop;
  const entry = recipes.get(opType);
  if (entry === undefined || !isMakeable(opType, opset)) throw new DeadEnd(`no recipe for ${opType}`);
  const want: Want = {
    dtype: random.pick(entry.gives),
    dims: dims ?? entry.dims?.(random) ?? drawDims(random),
  };
  const ask = { ...shop.ask(opType), isNamed: true, fixed: new Map(Object.entries(fixed)) };
  const plan = entry.recipe(want, ask);
  if (plan === undefined || tooLarge(plan)) throw new DeadEnd(`no ${opType} of ${want.dtype}[${want.dims}]`);
  return { ...plan, want };
}

/** Puts surroundings around what a workshop has made, and draws what to feed it. */
export function finish(shop: Workshop, ends: readonly string[], inner: readonly string[]): Case {
  const { random } = shop;
  const outputs = surround(shop, ends, inner);
  if (outputs.length === 0) throw new DeadEnd('no output');
  let model = shop.finish(outputs);
  if (chance(random, 0.06)) model = insideIf(shop, model).model;
  const inOrder = chance(random, 0.5) ? shuffled(model, random.uint32()) : model;
  return { model: inOrder, samples: drawSamples(shop, random), redraw: (other) => drawSamples(shop, other) };
}

/** Three runs: one of everything that breaks rounding, one of gentle numbers, one of either. */
function drawSamples(shop: Workshop, random: Random): Case['samples'] {
  const { palette } = shop;
  const gentle: readonly Role[] = ['small', 'positive', 'unit'];
  const roles = ['mixed' as const, random.pick(gentle), random.pick<Role>(['mixed', 'mixed', ...gentle])];
  return roles.map(
    (role) =>
      new Map(shop.inputs.map(({ name, want }) => [name, feed(want, want.role ?? role).withName(name)])),
  );
  function feed(want: Want, role: Role): Tensor {
    if (want.below !== undefined) return shop.tensorOf(want);
    if (want.dtype === 'bool' && want.dims.length === 0 && chance(random, 0.6))
      return shop.tensorOf({ ...want, values: [1] });
    return drawTensor(random, want, palette, role);
  }
}

/** Numbers, those that are no position or count first among them several times. */
function telling(numbers: readonly number[]): readonly number[] {
  const each = [...new Set(numbers)];
  return each.flatMap((value) =>
    Number.isInteger(value) && Math.abs(value) < 2 ? [value] : [value, value, value],
  );
}

/** Goes through every pattern that patterns are made of, each once. */
function visit(
  patterns: readonly InputPattern[],
  see: (pattern: InputPattern) => void,
  seen = new Set<InputPattern>(),
): void {
  for (const pattern of patterns) {
    if (seen.has(pattern)) continue;
    seen.add(pattern);
    see(pattern);
    if (pattern.kind === 'optional' || pattern.kind === 'each')
      visit([(pattern as OptionalPattern | EachPattern).inner], see, seen);
    else if (pattern.kind === 'one-of') visit((pattern as OneOfPattern).choices, see, seen);
    else if (pattern.kind === 'output') visit([(pattern as OutputPattern).node], see, seen);
    else if (pattern.kind === 'node') visit((pattern as NodePattern).options.inputs, see, seen);
  }
}
