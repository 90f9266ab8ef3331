import type { OperatorAttributes, PlainValue } from '../ops/index.ts';
import type { Constant, NodeMatch, Value } from './value.ts';

/** What a condition answers: nothing (or false) when it holds, else the reason it does not. */
export type Objection = string | false | undefined | null;

/** The captures of a pattern are known to TypeScript through this field, which no object really has. */
declare const captures: unique symbol;

/** A pattern for one input of a node. */
export interface InputPattern<C = unknown> {
  readonly [captures]?: C;
  readonly kind: 'any' | 'constant' | 'absent' | 'optional' | 'each' | 'one-of' | 'node' | 'output';
}

export type CapturesOf<P> = P extends InputPattern<infer C> ? C : never;
type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (u: infer I) => void ? I : never;
/** The captures of several patterns together. */
export type AllCaptures<P extends readonly InputPattern[]> = P extends readonly []
  ? unknown
  : Intersection<CapturesOf<P[number]>>;
type Flat<C> = { [K in keyof C]: C[K] };
type Loose<C> = { [K in keyof C]: C[K] | undefined };
type Common<A, B> = { [K in keyof A & keyof B]: A[K] | B[K] };
type Either<A, B> = Flat<Common<A, B> & Loose<Omit<A, keyof B>> & Loose<Omit<B, keyof A>>>;
type EitherOf<P extends readonly InputPattern[]> = P extends readonly [infer Only]
  ? CapturesOf<Only>
  : P extends readonly [infer First, ...infer Rest extends readonly InputPattern[]]
    ? Either<CapturesOf<First>, EitherOf<Rest>>
    : unknown;
type Named<Name extends string, T> = string extends Name ? unknown : { [K in Name]: T };

export interface AnyPattern<C = unknown> extends InputPattern<C> {
  readonly kind: 'any';
  readonly name: string | undefined;
  readonly objection: ((value: Value) => Objection) | undefined;
}

export interface ConstantPattern<C = unknown> extends InputPattern<C> {
  readonly kind: 'constant';
  readonly name: string | undefined;
  readonly objection: ((value: Constant) => Objection) | undefined;
}

export interface AbsentPattern extends InputPattern {
  readonly kind: 'absent';
}

export interface OptionalPattern<C = unknown> extends InputPattern<C> {
  readonly kind: 'optional';
  readonly inner: InputPattern;
}

export interface EachPattern<C = unknown> extends InputPattern<C> {
  readonly kind: 'each';
  readonly name: string;
  readonly inner: InputPattern;
  readonly atLeast: number;
}

export interface OneOfPattern<C = unknown> extends InputPattern<C> {
  readonly kind: 'one-of';
  readonly choices: readonly InputPattern[];
}

export interface OutputPattern<C = unknown> extends InputPattern<C> {
  readonly kind: 'output';
  readonly node: NodePattern<string, C>;
  readonly index: number;
}

/** What an attribute has to be: a value, or a function that objects. Absent attributes have their schema default. */
export type AttributeCondition = PlainValue | undefined | ((value: PlainValue | undefined) => Objection);

interface NodeOptions {
  readonly operators: readonly string[];
  readonly domain: string;
  readonly inputs: readonly InputPattern[];
  readonly name: string | undefined;
  readonly attributes: ReadonlyMap<string, AttributeCondition>;
  readonly sinceOpset: number;
  readonly untilOpset: number;
  readonly mayBeShared: boolean;
  readonly isOrdered: boolean;
  readonly objection: ((node: NodeMatch) => Objection) | undefined;
  readonly everyOutput: EveryOutput | undefined;
}

/** What has to stand behind each output of a node. */
interface EveryOutput {
  readonly name: string;
  readonly behind: (part: OutputPattern) => NodePattern;
}

/** A node of one of some operators, whose inputs match patterns. Each method gives a changed copy. */
export class NodePattern<Op extends string = string, C = unknown> implements InputPattern<C> {
  declare readonly [captures]?: C;
  readonly kind = 'node';
  readonly options: NodeOptions;

  constructor(options: NodeOptions) {
    this.options = options;
    Object.freeze(this);
  }

  /** Captures the node itself: its attributes, inputs and outputs. */
  as<Name extends string>(name: Name): NodePattern<Op, C & { [K in Name]: NodeMatch<Op> }> {
    return this.#with({ name });
  }

