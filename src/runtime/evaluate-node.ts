import type { Node, OpsetImport, Tensor } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { fromTensor, type NdArray, toTensor } from './array.ts';
import { Budget, withBudget } from './budget.ts';
import { defaultConventions } from './conventions.ts';
import { planGraph } from './plan.ts';
import { randomSource } from './random-numbers.ts';
import { Environment, runGraph } from './run.ts';
import { isArray, kindOf } from './values.ts';

export interface EvaluateOptions {
  /** Imported version of the node's domain, or all imports when subgraphs need more than one. */
  readonly opset: number | readonly OpsetImport[];
  /** Values that subgraphs of the node capture. */
  readonly captured?: ReadonlyMap<string, Tensor>;
  /** Bytes the results may take; 4 GiB unless given. */
  readonly memory?: number;
}

/**
 * Runs one node alone, as constant folding does.
 *
 * @param inputs tensors by input position; `undefined` where the node's input is absent
 * @returns tensors by output position; `undefined` where the node names no output
 * @throws ModelError as `execute`
 */
export function evaluateNode(
  node: Node,
  inputs: readonly (Tensor | undefined)[],
  options: EvaluateOptions,
): (Tensor | undefined)[] {
  const { opset, captured = new Map<string, Tensor>(), memory } = options;
  const opsetImports = typeof opset === 'number' ? [{ domain: node.domain ?? '', version: opset }] : opset;
  const present = new Map<string, Tensor>(captured);
  node.inputs.forEach((name, index) => {
    const tensor = inputs[index];
    if (name !== '' && tensor !== undefined) present.set(name, tensor);
  });
  const info = (name: string) => ({ name, metadata: [] });
  const graph = {
    name: 'node',
    nodes: [node],
    inputs: [...present.keys()].map(info),
    outputs: node.outputs.filter(Boolean).map(info),
    initializers: [],
    sparseInitializers: [],
    valueInfos: [],
    quantizationAnnotations: [],
    metadata: [],
  };
  const types = [...present.values()].map((tensor) => tensor.dtype);
  const plan = planGraph(graph, { opsetImports, functions: [], place: graph.name, depth: 0 }, types);
  const environment = new Environment();
  const budget = new Budget(memory);
  withBudget(budget, () =>
    runGraph(plan, [...present.values()].map(fromTensor), environment, {
      budget,
      maxIterations: 1_000_000,
      conventions: defaultConventions,
      random: randomSource(undefined),
    }),
  );
  return node.outputs.map((name) => (name === '' ? undefined : tensorOf(environment.get(name)!, name)));
}

function tensorOf(value: NdArray, name: string): Tensor {
  if (isArray(value)) return toTensor(value);
  throw new ModelError('not-a-tensor', `"${name}" is ${kindOf(value)}, not a tensor.`);
}
