import { type Model, Tensor, type Type, type TypedArray } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { Arena } from './arena.ts';
import { type ArithmeticOptions, type Arrangement, arrange } from './arithmetic.ts';
import { type NdArray, toTensor } from './array.ts';
import { conventionsOf } from './conventions.ts';
import { type InputBinder, inputBinder } from './inputs.ts';
import { RunMemory, withMemory } from './memory.ts';
import { type GraphPlan, planModel } from './plan.ts';
import { randomSource } from './random-numbers.ts';
import { GraphRunner, type RunContext, type Watcher } from './run.ts';
import { openThreads, type Threads, withThreads } from './threads/pool.ts';
import { isArray, kindOf, type RuntimeValue, SequenceValue, toRuntimeValue } from './values.ts';

export interface CompileOptions extends ArithmeticOptions {
  /** Values to give back instead of the graph's outputs; any value of the main graph. */
  readonly outputs?: readonly string[] | undefined;
  readonly limits?: ExecuteLimits | undefined;
  /** Threads that large integer layers are shared among, the calling one included; 1 unless given. Results are the same. */
  readonly threads?: number | undefined;
}

export interface RunOptions {
  /** Sees each tensor of the main graph when it is computed, in execution order. */
  readonly onValue?: ((name: string, value: Tensor) => void) | undefined;
  readonly onProgress?: ((progress: ExecuteProgress) => void) | undefined;
  /** For operators that draw random numbers and have no seed of their own; without it they are refused. */
  readonly seed?: number | undefined;
  /** Looked at before each node, in subgraphs too, and each turn of a loop; an `AbortSignal` fits. */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

export interface ExecuteProgress {
  /** Nodes done, of `total`. */
  readonly done: number;
  readonly total: number;
  /** The node that runs next. */
  readonly node: string;
}

export interface ExecuteLimits {
  /** Bytes that all values alive at once may take; 4 GiB unless given. */
  readonly memory?: number | undefined;
  /** Turns of one Loop; a million unless given. */
  readonly iterations?: number | undefined;
  /** Bytes that a session may keep of values that do not depend on inputs; 1 GiB unless given. */
  readonly constants?: number | undefined;
}

/** What a model is fed: tensors, sequences and optionals by input name. */
export type Inputs = ReadonlyMap<string, RuntimeValue> | Iterable<readonly [string, RuntimeValue]>;

/** Bytes that a session uses. */
export interface SessionMemory {
  /**
   * The most that the latest run took at once: the planned memory, and what came on top of it, such as outputs. Kernels
   * use a few megabytes besides, which all sessions share and which do not grow with a model; prepared weights are constants.
   */
  readonly peak: number;
  /** The most that values alive at once took in the latest run: no plan can do with less. */
  readonly optimum: number;
  /** The piece of memory that all runs use; empty until a second run has shown what it is good for. */
  readonly planned: number;
  /** Values that do not depend on inputs, computed once. */
  readonly constants: number;
}

/** A model made ready to run, again and again. */
export interface Session {
  /**
   * Runs the model.
   *
   * @returns the outputs by name, in the order of the graph (or of the `outputs` it was compiled for)
   * @throws ModelError as `execute`; `session-busy` when called while it runs
   */
  run(inputs: Inputs, options?: RunOptions): Map<string, Tensor>;
  /** Runs the model as `run` does, and gives back sequences and optionals too. */
  runValues(inputs: Inputs, options?: RunOptions): Map<string, RuntimeValue>;
  readonly memory: SessionMemory;
  /** Until then runs use the threads that have started; rejects where one cannot. */
  readonly ready: Promise<void>;
  /** Ends the threads; later runs use the calling one alone. A session without threads needs no closing. */
  close(): void;
}

/**
 * Makes a model ready to run many times: every operator, version, element type and attribute is checked, constants and
 * what depends on them alone are computed, weights are prepared for the kernels once, and from the second run with the
 * same input shapes on, values live in one planned piece of memory that all runs use.
 *
 * A session keeps that memory and its constants as long as it lives. What it gives back is the caller's: no later run
 * changes it.
 *
 * @example
 * const session = compile(model);
 * for (const image of images) classify(session.run([['x', image]]).get('y'));
 *
 * @throws ModelError `unsupported-operator`, `unsupported-version`, `unsupported-dtype`, `unsupported-attribute`,
 *   `unknown-value`, `cyclic-graph` …, with the node as place; `bad-threads`, `no-threads` where there is no
 *   SharedArrayBuffer or Worker
 */
export function compile(model: Model, options: CompileOptions = {}): Session {
  return new ModelSession(model, options, { repeats: true });
}

/** How a session goes about its work; nothing that shows in its results. */
export interface SessionConduct {
  /** Whether it runs more than once: it keeps constants and plans its memory. */
  readonly repeats: boolean;
  /** Spoils memory that nobody may read, to find kernels that do. */
  readonly poison?: boolean;
}

/** The session behind `compile` and `execute`. */
export class ModelSession implements Session {
  readonly #arranged: Arrangement<CompileOptions>;
  readonly #plan: GraphPlan;
  readonly #bind: InputBinder;
  readonly #memory: RunMemory;
  readonly #arena: Arena | undefined;
  readonly #context: RunContext;
  readonly #runner: GraphRunner;
  readonly #outputs: readonly WantedOutput[];
  readonly #threads: Threads | undefined;
  #isRunning = false;

