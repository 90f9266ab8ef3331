import {
  boundBody,
  checkSingleAssignment,
  type DataType,
  type FunctionDefinition,
  findFunction,
  type Graph,
  type Model,
  maxGraphDepth,
  type Node,
  namesRead,
  type OpsetImport,
  opsetOf,
  type SparseTensor,
  sortNodes,
  subgraphsOf,
  type Tensor,
  type Type,
} from '../ir/index.ts';
import { findSchema, isPure, newestOpset, normalDomain, type PlainValue } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { checkNode, kernelAttributes } from './attributes.ts';
import type { Kernel } from './kernel.ts';
import { findKernel, kernelsOf } from './registry.ts';
import { scalePositions } from './scales.ts';
import { resolveTypes } from './signature.ts';

/** A graph made ready to run: every operator resolved, nodes in an order that works, dead values known. */
export interface GraphPlan {
  readonly graph: Graph;
  /** The constants that somebody reads; others need not even be loaded. */
  readonly initializers: readonly Tensor[];
  readonly sparseInitializers: readonly SparseTensor[];
  readonly steps: readonly Step[];
  /** The place of each value in the graph's frame, captured ones included. */
  readonly slots: ReadonlyMap<string, number>;
  /** Slots of the outputs. */
  readonly outputs: readonly number[];
  /** Values of the graph around that this one reads. */
  readonly captures: readonly Capture[];
  /** Slots of values that are wanted when all nodes are done. */
  readonly wanted: readonly number[];
  /** Element types of the outputs as far as they are known before the run. */
  readonly outputTypes: readonly (DataType | undefined)[];
}

/** A value of the graph around, by its slot there, that has a slot in this graph too. */
export interface Capture {
  readonly outer: number;
  readonly slot: number;
}

/** One node of a plan. */
export interface Step {
  readonly node: Node;
  /** Where the node is, for messages: `main/conv1`. */
  readonly place: string;
  /** The kernel that computes it, or the body of the model-local function it calls. */
  readonly callee: Kernel | GraphPlan;
  readonly attributes: Readonly<Record<string, PlainValue | undefined>>;
  readonly version: number;
  readonly graphs: ReadonlyMap<Graph, GraphPlan>;
  /** Slots by input position; -1 where an optional input is absent. */
  readonly inputs: readonly number[];
  /** Input positions of scales, which may not be NaN. */
  readonly scales: readonly number[];
  /** Element types of the inputs as far as they are known before the run. */
  readonly inputTypes: readonly (DataType | undefined)[];
  /** Slots by output position; `undefined` where the node names none. */
  readonly outputs: readonly (number | undefined)[];
  /** Slots of this graph's values that nobody reads after this step. */
  readonly release: readonly number[];
  /** Whether its outputs are the same in every run: it reads nothing but constants and draws no random numbers. */
  readonly isConstant: boolean;
}

/** What a graph to plan is surrounded by. */
export interface PlanContext {
  readonly opsetImports: readonly OpsetImport[];
  readonly functions: readonly FunctionDefinition[];
  readonly place: string;
  readonly depth: number;
  /** Values of the graphs around, by name. */
  readonly outer?: Scope | undefined;
  /** Values wanted besides the graph's outputs. */
  readonly keep?: ReadonlySet<string> | undefined;
}

/** The values a graph sees. */
export interface Scope {
  readonly values: Map<string, PlannedValue>;
  readonly captures: Capture[];
  readonly outer?: Scope | undefined;
}

interface PlannedValue {
  readonly slot: number;
  /** `undefined` where the type shows when the graph runs. */
  readonly dtype: DataType | undefined;
  readonly isConstant: boolean;
}

const plans = new WeakMap<Model, GraphPlan>();

/**
 * The plan of a model's main graph; computed once per model when nothing but its outputs is wanted.
 *
 * @throws ModelError `unsupported-operator`, `unsupported-version`, `unsupported-dtype`, `unknown-value`, `cyclic-graph`
 */
