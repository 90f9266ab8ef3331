import { ModelError } from '../support/errors.ts';
import type { FunctionDefinition, Graph, Model, Node, OpsetImport, ValueInfo } from './model.ts';
import type { Tensor } from './tensor.ts';

/** One place where a value is read: input `index` of `node`, or somewhere inside its subgraphs (`captured`). */
export interface Use {
  readonly node: Node;
  /** Position in `node.inputs`; -1 when a subgraph of the node captures the value. */
  readonly index: number;
}

/**
 * Who makes and who reads each value of one graph.
 *
 * The immutable view of a Graph (`viewOf`) and a rewriting session both are one; patterns and analyses ask nothing else.
 */
export interface GraphView {
  /** The view of the enclosing graph, for a subgraph; names not found here are looked up there. */
  readonly outer: GraphView | undefined;
  /** The model's IR version; below 4 every initializer is also an input and yet a constant. */
  readonly irVersion?: number | undefined;
  /** Nodes in graph order. */
  nodes(): Iterable<Node>;
  /** The node that makes a value of this graph. */
  producer(value: string): Node | undefined;
  /** Uses by nodes of this graph, in graph order, input order within a node. */
  uses(value: string): readonly Use[];
  initializer(value: string): Tensor | undefined;
  input(value: string): ValueInfo | undefined;
  isOutput(value: string): boolean;
  /** Declared type of a value: input, output or value_info. */
  declared(value: string): ValueInfo | undefined;
  /** Imported opset version of a domain (`""` and `"ai.onnx"` are one). */
  opset(domain: string | undefined): number | undefined;
  /** The model-local function a node calls, if it calls one. */
  function(node: Node): FunctionDefinition | undefined;
}

/** What surrounds a graph: its model's imports and functions, and the enclosing graph's view. */
export interface Surroundings {
  readonly opsetImports: readonly OpsetImport[];
  readonly functions: readonly FunctionDefinition[];
  readonly irVersion?: number | undefined;
  readonly outer?: GraphView | undefined;
}

const mainViews = new WeakMap<Model, GraphView>();

/** The view of a model's main graph. Computed once per model. */
export function viewOf(model: Model): GraphView {
  const known = mainViews.get(model) ?? createView(model.graph, model);
  mainViews.set(model, known);
  return known;
}

/** The view of a subgraph inside `outer`'s graph, or of any graph in the given surroundings. */
export function createView(graph: Graph, surroundings: Surroundings): GraphView {
  return new IndexedGraph(graph, surroundings);
}

/** The body of a function as a graph; functions have no initializers and capture nothing. */
export function functionBody(definition: FunctionDefinition): Graph {
  const untyped = (name: string): ValueInfo => ({ name, metadata: [] });
  return {
    name: definition.name,
    nodes: definition.nodes,
    inputs: definition.inputs.map(untyped),
    outputs: definition.outputs.map(untyped),
    initializers: [],
    sparseInitializers: [],
    valueInfos: definition.valueInfos,
    quantizationAnnotations: [],
    metadata: [],
  };
}

/** Deepest nesting of subgraphs this library follows. */
export const maxGraphDepth = 200;

/** The graphs in a node's attributes, in order. */
export function subgraphsOf(node: Node): readonly Graph[] {
  if (node.attributes.length === 0) return [];
  return node.attributes.flatMap((a) =>
    a.type === 'GRAPH' ? [a.value] : a.type === 'GRAPHS' ? a.value : [],
  );
}

const captures = new WeakMap<Graph, readonly string[]>();

