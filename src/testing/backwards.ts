import type { DataType } from '../ir/index.ts';
import { dataTypeFromCode } from '../ir/index.ts';
import { findSchema, type PlainValue } from '../ops/index.ts';
import {
  type AnyPattern,
  behindOutput,
  type ConstantPattern,
  type EachPattern,
  type InputPattern,
  isCommutative,
  type NodePattern,
  type OneOfPattern,
  type OptionalPattern,
  type OutputPattern,
} from '../pattern/index.ts';
import type { Random } from '../support/random.ts';
import { drawIf } from './control.ts';
import { chance, type Kind } from './elements.ts';
import { type Ask, drawDims, type Plan, type Want } from './recipe.ts';
import { isMakeable, recipes } from './recipes/index.ts';
import { DeadEnd, sameKind, tooLarge, type Workshop } from './workshop.ts';

/** What has been made of a pattern. */
export interface Reading {
  /** The outputs of the roots that came about. */
  readonly outputs: readonly string[];
  /** Every value a matched node makes. */
  readonly inner: readonly string[];
}

/**
 * Reads a pattern backwards: makes nodes in a workshop that it matches, but for guards and conditions that only a
 * match can be asked. What a pattern leaves open is drawn.
 *
 * @throws DeadEnd where the draw does not work out; most second tries do
 */
export function readBackwards(shop: Workshop, roots: readonly NodePattern[]): Reading {
  const reader = new Reader(shop);
  const first = reader.rootWant(roots[0]!);
  const outputs = roots.flatMap((root, i) =>
    reader.root(root, i === 0 ? first : reader.likeFirst(root, first, roots[0]!)),
  );
  return { outputs: [...new Set(outputs)], inner: reader.inner };
}

class Reader {
  readonly inner: string[] = [];
  readonly #shop: Workshop;
  #bindings = new Map<string, string>();
  /** What values will be whose names are not bound yet, but spoken of further down. */
  #planned = new Map<string, Want>();
  #nodes = new Map<NodePattern, readonly string[]>();
  readonly #present = new Map<InputPattern, boolean>();
  readonly #grids: Ask['grids'] = new Map();
  readonly #operators = new Map<NodePattern, string>();

  constructor(shop: Workshop) {
    this.#shop = shop;
  }

