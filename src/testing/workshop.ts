import {
  type DataType,
  elementCount,
  findDataType,
  integerRange,
  type Model,
  type Node,
  subgraphsOf,
  type Tensor,
  type TensorType,
  tensor,
  type ValueInfo,
  valuesOf,
} from '../ir/index.ts';
import { findSchema, makeAttribute, type PlainValue } from '../ops/index.ts';
import type { Random } from '../support/random.ts';
import { chance, drawTensor, type Kind, type Palette, usual } from './elements.ts';
import type { Ask, Plan, Want } from './recipe.ts';
import { isMakeable, recipes } from './recipes/index.ts';

/** What a workshop leans to. */
export interface Leanings {
  readonly opset: number;
  readonly palette: Palette;
  /** Numbers that constants often hold. */
  readonly literals?: readonly number[];
  /** Element types that free inputs often have. */
  readonly types?: readonly DataType[];
  /** Words of the code at hand. */
  readonly words?: ReadonlySet<string>;
  /** Whether operators of a domain nobody knows stand around; they do unless said. */
  readonly foreign?: boolean;
  /** Makes an If, a Loop or a Scan now and then, where models have them. */
  readonly control?: (shop: Workshop, want: Kind) => string;
  /** Operators that stand around a match more often than others. */
  readonly neighbours?: readonly string[];
}

/** Thrown where a draw leads nowhere; whoever drew tries again. */
export class DeadEnd extends Error {}

/** A domain nobody knows. What its operators compute is anybody's guess. */
export const foreignDomain = 'foreign.domain';

