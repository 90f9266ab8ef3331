import {
  type Attribute,
  type FunctionDefinition,
  functionBody,
  type Graph,
  type Model,
  maxGraphDepth,
  type Node,
  type OpsetImport,
  type SparseTensor,
  type StringEntry,
  type Tensor,
  type Type,
} from '../ir/index.ts';
import { normalDomain } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { canonicalOrder } from './canonical-order.ts';
import { tensorDigest } from './tensor-digest.ts';
import { innerType, typeWord } from './type-words.ts';
import { Numbers } from './value-numbers.ts';

/** Receives a model as a sequence of tokens. */
export interface Sink {
  text(value: string): void;
  number(value: number): void;
  tensor(value: Tensor): void;
}

export interface FormOptions {
  /** Whether names of values, nodes and graphs are told. */
  readonly names: boolean;
  /** Whether nodes and initializers come in the order of the file, or in one that only the wiring decides. */
  readonly fileOrder: boolean;
  /** Whether producer, doc strings, metadata, declared types of inner values and annotations are told. */
  readonly metadata: boolean;
}

/**
 * Tells a model token by token, values by number in the order they come up: two models that are told alike are alike
 * but for what the options leave out.
 *
 * @throws ModelError `too-deep` when subgraphs are nested more than 200 levels
 */
export function tellModel(model: Model, sink: Sink, options: FormOptions): void {
  const teller = new Teller(sink, options);
  teller.imports(model.opsetImports);
  if (options.metadata) {
    sink.text(
      [model.irVersion, model.producerName, model.producerVersion, model.domain, model.modelVersion].join(
        '\0',
      ),
    );
    teller.note(model.docString, model.metadata);
    sink.text(plain(model.configurations));
  }
  teller.main(model.graph);
  const functions = [...model.functions].sort((a, b) => (functionKey(a) < functionKey(b) ? -1 : 1));
  for (const definition of functions) teller.function(definition);
  for (const { initialization, algorithm } of model.trainingInfo)
    for (const graph of [initialization, algorithm]) if (graph !== undefined) teller.main(graph);
}

/** Tells one model: a graph, the graphs inside its nodes, a function at a time. */
class Teller {
  readonly #sink: Sink;
  readonly #options: FormOptions;

  constructor(sink: Sink, options: FormOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  imports(imports: readonly OpsetImport[]): void {
    const versions = new Map(imports.map(({ domain, version }) => [normalDomain(domain), version ?? 0]));
    for (const [domain, version] of [...versions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      this.#sink.text(domain);
      this.#sink.number(version);
    }
  }

  note(docString: string | undefined, entries: readonly StringEntry[]): void {
    if (docString === undefined && entries.length === 0) return;
    this.#sink.text(docString ?? '');
    for (const entry of entries.map(({ key, value }) => `${key}=${value}`).sort()) this.#sink.text(entry);
  }

  main(graph: Graph): void {
    this.#graph(graph, true, 0);
  }

  function(definition: FunctionDefinition): void {
    this.#sink.text(functionKey(definition));
    this.imports(definition.opsetImports);
    this.#sink.text([...definition.attributes].sort().join('\0'));
    const nothing = new Numbers();
    for (const attribute of sortedByName(definition.attributeDefaults))
      this.#attribute(attribute, nothing, 0);
    if (this.#options.metadata) this.note(definition.docString, definition.metadata);
    this.#graph(functionBody(definition), false, 0);
  }

  /** Tells a graph and returns the names it takes from around it, in the order they came up. */
  #graph(graph: Graph, isMain: boolean, depth: number): readonly string[] {
    if (depth > maxGraphDepth)
      throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
    const { names, fileOrder, metadata } = this.#options;
    const numbers = new Numbers(graph);
    this.#sink.text('graph');
    if (metadata) this.note(graph.docString, graph.metadata);
    if (names) this.#sink.text(graph.name ?? '');
    for (const input of graph.inputs) {
      this.#define(numbers, input.name);
      if (isMain || metadata) this.#type(input.type);
      if (metadata) this.note(input.docString, input.metadata);
      const fallback = numbers.initializers.get(input.name);
      if (fallback !== undefined) this.#constant(fallback);
    }
    if (fileOrder) for (const name of numbers.initializers.keys()) this.#refer(numbers, name);
    for (const node of fileOrder ? graph.nodes : canonicalOrder(graph)) this.#node(node, numbers, depth);
    this.#sink.text('outputs');
    for (const output of graph.outputs) {
      this.#refer(numbers, output.name);
      if (isMain || metadata) this.#type(output.type);
      if (metadata) this.note(output.docString, output.metadata);
    }
    this.#unread(numbers);
    if (metadata) this.#annotations(graph, numbers);
    return numbers.captured;
  }

  #node(node: Node, numbers: Numbers, depth: number): void {
    const { names, metadata } = this.#options;
    this.#sink.text(`${normalDomain(node.domain)}\0${node.opType}\0${node.overload ?? ''}`);
    if (names) this.#sink.text(node.name ?? '');
    const inputs = trimmed(node.inputs);
    this.#sink.number(inputs.length);
    for (const input of inputs) this.#refer(numbers, input);
    for (const attribute of sortedByName(node.attributes)) this.#attribute(attribute, numbers, depth);
    const outputs = trimmed(node.outputs);
    this.#sink.number(outputs.length);
    for (const output of outputs) {
      if (output === '') this.#sink.number(-1);
      else this.#define(numbers, output);
    }
    if (!metadata) return;
    this.note(node.docString, node.metadata);
    if (node.deviceConfigurations.length > 0) this.#sink.text(plain(node.deviceConfigurations, names));
  }

  #attribute(attribute: Attribute, numbers: Numbers, depth: number): void {
    const sink = this.#sink;
    sink.text(attribute.name);
    sink.text(attribute.type);
    if (this.#options.metadata && attribute.docString !== undefined) sink.text(attribute.docString);
    switch (attribute.type) {
      case 'FLOAT':
        sink.number(attribute.value);
        break;
      case 'INT':
        this.#integer(attribute.value);
        break;
      case 'STRING':
        sink.text(attribute.value);
        break;
      case 'TENSOR':
        sink.tensor(attribute.value);
        break;
      case 'FLOATS':
        this.#each(attribute.value, (value) => sink.number(value));
        break;
      case 'INTS':
        this.#each(attribute.value, (value) => this.#integer(value));
        break;
      case 'STRINGS':
        this.#each(attribute.value, (value) => sink.text(value));
        break;
      case 'TENSORS':
        this.#each(attribute.value, (value) => sink.tensor(value));
        break;
      case 'GRAPH':
        this.#subgraph(attribute.value, numbers, depth);
        break;
      case 'GRAPHS':
        this.#each(attribute.value, (value) => this.#subgraph(value, numbers, depth));
        break;
      case 'SPARSE_TENSOR':
        this.#constant(attribute.value);
        break;
      case 'SPARSE_TENSORS':
        this.#each(attribute.value, (value) => this.#constant(value));
        break;
      case 'TYPE_PROTO':
        this.#type(attribute.value);
        break;
      case 'TYPE_PROTOS':
        this.#each(attribute.value, (value) => this.#type(value));
        break;
      case 'REFERENCE':
        sink.text(`${attribute.valueType} ${attribute.value}`);
        break;
      case 'UNDEFINED':
        break;
    }
  }

  #each<Item>(items: readonly Item[], tell: (item: Item) => void): void {
    this.#sink.number(items.length);
    for (const item of items) tell(item);
  }