  /** Asks for attribute values; a function may object to the value instead. */
  with(
    attributes: Op extends keyof OperatorAttributes
      ? {
          readonly [K in keyof OperatorAttributes[Op]]?:
            | OperatorAttributes[Op][K]
            | ((value: OperatorAttributes[Op][K]) => Objection);
        }
      : Readonly<Record<string, AttributeCondition>>,
  ): NodePattern<Op, C> {
    return this.#with({
      attributes: new Map([
        ...this.options.attributes,
        ...Object.entries(attributes as Record<string, AttributeCondition>),
      ]),
    });
  }

  /** Matches only models that import the domain at `first` up to (including) `last`. */
  opset(first: number, last: number = Infinity): NodePattern<Op, C> {
    return this.#with({ sinceOpset: first, untilOpset: last });
  }

  /** Others may read this node's outputs, too; it stays if they do. */
  shared(): NodePattern<Op, C> {
    return this.#with({ mayBeShared: true });
  }

  /** Operands in this order only, though the operator is commutative. */
  ordered(): NodePattern<Op, C> {
    return this.#with({ isOrdered: true });
  }

  /** Operators of these names in another domain than the standard one. */
  from(domain: string): NodePattern<Op, C> {
    return this.#with({ domain: domain === 'ai.onnx' ? '' : domain });
  }

  /** Adds a condition on the node. */
  unless(objection: (node: NodeMatch<Op>) => Objection): NodePattern<Op, C> {
    return this.#with({ objection: objection as (node: NodeMatch) => Objection });
  }

  /**
   * Looks downwards, too: behind every output that is read there has to be what `behind` says, a pattern around the
   * output it is given. The nodes found there are replaced instead of this one, in the order of the outputs, and the
   * captures are a list with a place for each output; undefined where nobody reads it. For the root of a rule only.
   */
  everyOutput<const Name extends string, D>(
    name: Name,
    behind: (part: OutputPattern) => NodePattern<string, D>,
  ): NodePattern<Op, C & { [K in Name]: readonly (Flat<D> | undefined)[] }> {
    return this.#with({ everyOutput: { name, behind: behind as EveryOutput['behind'] } });
  }

  /** Another output than the first. */
  output(index: number): OutputPattern<C> {
    return Object.freeze({ kind: 'output' as const, node: this as unknown as NodePattern<string, C>, index });
  }

  #with<D = C>(changes: Partial<NodeOptions>): NodePattern<Op, D> {
    return new NodePattern<Op, D>({ ...this.options, ...changes });
  }
}

/** Any value that is there. */
export function any<const Name extends string = string>(
  name?: Name,
  objection?: (value: Value) => Objection,
): AnyPattern<Named<Name, Value>> {
  return Object.freeze({ kind: 'any' as const, name, objection });
}

/**
 * A value known when the model is built: initializer (not an overridable one), Constant, Identity or Cast of one.
 * The same name twice asks for equal constants: same dtype, dims and bits, under whatever value names.
 */
export function constant<const Name extends string = string>(
  name?: Name,
  objection?: (value: Constant) => Objection,
): ConstantPattern<Named<Name, Constant>> {
  return Object.freeze({ kind: 'constant' as const, name, objection });
}

/** An input that may be absent; its captures are undefined then. */
export function optional<C>(inner: InputPattern<C>): OptionalPattern<Loose<C>> {
  return Object.freeze({ kind: 'optional' as const, inner });
}

/** An input that has to be absent. */
export function absent(): AbsentPattern {
  return Object.freeze({ kind: 'absent' as const });
}

/** All remaining inputs, each matching `inner`; captured as a list of what `inner` captures. */
export function each<const Name extends string, C>(
  name: Name,
  inner: InputPattern<C>,
  options: { readonly atLeast?: number } = {},
): EachPattern<{ [K in Name]: readonly C[] }> {
  return Object.freeze({ kind: 'each' as const, name, inner, atLeast: options.atLeast ?? 1 });
}

/** The first of several patterns that leads to a match of the whole. */
export function oneOf<P extends readonly InputPattern[]>(...choices: P): OneOfPattern<EitherOf<P>> {
  return Object.freeze({ kind: 'one-of' as const, choices });
}

/** A node of one of several operators. */
export function anyOf<const Ops extends readonly string[], P extends readonly InputPattern[]>(
  operators: Ops,
  ...inputs: P
): NodePattern<Ops[number], AllCaptures<P>> {
  return nodePattern('', operators, inputs);
}

type NodeFactory<Op extends string> = <P extends readonly InputPattern[]>(
  ...inputs: P
) => NodePattern<Op, AllCaptures<P>>;

/** One function per standard operator: `op.Conv(any('x'), constant('w'))`. */
export type Operators = { readonly [Op in keyof OperatorAttributes]: NodeFactory<Op> };

/** Pattern builder for the standard operators. */
export const op: Operators = domain('') as never;

/** Pattern builder for the operators of another domain: `domain('com.microsoft').Gelu(any('x'))`. */
export function domain(name: string): { readonly [Op in string]: NodeFactory<Op> } {
  return new Proxy(Object.create(null), {
    get: (_, operator) =>
      typeof operator === 'string'
        ? (...inputs: InputPattern[]) => nodePattern(name, [operator], inputs)
        : undefined,
  });
}