  /** A kind that a root may have: dims come from the operator above it that is hardest to please. */
  rootWant(root: NodePattern): Want {
    const { random } = this.#shop;
    const drawn = this.#pickyDims(root).map((dims) => dims(random));
    const highest = Math.max(...drawn.map((dims) => dims.length));
    const picky = drawn.find((dims) => dims.length === highest);
    const types = this.#typesOf(root) ?? ['float32' as const];
    const spoken = types.filter((type) => this.#shop.types.includes(type));
    const isFloat = types.includes('float32') && chance(random, 0.8);
    const usualType = spoken.length > 0 && chance(random, 0.6) ? random.pick(spoken) : undefined;
    const many = this.#shop.literals.find((value) => value === 5 || value === 6);
    // Ranks that are rare come where the code at hand speaks of them.
    const drawAny = () =>
      many !== undefined && chance(random, 0.25) ? drawDims(random, many, many) : drawDims(random);
    return {
      dtype: usualType ?? (isFloat ? 'float32' : random.pick(types)),
      dims: picky !== undefined && chance(random, 0.85) ? picky : drawAny(),
    };
  }

  /** The kind of a further root: what it shares with the first has the same dims, as a rule. */
  likeFirst(root: NodePattern, first: Want, leader: NodePattern): Want {
    const shared = this.#operatorOf(leader);
    if (root.options.operators.includes(shared) && chance(this.#shop.random, 0.85))
      this.#operators.set(root, shared);
    const types = this.#typesOf(root) ?? [first.dtype];
    return {
      dtype: types.includes(first.dtype) ? first.dtype : this.#shop.random.pick(types),
      dims: first.dims,
    };
  }

  root(pattern: NodePattern, want: Want): readonly string[] {
    const { everyOutput } = pattern.options;
    if (everyOutput === undefined) return this.#node(pattern, want, 0).filter((name) => name !== '');
    const [outer, planned] = [this.#bindings, this.#planned];
    const names = this.#node(pattern, want, 0);
    return names.flatMap((name, i) => {
      if (name === '') return [];
      const kind = this.#shop.kinds.get(name)!;
      [this.#bindings, this.#planned] = [new Map(outer), new Map(planned)];
      return this.#node(behindOutput(pattern, i), kind, 0);
    });
  }

  #value(pattern: InputPattern, want: Want): string {
    const { random } = this.#shop;
    switch (pattern.kind) {
      case 'absent':
        throw new DeadEnd('an absent input');
      case 'optional':
        return this.#value((pattern as OptionalPattern).inner, want);
      case 'one-of':
        return this.#value(random.pick((pattern as OneOfPattern).choices), want);
      case 'any':
        return this.#bound((pattern as AnyPattern).name, want, (settled) =>
          this.#any(pattern as AnyPattern, settled),
        );
      case 'constant':
        return this.#constant((pattern as ConstantPattern).name, want);
      case 'node':
        return this.#node(pattern as NodePattern, want, 0)[0]!;
      case 'output': {
        const { node, index } = pattern as OutputPattern;
        return this.#node(node, want, index)[index] ?? fail('an output that was not made');
      }
      case 'each':
        return this.#each(pattern as EachPattern, want);
    }
  }

  #bound(name: string | undefined, want: Want, make: (want: Want) => string): string {
    const known = name === undefined ? undefined : this.#bindings.get(name);
    if (known !== undefined) {
      if (!sameKind(this.#shop.kinds.get(known)!, want)) throw new DeadEnd(`${name} would have two kinds`);
      return known;
    }
    const made = make(this.#planned.get(name ?? '') ?? want);
    if (name !== undefined) this.#bindings.set(name, made);
    return made;
  }

  #any(pattern: AnyPattern, want: Want): string {
    const shop = this.#shop;
    return pattern.name === undefined && chance(shop.random, 0.6) && want.values === undefined
      ? shop.constant(want)
      : shop.source(want);
  }

  /** Equal constants may be one value, or several. */
  #constant(name: string | undefined, want: Want): string {
    const shop = this.#shop;
    const made = this.#bound(name, want, (settled) => shop.constant(settled));
    const stored = shop.initializers.find((tensor) => tensor.name === made);
    return stored !== undefined && chance(shop.random, 0.1) ? shop.initializer(stored) : made;
  }

  /** Each input has nodes and names of its own; now and then one value stands at several of them. */
  #each(pattern: EachPattern, want: Want): string {
    const [outer, planned, nodes] = [this.#bindings, this.#planned, this.#nodes];
    [this.#bindings, this.#planned] = [new Map(), new Map()];
    this.#nodes = chance(this.#shop.random, 0.15) ? nodes : new Map();
    const made = this.#value(pattern.inner, want);
    [this.#bindings, this.#planned, this.#nodes] = [outer, planned, nodes];
    return made;
  }

  #node(pattern: NodePattern, want: Want, index: number): readonly string[] {
    const known = this.#nodes.get(pattern);
    if (known !== undefined) {
      const kind = this.#shop.kinds.get(known[index] ?? '');
      if (kind === undefined || !sameKind(kind, want)) throw new DeadEnd('a node would have two kinds');
      return known;
    }
    const made = this.#made(pattern, want, index);
    this.#nodes.set(pattern, made);
    this.inner.push(...made.filter((name) => name !== ''));
    return made;
  }

  #made(pattern: NodePattern, want: Want, index: number): readonly string[] {
    const { domain } = pattern.options;
    const opType = this.#operatorOf(pattern);
    if (domain === '' && opType === 'If') {
      const [condition] = this.#inputsOf(pattern, opType);
      if (condition === undefined || index > 0) throw new DeadEnd('an If of no condition');
      return [drawIf(this.#shop, want, this.#value(condition, { dtype: 'bool', dims: [] }))];
    }
    const isStandard = domain === '' || domain === 'com.microsoft';
    const entry = recipes.get(opType);
    if (!isStandard || entry === undefined) return this.#foreign(pattern, opType, want);
    if (!isMakeable(opType, this.#shop.opset) || (index === 0 && !entry.gives.includes(want.dtype)))
      throw new DeadEnd(`no ${opType} of ${want.dtype}`);
    const patterns = this.#inputsOf(pattern, opType);
    for (let i = 0; i < 8; i++) {
      const ask = this.#ask(opType, pattern, patterns);
      const main = index === 0 ? want : { ...want, dtype: entry.gives[0]! };
      const plan = entry.recipe(main, ask);
      if (plan === undefined || tooLarge(plan)) continue;
      const attributes = this.#attributes(pattern, opType, plan);
      if (attributes === undefined) continue;
      if (index > 0 && (plan.outputs?.[index] === undefined || !sameKind(plan.outputs[index], want)))
        continue;
      const inputs = this.#operands(plan, patterns);
      const outputs = this.#outputs(pattern, plan.outputs ?? [main], index, entry.outputs ?? 0);
      return this.#shop.node(opType, inputs, attributes, outputs, domain === '' ? undefined : domain);
    }
    throw new DeadEnd(`no ${opType} of ${want.dtype}[${want.dims}]`);
  }

  #operands(plan: Plan, patterns: readonly InputPattern[]): readonly string[] {
    plan.inputs.forEach((want, i) => {
      this.#plan(patterns[i], want);
    });
    const inputs = plan.inputs.map((want, i) => {
      const pattern = patterns[i];
      if (want === undefined) {
        if (pattern !== undefined && !mayBeAbsent(pattern)) throw new DeadEnd(`input ${i} has to be there`);
        return '';
      }
      return pattern === undefined ? fail(`input ${i} must not be there`) : this.#value(pattern, want);
    });
    patterns.forEach((pattern, i) => {
      if (i >= inputs.length && !mayBeAbsent(pattern)) throw new DeadEnd(`input ${i} has to be there`);
    });
    return inputs;
  }

  /** Notes what a name will stand for, before the patterns above are read that may speak of it, too. */
  #plan(pattern: InputPattern | undefined, want: Want | undefined): void {
    const name = nameOf(pattern);
    if (name === undefined || want === undefined) return;
    const known = this.#known(pattern);
    if (known === undefined) this.#planned.set(name, want);
    else if (!sameKind(known, want)) throw new DeadEnd(`${name} would have two kinds`);
  }

  #outputs(
    pattern: NodePattern,
    outputs: readonly Kind[],
    index: number,
    often: number,
  ): readonly (Kind | undefined)[] {
    const all = pattern.options.everyOutput !== undefined || often === 1;
    return outputs.map((kind, i) =>
      i === 0 || i === index || all || chance(this.#shop.random, often) ? kind : undefined,
    );
  }

  /** The operator that a pattern of several is read as. */
  #operatorOf(pattern: NodePattern): string {
    const known = this.#operators.get(pattern) ?? this.#shop.random.pick(pattern.options.operators);
    this.#operators.set(pattern, known);
    return known;
  }

  /** How the operators of a pattern draw dims that they can give. */
  #pickyDims(pattern: InputPattern): readonly ((random: Random) => readonly number[])[] {
    switch (pattern.kind) {
      case 'optional':
      case 'each':
        return this.#pickyDims((pattern as OptionalPattern | EachPattern).inner);
      case 'output':
        return this.#pickyDims((pattern as OutputPattern).node);
      case 'one-of':
        return (pattern as OneOfPattern).choices.flatMap((choice) => this.#pickyDims(choice));
      case 'node': {
        const own = recipes.get(this.#operatorOf(pattern as NodePattern))?.dims;
        const { inputs } = (pattern as NodePattern).options;
        return [...(own === undefined ? [] : [own]), ...inputs.flatMap((input) => this.#pickyDims(input))];
      }
      default:
        return [];
    }
  }

  /** Operators nobody knows take whatever the pattern gives them. */
  #foreign(pattern: NodePattern, opType: string, want: Want): readonly string[] {
    const { options } = pattern;
    const most = findSchema(options.domain, opType, this.#shop.opset)?.maxInputs ?? Infinity;
    const inputs = this.#inputsOf(pattern, opType)
      .slice(0, most)
      .map((input) =>
        mayBeAbsent(input) && !this.#takes(input)
          ? ''
          : this.#value(input, { dtype: want.dtype, dims: want.dims }),
      );
    const fixed = [...options.attributes].flatMap(([name, value]) =>
      typeof value === 'function' || value === undefined ? [] : [[name, value] as const],
    );
    return this.#shop.node(opType, inputs, Object.fromEntries(fixed), [want], options.domain || undefined);
  }

  /** The pattern of each input: operands may be swapped, and `each` stands for several. */
  #inputsOf({ options }: NodePattern, opType: string): readonly InputPattern[] {
    const { random } = this.#shop;
    const inputs = options.inputs.flatMap((input) => {
      if (input.kind !== 'each') return [input];
      const { atLeast } = input as EachPattern;
      return new Array<InputPattern>(Math.max(1, atLeast) + random.below(3)).fill(input);
    });
    const maySwap = inputs.length === 2 && isCommutative(opType) && !options.isOrdered;
    return maySwap && chance(random, 0.3) ? [inputs[1]!, inputs[0]!] : inputs;
  }

  #takes(pattern: InputPattern): boolean {
    const known = this.#present.get(pattern) ?? chance(this.#shop.random, 0.65);
    this.#present.set(pattern, known);
    return known;
  }

  #ask(opType: string, pattern: NodePattern, patterns: readonly InputPattern[]): Ask {
    const { random, opset, palette } = this.#shop;
    const fixed = new Map<string, PlainValue>();
    for (const [name, value] of pattern.options.attributes) {
      if (typeof value !== 'function' && value !== undefined) fixed.set(name, value);
    }
    const isZero = (i: number) => i === 2 && (opType === 'QuantizeLinear' || opType === 'DequantizeLinear');
    return {
      opType,
      opset,
      random,
      palette,
      fixed,
      types: this.#shop.types,
      literals: this.#shop.literals,
      speaksOf: (name) => this.#shop.words.has(name),
      isNamed: true,
      isConstant: (i) => isConstantPattern(patterns[i]),
      count: patterns.length,
      takes: (i) => {
        const input = patterns[i];
        if (input === undefined || input.kind === 'absent') return false;
        if (!mayBeAbsent(input)) return true;
        // Both halves of a pair have their zero point, or neither.
        return isZero(i) ? palette.hasZero : this.#takes(input);
      },
      likes: (i) => (patterns[i] === undefined ? undefined : this.#typesOf(patterns[i])),
      known: (i) => this.#known(patterns[i]),
      grids: this.#grids,
    };
  }

  /** What a pattern's name has been bound to. */
  #known(pattern: InputPattern | undefined): Kind | undefined {
    const name = nameOf(pattern);
    if (name === undefined) return undefined;
    return this.#shop.kinds.get(this.#bindings.get(name) ?? '') ?? this.#planned.get(name);
  }

  /** The attributes of a plan with what the pattern wants; undefined where a condition objects. */
  #attributes(pattern: NodePattern, opType: string, plan: Plan): Plan['attributes'] | undefined {
    const attributes: Record<string, PlainValue | undefined> = { ...plan.attributes };
    const schema = findSchema('', opType, this.#shop.opset);
    for (const [name, condition] of pattern.options.attributes) {
      if (typeof condition !== 'function') {
        attributes[name] = condition;
        continue;
      }
      const value = attributes[name] ?? schema?.attributes.get(name)?.default;
      try {
        if (condition(value)) return undefined;
      } catch {
        // Whoever runs the rule meets the same error, and reports it.
      }
    }
    return attributes;
  }

  /** The element types a pattern can give; undefined where it can give any. */
  #typesOf(pattern: InputPattern): readonly DataType[] | undefined {
    switch (pattern.kind) {
      case 'any':
      case 'constant': {
        const known = this.#known(pattern);
        return known === undefined ? undefined : [known.dtype];
      }
      case 'optional':
        return this.#typesOf((pattern as OptionalPattern).inner);
      case 'node': {
        const { attributes } = (pattern as NodePattern).options;
        const opType = this.#operatorOf(pattern as NodePattern);
        const to = attributes.get('to');
        if (opType === 'Cast' && typeof to === 'number') return [dataTypeFromCode(to)];
        const made = this.#nodes.get(pattern as NodePattern)?.[0];
        if (made !== undefined) return [this.#shop.kinds.get(made)!.dtype];
        const [first] = (pattern as NodePattern).options.inputs;
        const above =
          first !== undefined && recipes.get(opType)?.keepsType === true ? this.#typesOf(first) : undefined;
        const common = recipes.get(opType)?.gives.filter((type) => above?.includes(type)) ?? [];
        if (common.length > 0) return common;
        return opType === 'QuantizeLinear'
          ? [this.#shop.palette.codes, this.#shop.palette.codes, ...codesWithout(this.#shop)]
          : (recipes.get(opType)?.gives ?? ['float32']);
      }
      default:
        return undefined;
    }
  }
}

/** The name that an input is bound to. */
function nameOf(pattern: InputPattern | undefined): string | undefined {
  if (pattern?.kind === 'optional') return nameOf((pattern as OptionalPattern).inner);
  return pattern?.kind === 'any' || pattern?.kind === 'constant' ? (pattern as AnyPattern).name : undefined;
}

function isConstantPattern(pattern: InputPattern | undefined): boolean {
  if (pattern?.kind === 'optional') return isConstantPattern((pattern as OptionalPattern).inner);
  return pattern?.kind === 'constant';
}

/** Without a zero point codes are uint8. */
function codesWithout({ palette, opset }: Workshop): readonly DataType[] {
  return palette.hasZero || opset >= 21 ? ['int8', 'uint8'] : ['uint8', 'uint8', 'uint8', 'uint8'];
}

function fail(why: string): never {
  throw new DeadEnd(why);
}

function mayBeAbsent(pattern: InputPattern): boolean {
  if (pattern.kind === 'one-of') return (pattern as OneOfPattern).choices.some(mayBeAbsent);
  return pattern.kind === 'optional' || pattern.kind === 'absent';
}