/** A model while it is made, from its outputs upwards: values come with their kinds, so that it is typed at any time. */
export class Workshop {
  readonly random: Random;
  readonly opset: number;
  readonly palette: Palette;
  readonly types: readonly DataType[];
  readonly literals: readonly number[];
  readonly words: ReadonlySet<string>;
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];
  readonly inputs: { readonly name: string; readonly want: Want }[] = [];
  readonly kinds = new Map<string, Kind>();
  /** Values that anybody may read. */
  readonly common: string[] = [];
  readonly leanings: Leanings;
  readonly #makers = new Map<DataType, readonly string[]>();
  #count = 0;

  constructor(random: Random, leanings: Leanings) {
    this.random = random;
    this.opset = leanings.opset;
    this.palette = leanings.palette;
    this.types = leanings.types ?? [];
    this.literals = leanings.literals ?? [];
    this.words = leanings.words ?? new Set();
    this.leanings = leanings;
  }

  name(hint: string): string {
    const oddities = ['__proto__', 'constructor', 'a/b:0', ' '];
    const odd = chance(this.random, 0.01) ? this.random.pick(oddities) : undefined;
    this.#count += 1;
    return odd !== undefined && !this.kinds.has(odd) ? odd : `${hint}${this.#count}`;
  }

  /** A new input of the graph. */
  input(want: Want): string {
    const name = this.name('x');
    this.inputs.push({ name, want });
    this.kinds.set(name, { dtype: want.dtype, dims: want.dims });
    this.common.push(name);
    return name;
  }

  /** A constant in one of its guises: initializer, Constant node, Identity or Cast of one. */
  constant(want: Want): string {
    const made = this.tensorOf(want);
    const guise = this.random.uniform();
    if (guise < 0.8 || want.dtype === 'string') return this.initializer(made);
    if (guise < 0.88) return this.node('Constant', [], { value: made }, [want])[0]!;
    if (guise < 0.94) return this.node('Identity', [this.initializer(made)], {}, [want])[0]!;
    const wider = widerType(made.dtype);
    if (wider === undefined) return this.initializer(made);
    const wide = tensor(wider, made.dims, made.toTypedArray() as never);
    const to = findDataType(made.dtype)!.code;
    return this.node('Cast', [this.initializer(wide)], { to }, [want])[0]!;
  }

  initializer(made: Tensor): string {
    const name = this.name('c');
    this.initializers.push(made.withName(name));
    this.kinds.set(name, { dtype: made.dtype, dims: made.dims });
    return name;
  }

  /** A tensor as wanted; free ones are often one number throughout. */
  tensorOf(want: Want): Tensor {
    const { random } = this;
    const count = elementCount(want.dims);
    const { from = 0 } = want;
    if (want.values !== undefined) return tensor(want.dtype, want.dims, numbersFor(want.dtype, want.values));
    if (want.below !== undefined)
      return tensor(
        want.dtype,
        want.dims,
        numbersFor(
          want.dtype,
          Array.from({ length: count }, () => from + random.below(want.below! - from)),
        ),
      );
    const kind = findDataType(want.dtype)?.kind;
    if (kind === 'float' && chance(random, 0.55)) {
      const fill = this.#favourite();
      if (Math.abs(fill) < 200 && (want.role !== 'positive' || fill > 0))
        return tensor(want.dtype, want.dims, new Array<number>(count).fill(fill));
    }
    const whole = this.#wholeLiterals(want);
    // Codes are many numbers, those at the ends of their range above all.
    const often = (findDataType(want.dtype)?.bits ?? 0) > 8 ? 0.4 : 0.12;
    if (whole.length > 0 && chance(random, often))
      return tensor(
        want.dtype,
        want.dims,
        numbersFor(want.dtype, new Array<number>(count).fill(random.pick(whole))),
      );
    return readable(drawTensor(random, want, this.palette, want.role));
  }

  /** Numbers that the code at hand speaks of, as far as integers of a kind can be them. */
  #wholeLiterals({ dtype, role }: Want): readonly number[] {
    const range = integerRange(dtype);
    if (range === undefined) return [];
    return this.literals.filter(
      (value) =>
        Number.isInteger(value) &&
        range.min <= value &&
        value <= range.max &&
        (role !== 'positive' || value > 0),
    );
  }

  #favourite(): number {
    const { random, palette, literals } = this;
    if (literals.length > 0 && chance(random, 0.6)) return random.pick(literals);
    const scale = usual(random, palette.scales, palette.variety);
    return Math.fround(random.pick([0, 0, 1, -1, 0.5, 2, -0, 3 * scale, -scale, 1.5 * scale, 0.3]));
  }

  /** A new node; gives its outputs. An output without a kind is left out. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, PlainValue | undefined>>,
    outputs: readonly (Kind | undefined)[],
    domain?: string,
  ): readonly string[] {
    const schema = domain === undefined ? findSchema('', opType, this.opset) : undefined;
    const trimmed = [...inputs];
    while (trimmed.at(-1) === '') trimmed.pop();
    const names = outputs.map((kind) => {
      if (kind === undefined) return '';
      const name = this.name('v');
      this.kinds.set(name, { dtype: kind.dtype, dims: kind.dims });
      return name;
    });
    while (names.at(-1) === '') names.pop();
    const made = Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [makeAttribute(name, value, schema?.attributes.get(name)?.type)],
    );
    const { random } = this;
    this.nodes.push({
      opType,
      ...(domain === undefined ? {} : { domain }),
      ...(chance(random, 0.4) ? { name: `node_${names[0]}` } : {}),
      inputs: trimmed,
      outputs: names,
      attributes: made,
      ...(chance(random, 0.1) ? { docString: 'a note' } : {}),
      metadata: chance(random, 0.1) ? [{ key: 'origin', value: `layer ${this.#count}` }] : [],
      deviceConfigurations: [],
    });
    return names;
  }

  /** A value as wanted, from anywhere: an input, a constant, something that is there already, or a node. */
  source(want: Want, depth = 2): string {
    const { random } = this;
    if (want.values !== undefined) return this.constant(want);
    const known = this.common.filter((name) => sameKind(this.kinds.get(name)!, want));
    if (known.length > 0 && chance(random, 0.35)) return random.pick(known);
    if (want.below !== undefined && chance(random, 0.6)) return this.constant(want);
    if (depth > 0 && want.below === undefined && chance(random, 0.45)) {
      const made = this.#made(want, depth - 1);
      if (made !== undefined) {
        this.common.push(made);
        return made;
      }
    }
    return chance(random, 0.12) ? this.constant(want) : this.input(want);
  }

  /** A node that makes a value as wanted; undefined where none was found. */
  #made(want: Want, depth: number): string | undefined {
    const { random } = this;
    const { control } = this.leanings;
    if (control !== undefined && this.opset >= 11 && chance(random, 0.07)) return control(this, want);
    if (chance(random, 0.08) && this.leanings.foreign !== false) {
      const opType = random.pick(['Identity', 'Relu', 'Cast', 'Guess']);
      return this.node(opType, [this.source(want, depth)], {}, [want], foreignDomain)[0]!;
    }
    if (want.dtype === 'float32' && chance(random, 0.25)) return this.#pair(want, depth);
    const able = this.#ableToMake(want.dtype);
    for (let i = 0; i < 4 && able.length > 0; i++) {
      const opType = random.pick(able);
      const ask = this.ask(opType);
      const plan = recipes.get(opType)!.recipe(want, ask);
      if (plan === undefined || tooLarge(plan)) continue;
      const inputs = plan.inputs.map((input, position) =>
        input === undefined ? '' : this.#operand(input, position, depth),
      );
      const all = recipes.get(opType)!.outputs === 1 ? plan.outputs : undefined;
      return this.node(opType, inputs, plan.attributes ?? {}, all ?? [want])[0]!;
    }
    return undefined;
  }

  /** Weights and statistics are constants mostly, the first input is not. */
  #operand(want: Want, position: number, depth: number): string {
    return position > 0 && chance(this.random, 0.6) ? this.constant(want) : this.source(want, depth);
  }

  /** A quantize–dequantize pair around a value. */
  #pair(want: Want, depth: number): string | undefined {
    const ask = this.ask('DequantizeLinear', (i) => i !== 2 || this.palette.hasZero);
    const plan = recipes.get('DequantizeLinear')!.recipe(want, ask);
    const [codes, scale, zero] = plan?.inputs ?? [];
    if (codes === undefined || scale === undefined || codes.dtype === 'int32') return undefined;
    if (zero === undefined && codes.dtype !== 'uint8') return undefined;
    const x = this.source({ dims: want.dims, dtype: 'float32' }, depth);
    const grid = [this.constant(scale), zero === undefined ? '' : this.constant(zero)];
    const attributes = plan!.attributes ?? {};
    const [quantized] = this.node('QuantizeLinear', [x, ...grid], attributes, [codes]);
    return this.node('DequantizeLinear', [quantized!, ...grid], attributes, [want])[0];
  }

  #ableToMake(dtype: DataType): readonly string[] {
    const known = this.#makers.get(dtype);
    if (known !== undefined) return known;
    const { neighbours = [] } = this.leanings;
    const found = [...recipes].flatMap(([opType, { gives, weight = 1 }]) => {
      if (!gives.includes(dtype) || !isMakeable(opType, this.opset)) return [];
      const times = Math.round(10 * weight) + (neighbours.includes(opType) ? 100 : 0);
      return new Array<string>(times).fill(opType);
    });
    this.#makers.set(dtype, found);
    return found;
  }

  /** What a recipe may ask, for a node that no pattern speaks of. */
  ask(opType: string, takes?: (index: number) => boolean): Ask {
    const { random, opset, palette } = this;
    const decided = new Map<number, boolean>();
    const coin = (index: number) => {
      const known = decided.get(index) ?? chance(random, 0.6);
      decided.set(index, known);
      return known;
    };
    return {
      opType,
      opset,
      random,
      palette,
      fixed: new Map(),
      takes: takes ?? coin,
      types: [],
      literals: [],
      speaksOf: () => false,
      isNamed: false,
      isConstant: () => false,
      count: 1 + random.below(3),
      likes: () => undefined,
      known: () => undefined,
      grids: new Map(),
    };
  }

  /** The model, with these outputs. */
  finish(outputs: readonly string[]): Model {
    const { random } = this;
    if (chance(random, 0.05)) this.#letOverride();
    const inner = this.nodes
      .flatMap((node) => node.outputs)
      .filter((name) => name !== '' && !outputs.includes(name));
    const told = inner.filter((name) => this.#isForeign(name) || chance(random, 0.2));
    return {
      irVersion: this.opset >= 21 ? 10 : 8,
      producerName: 'qdq-surgeon testing',
      graph: {
        name: 'main',
        nodes: this.nodes,
        initializers: this.initializers,
        sparseInitializers: [],
        inputs: this.inputs.map(({ name, want }) => infoOf(name, want)),
        outputs: outputs.map((name) => infoOf(name, this.kinds.get(name)!)),
        valueInfos: told.map((name) => infoOf(name, this.kinds.get(name)!)),
        quantizationAnnotations: [],
        metadata: [],
      },
      opsetImports: importsOf(this.nodes, this.opset),
      metadata: chance(random, 0.2) ? [{ key: 'made', value: 'to be broken' }] : [],
      trainingInfo: [],
      functions: [],
      configurations: [],
    };
  }

  /** An initializer that is an input, too: callers may feed something else, so it is no constant. */
  #letOverride(): void {
    const able = this.initializers.filter(({ dtype }) => findDataType(dtype)?.kind === 'float');
    if (able.length === 0) return;
    const { name, dtype, dims } = this.random.pick(able);
    this.inputs.push({ name: name!, want: { dtype, dims } });
  }

  /** Whether nothing but a declaration says what a value is: operators nobody knows, rounds that a Loop collects. */
  #isForeign(name: string): boolean {
    return this.nodes.some(
      (node) => (node.domain !== undefined || node.opType === 'Loop') && node.outputs.includes(name),
    );
  }
}