function nodePattern<Op extends string, C>(
  domainName: string,
  operators: readonly string[],
  inputs: readonly InputPattern[],
): NodePattern<Op, C> {
  return new NodePattern<Op, C>({
    operators,
    domain: domainName === 'ai.onnx' ? '' : domainName,
    inputs,
    name: undefined,
    attributes: new Map(),
    sinceOpset: 0,
    untilOpset: Infinity,
    mayBeShared: false,
    isOrdered: false,
    objection: undefined,
    everyOutput: undefined,
  });
}

/**
 * A quantize–dequantize pair around a value: QuantizeLinear → DequantizeLinear with equal scales and zero points
 * (the zero point present on both sides or on none).
 *
 * Captures `scale`, `zero` and the nodes `quantize` and `dequantize`; with a suffix, names end with it.
 */
export function quantizePair<C, const Suffix extends string = ''>(
  input: InputPattern<C>,
  suffix: Suffix = '' as Suffix,
): NodePattern<
  'DequantizeLinear',
  C & { [K in `scale${Suffix}`]: Constant } & { [K in `zero${Suffix}`]: Constant | undefined } & {
    [K in `quantize${Suffix}`]: NodeMatch<'QuantizeLinear'>;
  } & { [K in `dequantize${Suffix}`]: NodeMatch<'DequantizeLinear'> }
> {
  const scale = () => constant(`scale${suffix}`);
  const zero = () => optional(constant(`zero${suffix}`));
  const quantize = op.QuantizeLinear(input, scale(), zero()).as(`quantize${suffix}`);
  return op.DequantizeLinear(quantize, scale(), zero()).as(`dequantize${suffix}`) as never;
}

/** What the driver has to know about a pattern without running it. */
export interface PatternFacts {
  readonly captureNames: ReadonlySet<string>;
  /** Operators without which nothing can match. */
  readonly required: ReadonlySet<string>;
  /** Longest chain of nodes from a root upwards. */
  readonly depth: number;
  /** Longest chain of nodes below a root that looks downwards. */
  readonly reach: number;
}

/** Reads a pattern's capture names, indispensable operators and depth. */
export function factsOf(roots: readonly NodePattern[]): PatternFacts {
  const captureNames = new Set<string>();
  const required = new Set<string>();
  let reach = 0;
  const visit = (pattern: InputPattern, isSure: boolean): number => {
    switch (pattern.kind) {
      case 'any':
      case 'constant': {
        const { name } = pattern as AnyPattern;
        if (name !== undefined) captureNames.add(name);
        return 0;
      }
      case 'absent':
        return 0;
      case 'optional':
        return visit((pattern as OptionalPattern).inner, false);
      case 'each': {
        const { name, inner, atLeast } = pattern as EachPattern;
        captureNames.add(name);
        const inside = factsOfInner(inner);
        if (isSure && atLeast > 0) for (const operator of inside.required) required.add(operator);
        return inside.depth;
      }
      case 'one-of':
        return Math.max(...(pattern as OneOfPattern).choices.map((choice) => visit(choice, false)));
      case 'output':
        return visit((pattern as OutputPattern).node, isSure);
      case 'node': {
        const { options } = pattern as NodePattern;
        if (options.name !== undefined) captureNames.add(options.name);
        if (isSure && options.operators.length === 1) required.add(options.operators[0]!);
        if (options.everyOutput !== undefined) {
          const above = new NodePattern({ ...options, everyOutput: undefined });
          const behind = options.everyOutput.behind(above.output(0));
          captureNames.add(options.everyOutput.name);
          reach = Math.max(reach, factsOf([behind]).depth - factsOf([above]).depth);
        }
        return 1 + Math.max(0, ...options.inputs.map((input) => visit(input, isSure)));
      }
    }
  };
  const factsOfInner = (inner: InputPattern): PatternFacts =>
    inner.kind === 'node'
      ? factsOf([inner as NodePattern])
      : { captureNames: new Set(), required: new Set(), depth: 0, reach: 0 };
  const depth = Math.max(...roots.map((root) => visit(root, true)));
  return { captureNames, required, depth, reach };
}

const behindOutputs = new WeakMap<NodePattern, Map<number, NodePattern>>();

/** The pattern that has to match behind one output of a node of `everyOutput`; always the same object. */
export function behindOutput(pattern: NodePattern, index: number): NodePattern {
  const known = behindOutputs.get(pattern) ?? new Map<number, NodePattern>();
  behindOutputs.set(pattern, known);
  const made = known.get(index) ?? pattern.options.everyOutput!.behind(pattern.output(index));
  known.set(index, made);
  return made;
}
