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
import { findSchema, newestOpset, normalDomain, type PlainValue } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { checkNode, kernelAttributes } from './attributes.ts';
import type { Kernel } from './kernel.ts';
import { findKernel, kernelsOf } from './registry.ts';
import { resolveTypes } from './signature.ts';

/** A graph made ready to run: every operator resolved, nodes in an order that works, dead values known. */
export interface GraphPlan {
  readonly graph: Graph;
  /** The constants that somebody reads; others need not even be loaded. */
  readonly initializers: readonly Tensor[];
  readonly sparseInitializers: readonly SparseTensor[];
  readonly steps: readonly Step[];
  /** Element types of the outputs as far as they are known before the run. */
  readonly outputTypes: readonly (DataType | undefined)[];
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
  /** Values of this graph that nobody reads after this step. */
  readonly release: readonly string[];
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

/** The values a graph sees with their element types, `undefined` where the type shows when it runs. */
export interface Scope {
  readonly types: Map<string, DataType | undefined>;
  readonly outer?: Scope | undefined;
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
  const scope: Scope = { types: new Map(), outer: context.outer };
  for (const tensor of graph.initializers) scope.types.set(tensor.name ?? '', tensor.dtype);
  for (const sparse of graph.sparseInitializers)
    scope.types.set(sparse.values?.name ?? '', sparse.values?.dtype);
  graph.inputs.forEach((input, index) => {
    scope.types.set(input.name, inputTypes[index] ?? elementType(input.type));
  });
  checkSingleAssignment(graph, context.place);
  const nodes = sortNodes(graph.nodes, undefined, context.place);
  const lastReader = findLastReaders(nodes, graph, context.keep);
  const steps = nodes.map((node, index) => planNode(node, index, scope, context, lastReader));
  const outputTypes = graph.outputs.map(({ name }) => typeOf(name, scope, context.place));
  const read = ({ name }: { readonly name?: string | undefined }) => lastReader.has(name ?? '');
  return {
    graph,
    initializers: graph.initializers.filter(read),
    sparseInitializers: graph.sparseInitializers.filter(({ values }) => values !== undefined && read(values)),
    steps,
    outputTypes,
  };
}

function planNode(
  node: Node,
  index: number,
  scope: Scope,
  context: PlanContext,
  lastReader: ReadonlyMap<string, number>,
): Step {
  const place = `${context.place}/${node.name || node.outputs.find(Boolean) || node.opType}`;
  const inputs = node.inputs.map((name) => (name === '' ? undefined : typeOf(name, scope, place)));
  const planned = planCall(node, inputs, scope, { ...context, place });
  node.outputs.forEach((name, position) => {
    if (name !== '') scope.types.set(name, planned.outputTypes[position]);
  });
  const dead = [...namesRead(node), ...node.outputs];
  const release = [...new Set(dead)].filter(
    (name) => name !== '' && (lastReader.get(name) ?? index) === index,
  );
  return { node, place, release, ...planned };
}

type PlannedCall = Pick<Step, 'callee' | 'attributes' | 'version' | 'graphs'> & {
  readonly outputTypes: readonly (DataType | undefined)[];
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
    const resolved = resolveTypes(callee.signature, inputs, describe(node, version));
    return callee.outputTypes?.({ node, attributes, inputs, version }) ?? resolved;
  });
  return { callee, attributes, version, graphs, outputTypes };
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
    if (error instanceof ModelError && error.at === undefined) {
      throw new ModelError(error.code, error.message, { at, fix: error.fix, cause: error });
    }
    if (error instanceof RangeError) {
      throw new ModelError(
        'out-of-memory',
        `The machine cannot hold what this node makes: ${error.message}.`,
        {
          at,
          cause: error,
        },
      );
    }
    if (error instanceof ModelError) throw error;
    throw new ModelError('cannot-compute', `The node does not fit its inputs: ${String(error)}.`, {
      at,
      cause: error,
      fix: 'Check the ranks and attributes of the node; if they are right, report this as a bug.',
    });
  }
}

export function describe(node: Node, version: number): string {
  return `${node.opType}-${version}`;
}

export function elementType(type: Type | undefined): DataType | undefined {
  return type?.kind === 'tensor' && type.elemType !== 'undefined' ? type.elemType : undefined;
}

function typeOf(name: string, scope: Scope, at: string): DataType | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer)
    if (at.types.has(name)) return at.types.get(name);
  throw new ModelError('unknown-value', `Nothing makes the value "${name}".`, {
    at,
    fix: 'The model is cut or damaged: every value is a graph input, an initializer or the output of a node.',
  });
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
