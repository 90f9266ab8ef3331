import { type Attribute, type NameSource, type Node, Tensor } from '../ir/index.ts';
import {
  findSchema,
  makeAttribute,
  normalDomain,
  type OperatorAttributes,
  type PlainValue,
} from '../ops/index.ts';
import { Constant, NodeMatch, type Scope, Value } from '../pattern/index.ts';
import { RuleError } from '../support/errors.ts';

/** An operand: a value the match captured or the builder made; undefined leaves an optional input out. */
export type Operand = Value | undefined;
type PlainAttributes = { readonly [name: string]: PlainValue | undefined };

export interface NodeSpec {
  readonly inputs: readonly Operand[];
  readonly attributes?: PlainAttributes;
  readonly domain?: string;
  /** How many outputs the node makes; 1 unless said. */
  readonly outputs?: number;
  readonly name?: string;
}

export interface BuilderTools {
  /** A new initializer, called as its tensor is; a nameless one gets a name that ends in `hint`. */
  constant(tensor: Tensor, hint?: string): Constant;
  /** A new node of any operator; gives its outputs. */
  node(opType: string, spec: NodeSpec): readonly Value[];
  /**
   * The matched node again with other inputs (and, where given, other attributes): name, attributes, metadata and
   * documentation stay (a second copy is called something else), and its outputs are named after the old ones. Gives the first; `outputsOf` has the others.
   */
  copy(match: NodeMatch, inputs: readonly Operand[], attributes?: PlainAttributes): Value;
  /** A copy with the same inputs that says the attributes given even where the schema assumes them anyway. */
  explicit(match: NodeMatch, inputs: readonly Operand[], attributes: PlainAttributes): Value;
  /** All outputs of the new node that makes a value. */
  outputsOf(value: Value): readonly Value[];
}

type OperatorFunctions = {
  readonly [Op in keyof OperatorAttributes]: (
    ...operands: readonly (Operand | Partial<OperatorAttributes[Op]>)[]
  ) => Value;
};

/**
 * Makes the nodes of a replacement: `build.Conv(x, w, b, { group: 2 })`. Operands come first; an object behind them
 * holds the attributes. Attributes that say what the schema assumes anyway are left out.
 */
export type Builder = OperatorFunctions & BuilderTools;

/** What a rewrite has built so far. */
export interface Built {
  readonly nodes: Node[];
  readonly tensors: Tensor[];
}