export function planModel(model: Model, keep?: ReadonlySet<string>): GraphPlan {
  const known = keep === undefined ? plans.get(model) : undefined;
  if (known !== undefined) return known;
  const { opsetImports, functions, graph } = model;
  const plan = planGraph(graph, { opsetImports, functions, place: graph.name || 'main', depth: 0, keep });
  if (keep === undefined) plans.set(model, plan);
  return plan;
}

/** Plans a graph: its types are those its inputs declare, or `inputTypes` where given. */
export function planGraph(
  graph: Graph,
  context: PlanContext,
  inputTypes: readonly (DataType | undefined)[] = [],
): GraphPlan {
  if (context.depth > maxGraphDepth) {
    throw new ModelError(
      'too-deep',
      `Graphs and functions are nested more than ${maxGraphDepth} levels deep.`,
      {
        at: context.place,
      },
    );
  }
  const scope = scopeOf(graph, context.outer, inputTypes);
  checkSingleAssignment(graph, context.place);
  const nodes = sortNodes(graph.nodes, undefined, context.place);
  const lastReader = findLastReaders(nodes, graph, context.keep);
  const steps = nodes.map((node, index) => planNode(node, index, scope, context, lastReader));
  const outputs = graph.outputs.map(({ name }) => resolve(name, scope, context.place));
  const read = ({ name }: { readonly name?: string | undefined }) => lastReader.has(name ?? '');
  return {
    graph,
    initializers: graph.initializers.filter(read),
    sparseInitializers: graph.sparseInitializers.filter(({ values }) => values !== undefined && read(values)),
    steps,
    slots: new Map([...scope.values].map(([name, { slot }]) => [name, slot])),
    outputs: outputs.map(({ slot }) => slot),
    captures: scope.captures,
    wanted: [...outputs, ...[...(context.keep ?? [])].flatMap((name) => scope.values.get(name) ?? [])].map(
      ({ slot }) => slot,
    ),
    outputTypes: outputs.map(({ dtype }) => dtype),
  };
}

/** What nodes of the main graph this library cannot run, and the values that nobody can compute because of them. */
export interface Refusals {
  readonly nodes: ReadonlyMap<Node, ModelError>;
  readonly values: ReadonlySet<string>;
  /** What is left of the model without them. */
  readonly runnable: Model;
}

/**
 * Tries to plan each node of a model's main graph by itself, where `planModel` gives up at the first it cannot. An
 * operator, version, element type or attribute that is not supported is a refusal.
 *
 * @throws ModelError what is wrong with the model itself, as `execute`
 */
export function refusals(model: Model): Refusals {
  const { graph, opsetImports, functions } = model;
  const context = { opsetImports, functions, place: graph.name || 'main', depth: 0 };
  const scope = scopeOf(graph);
  const [nodes, values] = [new Map<Node, ModelError>(), new Set<string>()];
  for (const node of sortNodes(graph.nodes, undefined, context.place)) {
    const lost = () => node.outputs.filter(Boolean).forEach((output) => void values.add(output));
    if ([...namesRead(node)].some((name) => values.has(name))) lost();
    else {
      try {
        planNode(node, 0, scope, context, new Map());
      } catch (error) {
        if (!(error instanceof ModelError && error.code.startsWith('unsupported-'))) throw error;
        nodes.set(node, error);
        lost();
      }
    }
  }
  if (nodes.size === 0) return { nodes, values, runnable: model };
  const isLeft = (name: string) => !values.has(name);
  const rest = graph.nodes.filter((node) => !nodes.has(node) && node.outputs.every(isLeft));
  const outputs = graph.outputs.filter(({ name }) => isLeft(name));
  return { nodes, values, runnable: { ...model, graph: { ...graph, nodes: rest, outputs } } };
}

