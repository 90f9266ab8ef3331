import type { Model, Tensor } from '../ir/index.ts';
import { type CompileOptions, type Inputs, ModelSession, type RunOptions } from './session.ts';
import type { RuntimeValue } from './values.ts';

export interface ExecuteOptions extends Omit<CompileOptions, 'threads'>, RunOptions {}

/**
 * Runs a model once: the literal graph, float32 arithmetic for float32 values, or (`arithmetic: 'integer'`) as an engine
 * runs it. `compile` makes a session for many runs.
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
  return new ModelSession(model, options, { repeats: false }).run(inputs, options);
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
  return new ModelSession(model, options, { repeats: false }).runValues(inputs, options);
}
