import {
  boundBody,
  type FunctionDefinition,
  type Graph,
  type GraphView,
  type Node,
  namesRead,
  type Tensor,
  type Type,
} from '../ir/index.ts';
import { constantFacts, type Facts, inferNode } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { calledView, nestedView, placeOf } from './graphs.ts';
import { mergeTypes } from './merge-types.ts';

/** Answers what is known of the values of one graph, which may change under it. */
export interface TypeOracle {
  typeOf(value: string): Type | undefined;
  /** The type, and the elements of a small tensor as far as they follow from constants and shapes. */
  factsOf(value: string): Facts | undefined;
  /** Drops what is known of a value whose producer was replaced. What reads it keeps its facts. */
  forget(value: string): void;
  /** Contradictions met so far; what they leave open falls back on the declared type. */
  readonly problems: readonly ModelError[];
}

/**
 * Infers on demand, each value once, through the producers a view has at the time of the question.
 *
 * @param outer answers for the graph around, whose values a subgraph may read
 */
export function createTypeOracle(view: GraphView, outer?: TypeOracle): TypeOracle {
  return new Oracle(view, new Inquiry(), undefined, outer);
}

/** Deepest chain of functions that call functions. */
const maxCallDepth = 100;
/** Nodes that may be inferred inside subgraphs and functions: loops in loops in loops must not take for ever. */
const innerBudget = 2_000_000;
/** What a call costs beside its nodes: functions that call two functions that call two … must not either. */
const callCost = 40;
/** Deepest nesting of graphs and calls together: each level takes a few frames of the stack. */
const maxNesting = 250;
/** Most contradictions that are kept. */
const maxProblems = 1000;

/** What all oracles of one inference have in common. */
export class Inquiry {
  readonly graphs = new Map<Graph, Oracle>();
  readonly calls = new Map<Node, Oracle>();
  readonly problems: ModelError[] = [];
  budget = innerBudget;
  nesting = 0;
  readonly calling = new Set<FunctionDefinition>();

  report(problem: ModelError): void {
    if (this.problems.length < maxProblems) this.problems.push(problem);
  }
}

/** What is known of the values of one graph, asked for and remembered. */
export class Oracle implements TypeOracle {
  readonly #view: GraphView;
  readonly #inquiry: Inquiry;
  readonly #outer: TypeOracle | undefined;
  readonly #given: ReadonlyMap<string, Facts | undefined>;
  /** `undefined` as a value: nothing can be told. */
  readonly #known = new Map<string, Facts | undefined>();
  readonly #inferInner = (graph: Graph, inputs: readonly (Facts | undefined)[]) =>
    this.#inferGraph(graph, inputs);

  constructor(
    view: GraphView,
    inquiry: Inquiry,
    given?: ReadonlyMap<string, Facts | undefined>,
    outer?: TypeOracle,
  ) {
    this.#view = view;
    this.#inquiry = inquiry;
    this.#given = given ?? nothing;
    this.#outer = outer;
  }

  get problems(): readonly ModelError[] {
    return this.#inquiry.problems;
  }

  typeOf(value: string): Type | undefined {
    const type = this.factsOf(value)?.type;
    return type?.kind === 'tensor' && type.elemType === 'undefined' && type.shape === undefined
      ? undefined
      : type;
  }

  factsOf(value: string): Facts | undefined {
    if (value === '') return undefined;
    if (!this.#known.has(value)) this.#resolve(value);
    return this.#known.get(value);
  }

  forget(value: string): void {
    this.#known.delete(value);
  }

  inferNodes(graph: Graph): void {
    for (const node of graph.nodes) for (const output of node.outputs) this.factsOf(output);
  }

  /** Depth first through the producers, without recursion; in a cycle, what is still open stays unknown. */
  #resolve(root: string): void {
    const first = this.#producerOf(root);
    if (first === undefined) {
      this.#known.set(root, this.#leaf(root));
      return;
    }
    const path: Node[] = [];
    const reads: (readonly string[])[] = [];
    const next: number[] = [];
    const enter = (node: Node) => {
      // What is being worked out counts as known to nobody: a cycle ends here.
      for (const output of node.outputs) if (!this.#known.has(output)) this.#known.set(output, undefined);
      path.push(node);
      reads.push(namesRead(node));
      next.push(0);
    };
    enter(first);
    for (let top = 0; top >= 0; top = path.length - 1) {
      const read = reads[top]![next[top]!++];
      if (read === undefined) {
        this.#infer(path.pop()!);
        reads.pop();
        next.pop();
      } else if (!this.#known.has(read)) {
        const node = this.#producerOf(read);
        if (node === undefined) this.#known.set(read, this.#leaf(read));
        else enter(node);
      }
    }
    if (!this.#known.has(root)) this.#known.set(root, undefined);
  }

  #producerOf(value: string): Node | undefined {
    const producer = this.#view.producer(value);
    if (producer === undefined) return undefined;
    // A damaged graph may make a value that is there already; what it is given comes first.
    const isGiven = this.#view.input(value) !== undefined || this.#view.initializer(value) !== undefined;
    return isGiven ? undefined : producer;
  }

  /** A value that no node of this graph makes: an input, an initializer, or a value of the graph around. */
  #leaf(value: string): Facts | undefined {
    const input = this.#view.input(value);
    const initializer = this.#view.initializer(value);
    if (input !== undefined) return this.#inputFacts(value, input.type, initializer);
    if (initializer !== undefined) return constantFacts(initializer);
    const outer = this.#outer?.factsOf(value);
    return outer ?? factsOfType(this.#view.declared(value)?.type);
  }

  #inputFacts(value: string, declared: Type | undefined, initializer: Tensor | undefined): Facts | undefined {
    const given = this.#given.get(value);
    if (given !== undefined) return this.#merged(value, given);
    if (initializer === undefined) return factsOfType(declared);
    const facts = constantFacts(initializer);
    // Below IR version 4 the initializer is a constant all the same; above, the caller may override it.
    return (this.#view.irVersion ?? Infinity) < 4
      ? facts
      : factsOfType(mergeTypes(declared, facts.type).type);
  }

  #infer(node: Node): void {
    const inferred = this.#attempt(node);
    for (let i = 0; i < node.outputs.length; i++) {
      const output = node.outputs[i]!;
      if (output !== '' && this.#known.get(output) === undefined) {
        this.#known.set(output, this.#merged(output, inferred[i]));
      }
    }
  }

