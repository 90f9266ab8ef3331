import type { Node, OpsetImport, Tensor } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { fromTensor, type NdArray, toTensor } from './array.ts';
import { defaultConventions } from './conventions.ts';
import { RunMemory, withMemory } from './memory.ts';
import { planGraph } from './plan.ts';
import { randomSource } from './random-numbers.ts';
import { GraphRunner } from './run.ts';
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
  const run = new RunMemory({ limit: memory });
  const outputs = withMemory(run, () => {
    const context = {
      memory: run,
      conventions: defaultConventions,
      maxIterations: 1_000_000,
      maxConstants: 2 ** 30,
      random: randomSource(undefined),
    };
    const runner = new GraphRunner(plan, context, false);
    runner.run([...present.values()].map(fromTensor));
    return plan.outputs.map((slot) => runner.frame.get(slot));
  });
  let next = 0;
  return node.outputs.map((name) => (name === '' ? undefined : tensorOf(outputs[next++]!, name)));
}

function tensorOf(value: NdArray, name: string): Tensor {
  if (isArray(value)) return toTensor(value);
  throw new ModelError('not-a-tensor', `"${name}" is ${kindOf(value)}, not a tensor.`);
}