  constructor(given: Model, wanted: CompileOptions, { repeats, poison }: SessionConduct) {
    this.#arranged = arrange(given, wanted);
    const { model, options } = this.#arranged;
    const { limits = {}, threads = 1 } = options;
    this.#plan = planModel(model, options.outputs && new Set(options.outputs));
    this.#bind = inputBinder(model);
    this.#arena = repeats ? new Arena(threads !== 1) : undefined;
    this.#memory = new RunMemory({ limit: limits.memory, arena: this.#arena, poison });
    this.#outputs = wantedOutputs(model, this.#plan, options.outputs);
    this.#context = {
      memory: this.#memory,
      conventions: conventionsOf(options),
      maxIterations: limits.iterations ?? 1_000_000,
      maxConstants: limits.constants ?? 2 ** 30,
      random: randomSource(undefined),
    };
    this.#runner = withMemory(this.#memory, () => {
      const runner = new GraphRunner(this.#plan, this.#context, repeats);
      if (repeats) runner.prepare();
      return runner;
    });
    this.#threads = threads === 1 ? undefined : openThreads(threads);
  }

  run(inputs: Inputs, options: RunOptions = {}): Map<string, Tensor> {
    const outputs = this.runValues(inputs, options);
    for (const [name, value] of outputs) {
      if (value instanceof Tensor) continue;
      throw new ModelError(
        'not-a-tensor',
        `The output "${name}" is a sequence or an optional, not a tensor.`,
        {
          fix: 'Run the model with executeValues, or runValues of a session.',
        },
      );
    }
    return outputs as Map<string, Tensor>;
  }

  runValues(inputs: Inputs, options: RunOptions = {}): Map<string, RuntimeValue> {
    if (this.#isRunning) {
      throw new ModelError(
        'session-busy',
        'The session is running: a callback of the run has called it again.',
        {
          fix: 'Compile the model a second time for runs inside runs.',
        },
      );
    }
    const values = this.#bind(new Map(inputs));
    this.#isRunning = true;
    this.#begin(values, options);
    let complete = false;
    try {
      withThreads(this.#threads, () =>
        withMemory(this.#memory, () => this.#runner.run(values, this.#watcher(options))),
      );
      const outputs = new Map(this.#outputs.map((output) => [output.name, this.#take(output)]));
      // Not released one by one: what is left is the caller's, and no part of the planned memory.
      this.#runner.frame.clear();
      complete = true;
      return this.#arranged.restore(outputs);
    } finally {
      this.#end(complete);
    }
  }

  get memory(): SessionMemory {
    const { peakOfValues, peakOutside, kept } = this.#memory;
    const planned = this.#arena?.bytes ?? 0;
    const others = (this.#arena?.lent ?? 0) + (this.#threads?.bytes ?? 0);
    return { peak: planned + peakOutside + others, optimum: peakOfValues, planned, constants: kept };
  }

  get ready(): Promise<void> {
    return this.#threads?.ready ?? Promise.resolve();
  }

  close(): void {
    this.#threads?.close();
  }

  #begin(values: readonly (NdArray | undefined)[], { seed, signal, onValue }: RunOptions): void {
    this.#context.random = randomSource(seed);
    this.#context.signal = signal;
    this.#memory.begin();
    this.#threads?.release();
    // Watched runs make values that others know already.
    const kind = values.map((value) => (value === undefined ? '' : kindOf(value)));
    this.#arena?.begin(`${onValue === undefined ? '' : 'watched '}${kind.join(' ')}`);
  }

  #end(complete: boolean): void {
    if (!complete) this.#runner.clear();
    this.#memory.end();
    this.#arena?.end(complete);
    this.#context.signal = undefined;
    this.#isRunning = false;
  }

  /** Callbacks take ordinary memory: what they compute is theirs. */
  #watcher({ onProgress, onValue }: RunOptions): Watcher {
    const total = this.#plan.steps.length;
    const tell = onValue && this.#arranged.telling(onValue);
    const show = (name: string, value: NdArray) => {
      if (isArray(value)) tell!(name, toTensor(detached(value, this.#memory), name));
    };
    const report = (place: string, done: number) => onProgress!({ done, total, node: place });
    return {
      beforeStep: onProgress && (({ place }, index) => withMemory(undefined, () => report(place, index))),
      onValue: onValue && ((name, value) => withMemory(undefined, () => show(name, value))),
    };
  }

  #take({ name, slot, type }: WantedOutput): RuntimeValue {
    const value = this.#runner.frame.get(slot);
    return toRuntimeValue(detached(value, this.#memory), name, type);
  }
}

interface WantedOutput {
  readonly name: string;
  readonly slot: number;
  readonly type: Type | undefined;
}

function wantedOutputs(
  { graph }: Model,
  { slots }: GraphPlan,
  names: readonly string[] = graph.outputs.map(({ name }) => name),
): WantedOutput[] {
  const types = new Map(graph.outputs.map(({ name, type }) => [name, type]));
  return names.map((name) => {
    const slot = slots.get(name);
    if (slot !== undefined) return { name, slot, type: types.get(name) };
    throw new ModelError('unknown-value', `The model has no value "${name}" to give back.`, {
      fix: 'Name values of the main graph.',
    });
  });
}

/** The same value in memory that no later run uses. */
function detached(value: NdArray, memory: RunMemory): NdArray {
  if (value instanceof SequenceValue)
    return new SequenceValue(value.items.map((item) => detached(item, memory)));
  if (!memory.isReused(value.data)) return value;
  return { ...value, data: (value.data as TypedArray).slice() };
}
