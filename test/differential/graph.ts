import type { Model, Node, Tensor } from '../../src/ir/index.ts';
import { evaluateNode } from '../../src/runtime/index.ts';
import { nodeOf } from '../runtime/run-node.ts';
import { engineTypes } from '../support/engine.ts';
import type { Tolerance } from './sketch.ts';

/** A node of a random graph with the values it reads, as the executor computed them. */
export interface Step {
  readonly node: Node;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly within: Tolerance;
  readonly family: string;
  /** Names of inputs that are graph inputs; other tensors of the graph are initializers. */
  readonly fed: ReadonlySet<string>;
  /** What the executor gives; the error if it refuses. */
  readonly outputs: readonly (Tensor | undefined)[] | Error;
}

/** A random graph: one node or a few in a row. */
export interface RandomGraph {
  readonly seed: number;
  readonly index: number;
  readonly opset: number;
  readonly steps: readonly Step[];
}

export function opsetImports(opset: number) {
  return ['', 'com.microsoft', 'ai.onnx.ml'].map((domain) => ({ domain, version: versionOf(domain, opset) }));
}

/** The version of a domain that came out with an opset, or a little before. */
export function versionOf(domain: string, opset: number): number {
  if (domain !== 'ai.onnx.ml') return domain === '' ? opset : 1;
  return opset < 9 ? 1 : opset < 15 ? 2 : opset < 18 ? 3 : opset < 21 ? 4 : 5;
}

/** What the executor computes for a node, or why it does not. */
export function compute(node: Node, inputs: readonly (Tensor | undefined)[], opset: number): Step['outputs'] {
  try {
    return evaluateNode(node, inputs, { opset: opsetImports(opset) });
  } catch (error) {
    return error as Error;
  }
}

/** A graph as a model, and what it is fed. All values that nodes make are outputs, so that the first difference shows. */
export interface Prepared {
  readonly model: Model;
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** For each output of the model, which step and output it is. */
  readonly places: ReadonlyMap<string, { readonly step: number; readonly output: number }>;
}

export function prepare({ steps, opset }: RandomGraph): Prepared {
  const feeds = new Map<string, Tensor>();
  const initializers: Tensor[] = [];
  const nodes: Node[] = [];
  const places = new Map<string, { step: number; output: number }>();
  const made = new Set<string>();
  steps.forEach(({ node, inputs, outputs, fed }, step) => {
    node.inputs.forEach((name, i) => {
      const value = inputs[i];
      if (value === undefined || made.has(name)) return;
      if (fed.has(name) && engineTypes.has(value.dtype)) feeds.set(name, value);
      else initializers.push(value.withName(name));
    });
    nodes.push(node);
    node.outputs.forEach((name, output) => {
      if (name === '') return;
      made.add(name);
      const dtype = outputs instanceof Error ? 'float32' : outputs[output]!.dtype;
      const carried = engineTypes.has(dtype);
      const shown = carried ? name : `${name}_shown`;
      if (!carried) nodes.push(exactCast(name, shown, dtype));
      places.set(shown, { step, output });
    });
  });
  const none = { metadata: [] };
  const graph = {
    ...none,
    name: 'random',
    nodes,
    initializers,
    sparseInitializers: [],
    inputs: [...feeds].map(([name, { dtype, dims }]) => ({
      ...none,
      name,
      type: { kind: 'tensor' as const, elemType: dtype, shape: dims.map((value) => ({ value })) },
    })),
    outputs: [...places.keys()].map((name) => ({ ...none, name })),
    valueInfos: [],
    quantizationAnnotations: [],
  };
  const model = {
    ...none,
    irVersion: opset > 21 ? 13 : 10,
    graph,
    opsetImports: opsetImports(opset),
    trainingInfo: [],
    functions: [],
    configurations: [],
  };
  return { model, feeds, places };
}

/** Types the binding cannot carry are shown as a type that holds all their values. */
function exactCast(from: string, to: string, dtype: string): Node {
  const target = dtype.startsWith('uint') ? 2 : dtype.startsWith('int') ? 3 : 1;
  const node = nodeOf('Cast', [undefined], { to: target });
  return { ...node, inputs: [from], outputs: [to] };
}
