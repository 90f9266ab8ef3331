import type { Model, Tensor } from '../ir/index.ts';
import { type PlainValue, plainAttributes } from '../ops/index.ts';
import { execute } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';
import { type CheckOptions, checkOn, drawRetrying } from './check-rule.ts';
import type { Examined } from './claims.ts';
import { differenceBetween } from './compare.ts';
import { type Case, drawNode } from './matching.ts';
import type { Verdict } from './verdict.ts';

/** Another way to compute an operator: outputs by position from inputs by position; undefined where it cannot. */
export type Reference = (
  inputs: readonly (Tensor | undefined)[],
  attributes: Readonly<Record<string, PlainValue | undefined>>,
) => readonly Tensor[] | undefined;

export interface CheckKernelOptions extends CheckOptions {
  /** Opset of the nodes; 21 unless given. */
  readonly opset?: number;
  /** Largest difference of a float, as a part of the largest value on the way; 0, every bit, unless given. */
  readonly within?: number;
}

/** Compares what the executor makes of random nodes of an operator with another way to compute it. */
export function checkKernel(opType: string, reference: Reference, options: CheckKernelOptions = {}): Verdict {
  const { opset = 21, within = 0 } = options;
  const draw = (seed: number) => drawRetrying((random) => drawNode(random, opType, opset), seed);
  return checkOn(opType, draw, (one) => compare(one, reference, opset, within), options);
}

function compare({ model, samples }: Case, reference: Reference, opset: number, within: number): Examined {
  let told = 0;
  const [node] = model.graph.nodes;
  if (node === undefined) return { rewrites: 0, told };
  for (const [sample, inputs] of samples.entries()) {
    const before = run(model, inputs);
    if (before === undefined) continue;
    const values = new Map([
      ...inputs,
      ...model.graph.initializers.map((made) => [made.name ?? '', made] as const),
    ]);
    const fed = node.inputs.map((name) => values.get(name));
    const given = reference(fed, plainAttributes<string>(node, opset));
    if (given === undefined) continue;
    told += 1;
    const after = new Map(
      model.graph.outputs.flatMap(({ name }) => {
        const made = given[node.outputs.indexOf(name)];
        return made === undefined ? [] : [[name, made] as const];
      }),
    );
    const message = differenceBetween(before, after, within);
    if (message !== undefined)
      return {
        rewrites: 1,
        told,
        broken: { claim: 'outputs', message, outputs: { sample, message, before, after } },
      };
  }
  return { rewrites: told, told };
}

function run(model: Model, inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> | undefined {
  try {
    return execute(model, inputs, { seed: 1 });
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
