import { type Graph, namesRead } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import type { NdArray } from './array.ts';
import type { Conventions } from './conventions.ts';
import { Frame } from './frame.ts';
import type { Kernel, KernelCall, KernelResult } from './kernel.ts';
import type { RunMemory } from './memory.ts';
import { describe, type GraphPlan, locate, type Step } from './plan.ts';
import { roundSmallFloats } from './round-float.ts';
import { checkScale } from './scales.ts';
import { resolveTypes } from './signature.ts';
import { arraysOf, isArray } from './values.ts';

/** What all graphs of a run share. */
export interface RunContext {
  readonly memory: RunMemory;
  readonly conventions: Conventions;
  /** Turns of one loop. */
  readonly maxIterations: number;
  /** Bytes that values may take which are computed once and kept. */
  readonly maxConstants: number;
  random: KernelCall['random'];
  signal?: { readonly aborted: boolean } | undefined;
}

/** Who looks on while a graph runs. */
export interface Watcher {
  /** Called before each node. */
  readonly beforeStep?: ((step: Step, index: number) => void) | undefined;
  /** Called with each value that a node makes. */
  readonly onValue?: ((name: string, value: NdArray) => void) | undefined;
}

type Values = readonly (NdArray | undefined)[];

/** Whether a step runs; its outputs are `known` and kept; or, `idle`, only known steps and watchers would read them. */
type StepState = 'runs' | 'known' | 'idle';

/**
 * Runs one graph, as often as one likes: its frame, the calls of its nodes, and which of them need not be repeated.
 */
export class GraphRunner {
  readonly plan: GraphPlan;
  readonly frame: Frame;
  readonly #context: RunContext;
  readonly #calls: readonly NodeCall[];
  /** By step; `undefined` until constants have been computed. */
  #states: StepState[] | undefined;

  /** @param repeats whether the graph runs more than once, so that it pays to keep what never changes */
  constructor(plan: GraphPlan, context: RunContext, repeats: boolean, outer?: Frame) {
    this.plan = plan;
    this.frame = new Frame(plan, context.memory, outer);
    this.#context = context;
    this.#calls = plan.steps.map((step) => new NodeCall(step, context, this.frame, repeats));
    if (!repeats) this.#states = plan.steps.map(() => 'runs');
  }

  /** Runs all nodes and leaves the values that outlive them in the frame. */
  run(inputs: Values, { beforeStep, onValue }: Watcher = {}): void {
    this.frame.bind(inputs);
    const states = this.#states ?? this.prepare();
    const { steps } = this.plan;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      stopIfAborted(this.#context, step.place);
      beforeStep?.(step, i);
      const state = states[i]!;
      if (state === 'runs' || (state === 'idle' && onValue !== undefined)) this.#calls[i]!.run();
      if (onValue !== undefined) this.#show(step, onValue);
      for (const slot of step.release) this.frame.release(slot);
    }
  }

  /** Runs the graph as part of a node, which becomes the owner of the outputs. */
  runInside(inputs: Values): NdArray[] {
    stopIfAborted(this.#context);
    this.run(inputs);
    const outputs = this.plan.outputs.map((slot) => this.frame.get(slot));
    for (const output of outputs) for (const { data } of arraysOf(output)) this.#context.memory.adopt(data);
    this.frame.releaseAll();
    return outputs;
  }

  /** Computes the values that depend on constants alone, and keeps them as far as there is room. */
  prepare(): readonly StepState[] {
    const { memory } = this.#context;
    const { steps } = this.plan;
    const states = steps.map((): StepState => 'runs');
    memory.beginUnplanned();
    steps.forEach((step, i) => {
      const known = step.inputs.every((slot) => slot < 0 || this.frame.find(slot) !== undefined);
      if (!step.isConstant || !known) return;
      this.#calls[i]!.run();
      if (this.#keep(step)) states[i] = 'known';
    });
    memory.endUnplanned();
    this.#states = this.#forgetUnread(states);
    return this.#states;
  }

  /** Forgets the values of a run that ended before its time. */
  clear(): void {
    this.frame.clear();
    for (const call of this.#calls) call.clear();
  }

  #show({ node, outputs }: Step, onValue: (name: string, value: NdArray) => void): void {
    outputs.forEach((slot, index) => {
      if (slot !== undefined) onValue(node.outputs[index]!, this.frame.get(slot));
    });
  }

  /** Keeps what a step has just made, if it does not take too much. */
  #keep({ outputs }: Step): boolean {
    const { memory, maxConstants } = this.#context;
    const slots = outputs.filter((slot) => slot !== undefined);
    const values = slots.map((slot) => this.frame.get(slot));
    const fits =
      values.every(isArray) &&
      memory.canKeep(
        values.map(({ data }) => data),
        maxConstants,
      );
    slots.forEach((slot, i) => {
      if (fits) this.frame.keep(slot, values[i]!);
      this.frame.release(slot);
    });
    return fits;
  }

  /** What known steps alone read is not worth its memory: the integers behind a DequantizeLinear. */
  #forgetUnread(states: readonly StepState[]): StepState[] {
    const { steps, slots, wanted } = this.plan;
    const read = new Set(wanted);
    steps.forEach(({ node }, i) => {
      if (states[i] === 'runs') for (const name of namesRead(node)) read.add(slots.get(name) ?? -1);
    });
    return steps.map(({ outputs }, i) => {
      const made = outputs.filter((slot) => slot !== undefined);
      if (states[i] === 'runs' || made.some((slot) => read.has(slot))) return states[i]!;
      for (const slot of made) this.frame.forget(slot);
      return 'idle';
    });
  }
}