  #integer(value: bigint): void {
    const number = Number(value);
    if (Number.isSafeInteger(number)) this.#sink.number(number);
    else this.#sink.text(String(value));
  }

  #subgraph(graph: Graph, numbers: Numbers, depth: number): void {
    for (const name of this.#graph(graph, false, depth + 1)) this.#refer(numbers, name);
  }

  /** Gives a value its number. */
  #define(numbers: Numbers, name: string): void {
    numbers.add(name);
    const { names, metadata } = this.#options;
    if (names) this.#sink.text(name);
    if (metadata) this.#type(numbers.declared.get(name));
  }

  /** Tells the number of a value; one that comes up for the first time is a constant or taken from around the graph. */
  #refer(numbers: Numbers, name: string): void {
    const number = name === '' ? -1 : numbers.find(name);
    if (number !== undefined) {
      this.#sink.number(number);
      return;
    }
    this.#define(numbers, name);
    const constant = numbers.initializers.get(name);
    if (constant !== undefined) this.#constant(constant);
    else if (numbers.made.has(name)) this.#sink.text('later');
    else {
      numbers.captured.push(name);
      this.#sink.text('captured');
    }
  }

  #constant(constant: Tensor | SparseTensor): void {
    if ('dtype' in constant) {
      this.#sink.tensor(constant);
      if (this.#options.metadata) this.note(constant.docString, constant.metadata);
      return;
    }
    this.#sink.text('sparse');
    for (const part of [constant.values, constant.indices]) if (part !== undefined) this.#sink.tensor(part);
    this.#each(constant.dims, (dim) => this.#sink.number(dim));
  }

  /** Initializers nobody reads, by their bits. */
  #unread(numbers: Numbers): void {
    const unread = [...numbers.initializers].filter(([name]) => numbers.find(name) === undefined);
    const keyed = unread.map(([name, constant]) => {
      const values = 'dtype' in constant ? constant : constant.values;
      const digest = values === undefined ? '' : tensorDigest(values);
      return { key: this.#options.names ? `${digest} ${name}` : digest, name, constant };
    });
    for (const { name, constant } of keyed.sort((a, b) => (a.key < b.key ? -1 : 1))) {
      this.#define(numbers, name);
      this.#constant(constant);
    }
  }

  #annotations(graph: Graph, numbers: Numbers): void {
    const number = (name: string | undefined) => numbers.find(name ?? '') ?? 'unknown';
    const lines = graph.quantizationAnnotations.map(({ tensorName, parameters }) =>
      [number(tensorName), ...parameters.map(({ key, value }) => `${key}=${number(value)}`)].join(' '),
    );
    for (const line of lines.sort()) this.#sink.text(line);
  }

  #type(type: Type | undefined): void {
    let depth = 0;
    for (let rest = type; rest !== undefined; rest = innerType(rest)) {
      if (depth++ > maxGraphDepth)
        throw new ModelError('too-deep', `A type is nested more than ${maxGraphDepth} levels deep.`);
      this.#sink.text(typeWord(rest));
    }
  }
}

function functionKey({ domain, name, overload }: FunctionDefinition): string {
  return `${normalDomain(domain)}\0${name ?? ''}\0${overload ?? ''}`;
}

function sortedByName(attributes: readonly Attribute[]): readonly Attribute[] {
  return attributes.length < 2 ? attributes : [...attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names without absent ones at the end: leaving them out says the same. */
function trimmed(names: readonly string[]): readonly string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === '') length--;
  return length === names.length ? names : names.slice(0, length);
}

function plain(value: unknown, names = true): string {
  return JSON.stringify(value, (key, item) =>
    key === 'origin' || (key === 'tensorName' && !names)
      ? undefined
      : typeof item === 'bigint'
        ? String(item)
        : item,
  );
}