/** The values a graph begins with: constants and inputs. */
function scopeOf(graph: Graph, outer?: Scope, inputTypes: readonly (DataType | undefined)[] = []): Scope {
  const scope: Scope = { values: new Map(), captures: [], outer };
  const fed = new Set(graph.inputs.map(({ name }) => name));
  for (const { name = '', dtype } of constantsOf(graph)) declare(scope, name, dtype, !fed.has(name));
  graph.inputs.forEach((input, index) => {
    declare(scope, input.name, inputTypes[index] ?? elementType(input.type), false);
  });
  return scope;
}

function constantsOf(graph: Graph): { readonly name?: string | undefined; readonly dtype?: DataType }[] {
  return [...graph.initializers, ...graph.sparseInitializers.flatMap(({ values }) => values ?? [])];
}

function planNode(
  node: Node,
  index: number,
  scope: Scope,
  context: PlanContext,
  lastReader: ReadonlyMap<string, number>,
): Step {
  const place = `${context.place}/${node.name || node.outputs.find(Boolean) || node.opType}`;
  const inputs = node.inputs.map((name) => (name === '' ? undefined : resolve(name, scope, place)));
  const inputTypes = inputs.map((input) => input?.dtype);
  const { outputTypes, opset, ...call } = planCall(node, inputTypes, scope, { ...context, place });
  const isConstant =
    call.graphs.size === 0 && isRepeatable(node, opset) && inputs.every((input) => input?.isConstant ?? true);
  const outputs = node.outputs.map((name, position) =>
    name === '' ? undefined : declare(scope, name, outputTypes[position], isConstant),
  );
  const dead = [...namesRead(node), ...node.outputs].filter(
    (name) => (lastReader.get(name) ?? index) === index,
  );
  const release = [...new Set(dead)].flatMap((name) => scope.values.get(name)?.slot ?? []);
  const slots = inputs.map((input) => input?.slot ?? -1);
  return {
    node,
    place,
    ...call,
    inputs: slots,
    scales: scalePositions(node),
    inputTypes,
    outputs,
    release,
    isConstant,
  };
}

/** Whether a node gives the same each time; all of ONNX Runtime's own operators that are run do. */
function isRepeatable(node: Node, opset: number | undefined): boolean {
  return normalDomain(node.domain) === 'com.microsoft' || isPure(node, opset);
}

type PlannedCall = Pick<Step, 'callee' | 'attributes' | 'version' | 'graphs'> & {
  readonly outputTypes: readonly (DataType | undefined)[];
  /** Version of the node's domain; `undefined` for a call of a model-local function. */
  readonly opset?: number;
};

function planCall(
  node: Node,
  inputs: readonly (DataType | undefined)[],
  scope: Scope,
  context: PlanContext,
): PlannedCall {
  const definition = findFunction(context.functions, node);
  if (definition !== undefined) {
    const body = boundBody(definition, node);
    const opsetImports = definition.opsetImports.length > 0 ? definition.opsetImports : context.opsetImports;
    const callee = planGraph(
      body,
      { ...context, opsetImports, depth: context.depth + 1, outer: undefined, keep: undefined },
      inputs,
    );
    return { callee, attributes: {}, version: 0, graphs: new Map(), outputTypes: callee.outputTypes };
  }
  const { callee, version, opset } = resolveKernel(node, context.opsetImports, context.place);
  placed(context.place, () => checkNode(node, opset));
  const graphs = new Map<Graph, GraphPlan>();
  for (const graph of subgraphsOf(node)) {
    const place = `${context.place}/${graph.name || 'body'}`;
    graphs.set(
      graph,
      planGraph(graph, { ...context, place, depth: context.depth + 1, outer: scope, keep: undefined }),
    );
  }
  const attributes = placed(context.place, () => kernelAttributes(node, opset));
  const outputTypes = placed(context.place, () => {
    callee.check?.({ node, attributes, version });
    const resolved = resolveTypes(callee.signature, inputs, describe(node, version));
    return callee.outputTypes?.({ node, attributes, inputs, version }) ?? resolved;
  });
  return { callee, attributes, version, graphs, outputTypes, opset };
}