/** A builder whose values are named after the first output of the root; its nodes have names if the root has one. */
export function createBuilder(scope: Scope, names: NameSource, root: Node, built: Built): Builder {
  const base = root.outputs.find((output) => output !== '') ?? '';
  const outputs = new Map<string, readonly Value[]>();
  const copied = new Set<Node>();

  const add = (node: Node): readonly Value[] => {
    built.nodes.push(Object.freeze(node));
    const values = node.outputs.map((name) => new Value(name, scope));
    for (const value of values) outputs.set(value.name, values);
    return values;
  };

  const copy = (
    { node }: NodeMatch,
    inputs: readonly Operand[],
    attributes: PlainAttributes | undefined,
    isExplicit: boolean,
  ): Value => {
    const changed =
      attributes === undefined ? node.attributes : mergeAttributes(node, scope, attributes, isExplicit);
    const made = node.outputs.map((output) => (output === '' ? '' : names.fresh(output)));
    // Engines refuse two nodes of one name: a second copy gets another.
    const name = node.name && copied.has(node) ? names.freshNode(node.name) : node.name;
    copied.add(node);
    return add({
      ...node,
      name,
      inputs: operandNames(node.opType, inputs),
      outputs: Object.freeze(made),
      attributes: changed,
    })[0]!;
  };

  const tools: BuilderTools = {
    constant(tensor, hint = 'constant') {
      if (!(tensor instanceof Tensor)) {
        throw new RuleError('bad-replacement', 'build.constant() takes a Tensor.', {
          fix: "Make one with tensor('float32', [1], [2]).",
        });
      }
      const named = tensor.with({ name: names.fresh(tensor.name ?? `${base}_${hint}`), origin: undefined });
      built.tensors.push(named);
      return new Constant(named.name!, scope, named);
    },
    node(opType, spec) {
      const { domain, name } = spec;
      const count = spec.outputs ?? 1;
      return add({
        opType,
        domain,
        name: name ?? (root.name ? names.freshNode(`${root.name}/${opType}`) : undefined),
        inputs: operandNames(opType, spec.inputs),
        outputs: Object.freeze(
          Array.from({ length: count }, (_, i) =>
            names.fresh(`${base}_${opType}${count > 1 ? `_out${i}` : '_out'}`),
          ),
        ),
        attributes: attributesOf(opType, domain, scope, spec.attributes ?? {}, []),
        metadata: none,
        deviceConfigurations: none,
      });
    },
    copy: (match, inputs, attributes) => copy(match, inputs, attributes, false),
    explicit: (match, inputs, attributes) => copy(match, inputs, attributes, true),
    outputsOf: (value) => outputs.get(value.name) ?? [value],
  };

  return new Proxy(tools, {
    get(target, key) {
      if (typeof key !== 'string' || key in target) return Reflect.get(target, key);
      return (...operands: (Operand | PlainAttributes)[]) => {
        const last = operands.at(-1);
        const hasAttributes = last !== undefined && last !== null && !(last instanceof Value);
        if (last instanceof Tensor || last instanceof NodeMatch) throw notAnOperand(key, last);
        const inputs = (hasAttributes ? operands.slice(0, -1) : operands) as Operand[];
        return target.node(key, { inputs, attributes: hasAttributes ? (last as PlainAttributes) : {} })[0]!;
      };
    },
  }) as Builder;
}

const none: readonly never[] = Object.freeze([]);

function operandNames(opType: string, inputs: readonly Operand[]): readonly string[] {
  const names = inputs.map((input) => {
    if (input === undefined || input === null) return '';
    if (!(input instanceof Value)) throw notAnOperand(opType, input);
    return input.name;
  });
  while (names.at(-1) === '') names.pop();
  return Object.freeze(names);
}

function notAnOperand(opType: string, input: unknown): RuleError {
  const what =
    input instanceof Tensor ? 'a Tensor' : input instanceof NodeMatch ? `the node ${input}` : String(input);
  return new RuleError(
    'bad-replacement',
    `build.${opType}() was given ${what} as an operand; operands are values.`,
    {
      fix:
        input instanceof Tensor
          ? 'Wrap it: build.constant(tensor).'
          : 'Use a captured value, or `.output` of a captured node.',
    },
  );
}

function attributesOf(
  opType: string,
  domain: string | undefined,
  scope: Scope,
  values: PlainAttributes,
  keep: readonly Attribute[],
  isExplicit = false,
): readonly Attribute[] {
  const opset = scope.view.opset(domain);
  const schema = opset === undefined ? undefined : findSchema(domain, opType, opset);
  const made = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const entry = schema?.attributes.get(name);
    if (schema !== undefined && entry === undefined && normalDomain(domain) === '') {
      throw new RuleError('bad-replacement', `${opType} of opset ${opset} has no attribute "${name}".`);
    }
    const stored = entry?.type === 'FLOAT' ? Math.fround(value as number) : value;
    if (!isExplicit && entry !== undefined && entry.default === stored) return [];
    return [makeAttribute(name, value, entry?.type)];
  });
  return Object.freeze([...keep, ...made]);
}

function mergeAttributes(
  node: Node,
  scope: Scope,
  changes: PlainAttributes,
  isExplicit: boolean,
): readonly Attribute[] {
  const kept = node.attributes.filter((attribute) => !(attribute.name in changes));
  return attributesOf(node.opType, node.domain, scope, changes, kept, isExplicit);
}
