import type { DataType } from '../ir/index.ts';
import type { PlainValue } from '../ops/index.ts';
import type { Random } from '../support/random.ts';
import type { Kind, Palette, Role } from './elements.ts';

/** What one input of a node has to be. */
export interface Want extends Kind {
  /** The very elements it has to hold: it is a constant then. */
  readonly values?: readonly number[];
  /** What its elements are like where they are free. */
  readonly role?: Role;
  /** Constants and inputs of elements up to `below`, exclusive: indices. They start at `from`, 0 unless given. */
  readonly below?: number;
  readonly from?: number;
}

/** A node that makes a value of the kind asked for. */
export interface Plan {
  /** By position; undefined leaves an optional input out. */
  readonly inputs: readonly (Want | undefined)[];
  readonly attributes?: Readonly<Record<string, PlainValue | undefined>>;
  /** Attributes that are FLOAT or FLOATS even where their value is whole. */
  readonly outputs?: readonly Kind[];
}

/** What a recipe may look at while it makes its plan. */
export interface Ask {
  readonly opType: string;
  readonly opset: number;
  readonly random: Random;
  readonly palette: Palette;
  /** Attributes that somebody else has fixed. The plan may say otherwise; these win. */
  readonly fixed: ReadonlyMap<string, PlainValue>;
  /** Whether the optional input of a position is to be there. */
  takes(index: number): boolean;
  /** Element types that the code at hand speaks of. */
  readonly types: readonly DataType[];
  /** Numbers that the code at hand speaks of. */
  readonly literals: readonly number[];
  /** Whether the code at hand names an attribute. */
  speaksOf(name: string): boolean;
  /** Whether a pattern asks for the very operator; others stand around it, and keep to what is common. */
  readonly isNamed: boolean;
  /** Whether an input has to be a constant. */
  isConstant(index: number): boolean;
  /** How many inputs a variadic operator is to have. */
  readonly count: number;
  /** The element types that what feeds an input can have; undefined where it can have any. */
  likes(index: number): readonly DataType[] | undefined;
  /** The value that an input has to be, where it is settled: a name the pattern has bound before. */
  known(index: number): Kind | undefined;
  /** Attributes of the quantizer that a grid was first drawn for, by the dims of its scale. */
  readonly grids: Map<string, Readonly<Record<string, PlainValue>>>;
}

/** Reads an operator backwards: from the kind of its output to inputs and attributes that give it. */
export type Recipe = (want: Kind, ask: Ask) => Plan | undefined;

export interface RecipeEntry {
  readonly recipe: Recipe;
  /** Element types of the first output. */
  readonly gives: readonly DataType[];
  /** Dims that the operator can give, where it cannot give any. */
  readonly dims?: (random: Random) => readonly number[];
  /** First opset. */
  readonly since?: number;
  readonly until?: number;
  /** How often it stands around a match, 1 unless given; 0 for operators that only stand in patterns that name them. */
  readonly weight?: number;
  /** How often an output beyond the first is read. */
  readonly outputs?: number;
  /** Whether the first input has the element type of the output. */
  readonly keepsType?: boolean;
}

export type RecipeBook = ReadonlyMap<string, RecipeEntry>;

/** Lengths of 1 to 3 along each axis, mostly. */
export function drawDims(random: Random, minRank = 0, maxRank = 4): number[] {
  const rank = minRank + random.below(maxRank - minRank + 1);
  return Array.from({ length: rank }, () => drawLength(random));
}

export function drawLength(random: Random): number {
  return random.pick([1, 1, 2, 2, 2, 3, 4]);
}

/** `want` again for an input of the same kind. */
export const floats: readonly DataType[] = [
  'float32',
  'float32',
  'float32',
  'float32',
  'float32',
  'float16',
  'float64',
];
export const numbers: readonly DataType[] = [...floats, 'int32', 'int64'];

export function int64s(values: readonly number[]): Want {
  return { dtype: 'int64', dims: [values.length], values };
}

/** An attribute: what is fixed, else what is drawn. */
export function fixedOr<T extends PlainValue>(ask: Ask, name: string, draw: () => T): T {
  return (ask.fixed.has(name) ? ask.fixed.get(name) : draw()) as T;
}

/** A number for an attribute: a usual one, or one that the code at hand speaks of. */
export function drawNumber({ random, literals }: Ask, usual: readonly number[]): number {
  return literals.length > 0 && random.below(4) === 0 ? random.pick(literals) : random.pick(usual);
}

/** Indices of an axis of some length, now and then counted from the back. */
export function indicesOf(length: number, dims: readonly number[], random: Random): Want {
  return { dtype: 'int64', dims, below: length, from: random.below(3) === 0 ? -length : 0 };
}

/** An axis, counted from the front or the back. */
export function spellAxis(random: Random, axis: number, rank: number): number {
  return random.below(3) === 0 ? axis - rank : axis;
}

export function product(lengths: readonly number[]): number {
  return lengths.reduce((all, length) => all * length, 1);
}

export function permutation(random: Random, count: number): number[] {
  const result = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** An element type where any of some would do: more often one that the code at hand speaks of. */
export function drawType(ask: Ask, types: readonly DataType[]): DataType {
  const spoken = types.filter((type) => ask.types.includes(type));
  return ask.random.pick(spoken.length > 0 && ask.random.below(4) > 0 ? spoken : types);
}