export function sameKind(a: Kind, b: Kind): boolean {
  return a.dtype === b.dtype && a.dims.join() === b.dims.join();
}

export function infoOf(name: string, { dtype, dims }: Kind): ValueInfo {
  return { name, type: typeOfKind({ dtype, dims }), metadata: [] };
}

export function typeOfKind({ dtype, dims }: Kind): TensorType {
  return { kind: 'tensor', elemType: dtype, shape: dims.map((value) => ({ value })) };
}

/** Whether a plan asks for tensors that nobody wants to read. */
export function tooLarge({ inputs }: Plan): boolean {
  return inputs.some((want) => want !== undefined && elementCount(want.dims) > 96);
}

/** Constants that a number can hold: whoever reads them must not trip over what no network has. */
function readable(made: Tensor): Tensor {
  if (made.dtype !== 'int64' && made.dtype !== 'uint64') return made;
  const values = [...(valuesOf(made) as BigInt64Array)];
  if (values.every((value) => -exact <= value && value <= exact)) return made;
  return tensor(
    made.dtype,
    made.dims,
    values.map((value) => value % exact),
    made.name,
  );
}

const exact = 2n ** 53n - 1n;

/** Elements as `tensor` takes them. */
export function numbersFor(dtype: DataType, values: readonly number[]): readonly (number | bigint)[] {
  return dtype === 'int64' || dtype === 'uint64' ? values.map((value) => BigInt(value)) : values;
}

function widerType(dtype: DataType): DataType | undefined {
  return ({ float32: 'float64', float16: 'float32', int32: 'int64', int8: 'int32', uint8: 'int32' } as const)[
    dtype as 'float32'
  ];
}

function importsOf(nodes: readonly Node[], opset: number) {
  const inside = (node: Node): readonly Node[] => [
    node,
    ...subgraphsOf(node).flatMap((graph) => graph.nodes.flatMap(inside)),
  ];
  const domains = new Set(nodes.flatMap(inside).flatMap(({ domain }) => (domain ? [domain] : [])));
  return [{ domain: '', version: opset }, ...[...domains].map((domain) => ({ domain, version: 1 }))];
}