/** The call of a node; the same object in every run. */
class NodeCall implements KernelCall {
  readonly node: Step['node'];
  readonly attributes: Step['attributes'];
  readonly version: number;
  readonly maxIterations: number;
  readonly conventions: Conventions;
  readonly inputs: (NdArray | undefined)[];
  readonly wants = (output: number) => this.#step.outputs[output] !== undefined;
  readonly random: KernelCall['random'] = (seed) => this.#context.random(seed);
  readonly #step: Step;
  readonly #context: RunContext;
  readonly #frame: Frame;
  readonly #kernel: Kernel | undefined;
  /** The body of a model-local function, and those of subgraphs. */
  readonly #function: GraphRunner | undefined;
  readonly #bodies = new Map<Graph, GraphRunner>();

  constructor(step: Step, context: RunContext, frame: Frame, repeats: boolean) {
    this.node = step.node;
    this.attributes = step.attributes;
    this.version = step.version;
    this.maxIterations = context.maxIterations;
    this.conventions = context.conventions;
    this.inputs = step.inputs.map(() => undefined);
    this.#step = step;
    this.#context = context;
    this.#frame = frame;
    if ('run' in step.callee) this.#kernel = step.callee;
    else this.#function = new GraphRunner(step.callee, context, repeats);
  }

  /** Computes the node's outputs from the frame and puts them there. */
  run(): void {
    const { memory } = this.#context;
    const { inputs, place } = this.#step;
    for (let i = 0; i < inputs.length; i++)
      this.inputs[i] = inputs[i]! < 0 ? undefined : this.#frame.get(inputs[i]!, place);
    memory.enter();
    try {
      this.#give(this.#compute());
    } catch (error) {
      throw locate(error, place);
    }
    memory.leave();
    for (let i = 0; i < inputs.length; i++) this.inputs[i] = undefined;
  }

  readonly runGraph = (graph: Graph, inputs: readonly NdArray[]): NdArray[] => {
    const body = this.#bodies.get(graph) ?? this.#makeBody(graph);
    return body.runInside(inputs);
  };

  readonly discard = (values: readonly NdArray[]): void => {
    for (const value of values) for (const { data } of arraysOf(value)) this.#context.memory.disown(data);
  };

  /** Forgets a run that ended before its time. */
  clear(): void {
    this.inputs.fill(undefined);
    this.#function?.clear();
    for (const body of this.#bodies.values()) body.clear();
  }

  #compute(): KernelResult {
    const kernel = this.#kernel;
    if (kernel === undefined) return this.#function!.runInside(this.inputs);
    this.#checkTypes(kernel);
    for (const input of this.#step.scales) {
      const scale = this.inputs[input];
      if (scale !== undefined) checkScale(scale, input, this.node.opType);
    }
    if (this.#step.graphs.size === 0) return kernel.run(this);
    // How often a loop turns, and what it makes in each turn, is no part of a plan.
    const { memory } = this.#context;
    memory.beginUnplanned();
    const result = kernel.run(this);
    memory.endUnplanned();
    return result;
  }

  /** The plan has checked the types that are known before the run. */
  #checkTypes({ signature }: Kernel): void {
    const { inputTypes, node } = this.#step;
    for (let i = 0; i < inputTypes.length; i++) {
      if (inputTypes[i] === this.inputs[i]?.dtype) continue;
      const types = this.inputs.map((input) => input?.dtype);
      resolveTypes(signature, types, describe(node, this.version));
      return;
    }
  }

  #give(result: KernelResult): void {
    const { outputs, node } = this.#step;
    for (let i = 0; i < outputs.length; i++) {
      const slot = outputs[i];
      if (slot === undefined) continue;
      const value = isList(result) ? result[i] : i === 0 ? result : undefined;
      if (value === undefined)
        throw new ModelError('missing-output', `${node.opType} makes no output ${i} ("${node.outputs[i]}").`);
      roundSmallFloats(value);
      this.#frame.make(slot, value);
    }
  }

  #makeBody(graph: Graph): GraphRunner {
    const plan = this.#step.graphs.get(graph);
    if (plan === undefined) throw new ModelError('unknown-graph', 'The subgraph belongs to another node.');
    const body = new GraphRunner(plan, this.#context, true, this.#frame);
    this.#bodies.set(graph, body);
    return body;
  }
}

function isList(result: KernelResult): result is readonly (NdArray | undefined)[] {
  return Array.isArray(result);
}

/** @throws ModelError `aborted` */
function stopIfAborted({ signal }: RunContext, at?: string): void {
  if (signal?.aborted) throw new ModelError('aborted', 'The run was stopped by its signal.', { at });
}
