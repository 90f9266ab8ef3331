import type { Graph } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { fromTensor, type NdArray, sizeOf } from './array.ts';
import type { Budget } from './budget.ts';
import type { Conventions } from './conventions.ts';
import type { Kernel, KernelCall } from './kernel.ts';
import { describe, type GraphPlan, placed, type Step } from './plan.ts';
import { roundSmallFloats } from './round-float.ts';
import { resolveTypes } from './signature.ts';
import { densify } from './sparse.ts';
import { SequenceValue } from './values.ts';

/** What a run is watched by, and what it may use. */
export interface RunContext {
  readonly budget: Budget;
  readonly maxIterations: number;
  readonly conventions: Conventions;
  readonly random: KernelCall['random'];
  /** Called before each node of the main graph. */
  readonly beforeStep?: ((step: Step, index: number) => void) | undefined;
  /** Called with each value of the main graph. */
  readonly onValue?: ((name: string, value: NdArray) => void) | undefined;
}

/** The values of a graph while it runs; names that are not its own are looked up in the graph around it. */
export class Environment {
  readonly #values = new Map<string, NdArray>();
  /** Names of values that nodes made; what came from outside is not paid for here. */
  readonly #made = new Set<string>();
  readonly #outer: Environment | undefined;

  constructor(outer?: Environment) {
    this.#outer = outer;
  }

  get(name: string): NdArray | undefined {
    return this.#values.get(name) ?? this.#outer?.get(name);
  }

  /** A value from outside: an input, an initializer. */
  bind(name: string, value: NdArray): void {
    this.#values.set(name, value);
  }

  /** A value that a node has made. */
  make(name: string, value: NdArray, budget: Budget): void {
    this.#values.set(name, value);
    this.#made.add(name);
    for (const array of arraysOf(value)) budget.hold(array.data, byteLengthOf(array));
  }

  /** Forgets a value nobody reads any more. */
  release(name: string, budget: Budget): void {
    const value = this.#values.get(name);
    if (value === undefined) return;
    this.#values.delete(name);
    if (!this.#made.delete(name)) return;
    for (const array of arraysOf(value)) budget.drop(array.data, byteLengthOf(array));
  }

  releaseAll(budget: Budget): void {
    for (const name of [...this.#values.keys()]) this.release(name, budget);
  }
}

/** Binds a graph's initializers and inputs, runs its steps and leaves all values that are kept in the environment. */
export function runGraph(
  plan: GraphPlan,
  inputs: readonly (NdArray | undefined)[],
  environment: Environment,
  context: RunContext,
): void {
  const { graph } = plan;
  for (const tensor of plan.initializers) environment.bind(tensor.name ?? '', fromTensor(tensor));
  for (const sparse of plan.sparseInitializers) environment.bind(sparse.values?.name ?? '', densify(sparse));
  graph.inputs.forEach(({ name }, index) => {
    const value = inputs[index];
    if (value !== undefined) environment.bind(name, value);
  });
  plan.steps.forEach((step, index) => {
    context.beforeStep?.(step, index);
    runStep(step, environment, context);
  });
}

function runStep(step: Step, environment: Environment, context: RunContext): void {
  const { node, place, callee } = step;
  const inputs = node.inputs.map((name) => (name === '' ? undefined : lookUp(environment, name, place)));
  const before = context.budget.live;
  const outputs = placed(place, () =>
    'run' in callee
      ? runKernel(callee, step, inputs, environment, context)
      : runBody(callee, inputs, new Environment(), innerContext(context)),
  );
  context.budget.live = before;
  node.outputs.forEach((name, index) => {
    if (name === '') return;
    const value = outputs[index];
    if (value === undefined) {
      throw new ModelError('missing-output', `${node.opType} makes no output ${index} ("${name}").`, {
        at: place,
      });
    }
    environment.make(name, value, context.budget);
    context.onValue?.(name, value);
  });
  for (const name of step.release) environment.release(name, context.budget);
}

function runKernel(
  kernel: Kernel,
  step: Step,
  inputs: readonly (NdArray | undefined)[],
  environment: Environment,
  context: RunContext,
): readonly (NdArray | undefined)[] {
  const { node, attributes, version } = step;
  resolveTypes(
    kernel.signature,
    inputs.map((input) => input?.dtype),
    describe(node, version),
  );
  const call: KernelCall = {
    node,
    attributes,
    version,
    inputs,
    wants: (output) => (node.outputs[output] ?? '') !== '',
    runGraph: (graph, values) =>
      runBody(planOf(step, graph), values, new Environment(environment), innerContext(context)),
    maxIterations: context.maxIterations,
    conventions: context.conventions,
    random: context.random,
  };
  const result = kernel.run(call);
  const outputs = Array.isArray(result) ? (result as readonly (NdArray | undefined)[]) : [result as NdArray];
  for (const output of outputs) if (output !== undefined) roundSmallFloats(output);
  return outputs;
}

function runBody(
  plan: GraphPlan,
  inputs: readonly (NdArray | undefined)[],
  environment: Environment,
  context: RunContext,
): NdArray[] {
  runGraph(plan, inputs, environment, context);
  const outputs = plan.graph.outputs.map(({ name }) => lookUp(environment, name, plan.graph.name ?? ''));
  environment.releaseAll(context.budget);
  return outputs;
}

function innerContext(context: RunContext): RunContext {
  const { budget, maxIterations, conventions, random } = context;
  return { budget, maxIterations, conventions, random };
}

function planOf(step: Step, graph: Graph): GraphPlan {
  const plan = step.graphs.get(graph);
  if (plan === undefined) throw new ModelError('unknown-graph', 'The subgraph belongs to another node.');
  return plan;
}

function lookUp(environment: Environment, name: string, at: string): NdArray {
  const value = environment.get(name);
  if (value !== undefined) return value;
  throw new ModelError('unknown-value', `The value "${name}" was not computed.`, { at });
}

/** The arrays whose memory a value holds. */
function arraysOf(value: NdArray): readonly NdArray[] {
  return value instanceof SequenceValue ? value.items : [value];
}

function byteLengthOf(value: NdArray): number {
  return 'byteLength' in value.data ? value.data.byteLength : sizeOf(value) * 16;
}