/**
 * The kernel of a node and the schema version in force.
 *
 * @throws ModelError `unsupported-operator` or `unsupported-version`
 */
export function resolveKernel(
  node: Node,
  opsetImports: readonly OpsetImport[],
  at: string,
): { readonly callee: Kernel; readonly version: number; readonly opset: number } {
  const domain = normalDomain(node.domain);
  const opset = opsetOf(opsetImports, domain) ?? (domain === '' ? undefined : 1);
  const title = domain === '' ? node.opType : `${domain}::${node.opType}`;
  const available = kernelsOf(domain, node.opType);
  if (available.length === 0) {
    throw new ModelError('unsupported-operator', `${title} is no operator this library can run.`, { at });
  }
  if (opset === undefined) {
    throw new ModelError(
      'missing-opset',
      `${title} needs an opset, but the model imports none for "ai.onnx".`,
      {
        at,
      },
    );
  }
  const version = domain === '' ? findSchema(domain, node.opType, opset)?.since : opset;
  const callee = version === undefined ? undefined : findKernel(domain, node.opType, version);
  if (callee === undefined || version === undefined || (domain === '' && opset > newestOpset)) {
    const has = available.flatMap((kernel) => kernel.versions).join(', ');
    throw new ModelError(
      'unsupported-version',
      `${title} of opset ${opset}${version === undefined ? '' : ` (version ${version})`} cannot be run; this library has versions ${has}.`,
      { at, fix: 'Convert the model to an opset whose version is supported.' },
    );
  }
  return { callee, version, opset };
}

/** Runs `work`; what it throws becomes a ModelError that says where. */
export function placed<T>(at: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw locate(error, at);
  }
}

/** An error as a ModelError that says where it happened. */
export function locate(error: unknown, at: string): ModelError {
  if (error instanceof ModelError)
    return error.at === undefined
      ? new ModelError(error.code, error.message, { at, fix: error.fix, cause: error })
      : error;
  if (error instanceof RangeError) {
    const message = `The machine cannot hold what this node makes: ${error.message}.`;
    return new ModelError('out-of-memory', message, { at, cause: error });
  }
  return new ModelError('cannot-compute', `The node does not fit its inputs: ${String(error)}.`, {
    at,
    cause: error,
    fix: 'Check the ranks and attributes of the node; if they are right, report this as a bug.',
  });
}

export function describe(node: Node, version: number): string {
  return `${node.opType}-${version}`;
}

export function elementType(type: Type | undefined): DataType | undefined {
  return type?.kind === 'tensor' && type.elemType !== 'undefined' ? type.elemType : undefined;
}

/** Adds a value to a graph's own; a name that is known keeps its slot. */
function declare(scope: Scope, name: string, dtype: DataType | undefined, isConstant: boolean): number {
  const slot = scope.values.get(name)?.slot ?? scope.values.size;
  scope.values.set(name, { slot, dtype, isConstant });
  return slot;
}

/** A value that a graph sees; one of a graph around it gets a slot in each graph on the way. */
function resolve(name: string, scope: Scope, at: string): PlannedValue {
  const own = scope.values.get(name);
  if (own !== undefined) return own;
  if (scope.outer === undefined) {
    throw new ModelError('unknown-value', `Nothing makes the value "${name}".`, {
      at,
      fix: 'The model is cut or damaged: every value is a graph input, an initializer or the output of a node.',
    });
  }
  const outer = resolve(name, scope.outer, at);
  const slot = declare(scope, name, outer.dtype, outer.isConstant);
  scope.captures.push({ outer: outer.slot, slot });
  return { ...outer, slot };
}

function findLastReaders(
  nodes: readonly Node[],
  graph: Graph,
  keep: ReadonlySet<string> | undefined,
): Map<string, number> {
  const last = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of namesRead(node)) last.set(name, index);
  });
  for (const { name } of graph.outputs) last.set(name, Infinity);
  for (const name of keep ?? []) last.set(name, Infinity);
  return last;
}
