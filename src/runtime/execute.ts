import { type Model, Tensor } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { type ArithmeticOptions, arrange } from './arithmetic.ts';
import { type NdArray, toTensor } from './array.ts';
import { Budget, withBudget } from './budget.ts';
import { conventionsOf } from './conventions.ts';
import { bindInputs } from './inputs.ts';
import { planModel } from './plan.ts';
import { randomSource } from './random-numbers.ts';
import { Environment, type RunContext, runGraph } from './run.ts';
import { isArray, type RuntimeValue, toRuntimeValue } from './values.ts';

export interface ExecuteOptions extends ArithmeticOptions {
  /** Values to give back instead of the graph's outputs; any value of the main graph. */
  readonly outputs?: readonly string[];
  /** Sees each tensor of the main graph when it is computed, in execution order. */
  readonly onValue?: (name: string, value: Tensor) => void;
  readonly onProgress?: (progress: ExecuteProgress) => void;
  readonly limits?: ExecuteLimits;
  /** For operators that draw random numbers and have no seed of their own; without it they are refused. */
  readonly seed?: number;
  /** Looked at between nodes; an `AbortSignal` fits. */
  readonly signal?: { readonly aborted: boolean };
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
  readonly memory?: number;
  /** Turns of one Loop; a million unless given. */
  readonly iterations?: number;
}

/** What a model is fed: tensors, sequences and optionals by input name. */
export type Inputs = ReadonlyMap<string, RuntimeValue> | Iterable<readonly [string, RuntimeValue]>;

/**
 * Runs a model: the literal graph, float32 arithmetic for float32 values, or (`arithmetic: 'integer'`) as an engine runs it.
 *
 * Each elementwise result is rounded to its type once. Products of float32 (Conv, MatMul, Gemm) are summed in float32 in
 * the order ONNX Runtime sums them (see pieces.ts), everything else in double precision in index order, rounded when it
 * is stored. Every operator, version and element type is checked before anything
 * runs. Inputs that have an initializer may be left out.
 *
 * @returns the outputs by name, in the order of the graph (or of `options.outputs`)
 * @throws ModelError `unsupported-operator`, `unsupported-version`, `unsupported-dtype`, `missing-input`,
 *   `unknown-input`, `input-mismatch`, `shape-mismatch`, `memory-limit`, `aborted` …, with the node as place;
 *   `not-a-tensor` for a sequence or optional among the outputs: see `executeValues`
 */
export function execute(model: Model, inputs: Inputs, options: ExecuteOptions = {}): Map<string, Tensor> {
  const outputs = executeValues(model, inputs, options);
  for (const [name, value] of outputs) {
    if (value instanceof Tensor) continue;
    throw new ModelError('not-a-tensor', `The output "${name}" is a sequence or an optional, not a tensor.`, {
      fix: 'Run the model with executeValues.',
    });
  }
  return outputs as Map<string, Tensor>;
}

/**
 * Runs a model as `execute` does, and gives back sequences and optionals too.
 *
 * @throws ModelError as `execute`
 */
export function executeValues(
  model: Model,
  inputs: Inputs,
  options: ExecuteOptions = {},
): Map<string, RuntimeValue> {
  const arranged = arrange(model, options);
  return arranged.restore(runModel(arranged.model, inputs, arranged.options));
}

function runModel(model: Model, inputs: Inputs, options: ExecuteOptions): Map<string, RuntimeValue> {
  const given = new Map(inputs);
  const plan = planModel(model, options.outputs && new Set(options.outputs));
  const values = bindInputs(model, given);
  const environment = new Environment();
  const context: RunContext = {
    budget: new Budget(options.limits?.memory),
    maxIterations: options.limits?.iterations ?? 1_000_000,
    conventions: conventionsOf(options),
    random: randomSource(options.seed),
    beforeStep: (step, index) => {
      if (options.signal?.aborted)
        throw new ModelError('aborted', 'The run was stopped by its signal.', { at: step.place });
      options.onProgress?.({ done: index, total: plan.steps.length, node: step.place });
    },
    onValue:
      options.onValue && ((name, value) => isArray(value) && options.onValue?.(name, toTensor(value, name))),
  };
  withBudget(context.budget, () => runGraph(plan, values, environment, context));
  const names = options.outputs ?? model.graph.outputs.map(({ name }) => name);
  const types = new Map(model.graph.outputs.map(({ name, type }) => [name, type]));
  return new Map(
    names.map((name) => [name, toRuntimeValue(outputOf(environment, name), name, types.get(name))]),
  );
}

function outputOf(environment: Environment, name: string): NdArray {
  const value = environment.get(name);
  if (value === undefined) {
    throw new ModelError('unknown-value', `The model has no value "${name}" to give back.`, {
      fix: 'Name values of the main graph.',
    });
  }
  return value;
}