/** Names a subgraph takes from the graphs around it, each once, in the order of first use. */
export function capturedNames(graph: Graph, depth = 0): readonly string[] {
  const known = captures.get(graph);
  if (known !== undefined) return known;
  if (depth > maxGraphDepth)
    throw new ModelError('too-deep', `Subgraphs are nested more than ${maxGraphDepth} levels deep.`);
  const own = new Set([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.map((initializer) => initializer.name ?? ''),
    ...graph.sparseInitializers.map((sparse) => sparse.values?.name ?? ''),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const read = graph.nodes.flatMap((node) => [
    ...node.inputs,
    ...subgraphsOf(node).flatMap((inner) => capturedNames(inner, depth + 1)),
  ]);
  const outside = [...read, ...graph.outputs.map((output) => output.name)].filter(
    (name) => name !== '' && !own.has(name),
  );
  const found = Object.freeze([...new Set(outside)]);
  captures.set(graph, found);
  return found;
}

/** Names a node reads: its inputs that are present, then what its subgraphs capture. */
export function namesRead(node: Node): readonly string[] {
  const subgraphs = subgraphsOf(node);
  const present = node.inputs.includes('') ? node.inputs.filter((name) => name !== '') : node.inputs;
  return subgraphs.length === 0
    ? present
    : [...present, ...subgraphs.flatMap((graph) => capturedNames(graph))];
}

const noUses: readonly Use[] = Object.freeze([]);

class IndexedGraph implements GraphView {
  readonly outer: GraphView | undefined;
  readonly irVersion: number | undefined;
  readonly #graph: Graph;
  readonly #surroundings: Surroundings;
  #producers: Map<string, Node> | undefined;
  #uses: Map<string, Use[]> | undefined;
  #initializers: Map<string, Tensor> | undefined;
  #declared: Map<string, ValueInfo> | undefined;
  #inputs: Map<string, ValueInfo> | undefined;
  #outputs: Set<string> | undefined;

  constructor(graph: Graph, surroundings: Surroundings) {
    this.#graph = graph;
    this.#surroundings = surroundings;
    this.outer = surroundings.outer;
    this.irVersion = surroundings.irVersion ?? surroundings.outer?.irVersion;
  }

  nodes(): readonly Node[] {
    return this.#graph.nodes;
  }

  producer(value: string): Node | undefined {
    this.#producers ??= indexProducers(this.#graph);
    return this.#producers.get(value);
  }

  uses(value: string): readonly Use[] {
    this.#uses ??= indexUses(this.#graph);
    return this.#uses.get(value) ?? noUses;
  }

  initializer(value: string): Tensor | undefined {
    this.#initializers ??= new Map(this.#graph.initializers.map((tensor) => [tensor.name ?? '', tensor]));
    return this.#initializers.get(value);
  }

  input(value: string): ValueInfo | undefined {
    this.#inputs ??= new Map(this.#graph.inputs.map((input) => [input.name, input]));
    return this.#inputs.get(value);
  }

  isOutput(value: string): boolean {
    this.#outputs ??= new Set(this.#graph.outputs.map((output) => output.name));
    return this.#outputs.has(value);
  }

  declared(value: string): ValueInfo | undefined {
    this.#declared ??= new Map(
      [...this.#graph.valueInfos, ...this.#graph.outputs, ...this.#graph.inputs].map((info) => [
        info.name,
        info,
      ]),
    );
    return this.#declared.get(value);
  }

  opset(domain: string | undefined): number | undefined {
    return opsetOf(this.#surroundings.opsetImports, domain);
  }

  function(node: Node): FunctionDefinition | undefined {
    return findFunction(this.#surroundings.functions, node);
  }
}

/** Imported version of a domain; of duplicate imports the last counts, as in the ONNX checker. */
export function opsetOf(imports: readonly OpsetImport[], domain: string | undefined): number | undefined {
  const wanted = domain === 'ai.onnx' ? '' : (domain ?? '');
  return imports.findLast((entry) => (entry.domain === 'ai.onnx' ? '' : (entry.domain ?? '')) === wanted)
    ?.version;
}

/** The model-local function that a node's (domain, op_type, overload) names. */
export function findFunction(
  functions: readonly FunctionDefinition[],
  node: Node,
): FunctionDefinition | undefined {
  return functions.find(
    (f) =>
      f.name === node.opType &&
      (f.domain ?? '') === (node.domain ?? '') &&
      (f.overload ?? '') === (node.overload ?? ''),
  );
}

function indexProducers(graph: Graph): Map<string, Node> {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes)
    for (const output of node.outputs) if (output !== '') producers.set(output, node);
  return producers;
}

function indexUses(graph: Graph): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  const add = (name: string, use: Use) => {
    const list = uses.get(name);
    if (list === undefined) uses.set(name, [use]);
    else list.push(use);
  };
  for (const node of graph.nodes) {
    for (let index = 0; index < node.inputs.length; index++) {
      if (node.inputs[index] !== '') add(node.inputs[index]!, { node, index });
    }
    for (const inner of subgraphsOf(node))
      for (const name of capturedNames(inner)) add(name, { node, index: -1 });
  }
  return uses;
}