  #attempt(node: Node): readonly (Facts | undefined)[] {
    const inputs = node.inputs.map((input) => this.#known.get(input));
    try {
      const definition = this.#view.function(node);
      if (definition !== undefined) return this.#inferCall(node, definition, inputs);
      return inferNode(node, inputs, {
        opset: this.#view.opset(node.domain),
        inferGraph: this.#inferInner,
      });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      this.#inquiry.report(error);
      return [];
    }
  }

  #inferGraph(graph: Graph, inputs: readonly (Facts | undefined)[]): readonly (Facts | undefined)[] {
    if (!this.#pay(graph)) return [];
    const inner = new Oracle(nestedView(graph, this.#view), this.#inquiry, bind(graph, inputs), this);
    this.#inquiry.graphs.set(graph, inner);
    return this.#nested(graph, inner);
  }

  /** Outputs of a graph one level further in. */
  #nested(graph: Graph, inner: Oracle): readonly (Facts | undefined)[] {
    const inquiry = this.#inquiry;
    if (inquiry.nesting >= maxNesting)
      throw new ModelError('too-deep', `Graphs and calls are nested more than ${maxNesting} levels deep.`);
    inquiry.nesting++;
    try {
      inner.inferNodes(graph);
      return graph.outputs.map((output) => inner.factsOf(output.name));
    } finally {
      inquiry.nesting--;
    }
  }

  #inferCall(
    node: Node,
    definition: FunctionDefinition,
    inputs: readonly (Facts | undefined)[],
  ): readonly (Facts | undefined)[] {
    const inquiry = this.#inquiry;
    if (inquiry.calling.has(definition))
      throw new ModelError('recursive-function', `The function "${definition.name}" calls itself.`, {
        at: placeOf(node),
        fix: 'Functions must not be recursive.',
      });
    if (inquiry.calling.size >= maxCallDepth)
      throw new ModelError('too-deep', `Functions call each other more than ${maxCallDepth} levels deep.`, {
        at: placeOf(node),
      });
    const body = boundBody(definition, node);
    inquiry.budget -= callCost;
    if (!this.#pay(body)) return [];
    inquiry.calling.add(definition);
    try {
      const inner = new Oracle(calledView(body, definition, this.#view), inquiry, bind(body, inputs));
      inquiry.calls.set(node, inner);
      return this.#nested(body, inner);
    } finally {
      inquiry.calling.delete(definition);
    }
  }

  #pay(graph: Graph): boolean {
    this.#inquiry.budget -= graph.nodes.length + 1;
    return this.#inquiry.budget > 0;
  }

  /** What was inferred, joined with what the graph declares. */
  #merged(value: string, facts: Facts | undefined): Facts | undefined {
    const declared = this.#view.declared(value)?.type;
    if (declared === undefined || declared.kind === 'none') return facts;
    const { type, conflict } = mergeTypes(declared, facts?.type);
    if (conflict !== undefined) {
      this.#inquiry.report(
        new ModelError('type-conflict', `"${value}": ${conflict}`, {
          at: value,
          fix: 'The declaration is stale; remove it or infer shapes again.',
        }),
      );
    }
    if (type === undefined || type === facts?.type) return facts;
    return facts?.contents === undefined ? { type } : { type, contents: facts.contents };
  }
}

const nothing: ReadonlyMap<string, Facts | undefined> = new Map();

function bind(graph: Graph, inputs: readonly (Facts | undefined)[]): ReadonlyMap<string, Facts | undefined> {
  return new Map(graph.inputs.map(({ name }, i) => [name, inputs[i]]));
}

function factsOfType(type: Type | undefined): Facts | undefined {
  return type === undefined || type.kind === 'none' ? undefined : { type };
}
