import type { Tensor } from '../../src/ir/index.ts';
import { findSchema } from '../../src/ops/index.ts';
import { findKernel } from '../../src/runtime/index.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { nodeOf } from '../runtime/run-node.ts';
import { compute, type RandomGraph, type Step, versionOf } from './graph.ts';
import { makers } from './operators/index.ts';
import type { Attributes, Maker } from './sketch.ts';
import { createValues, type Values } from './values.ts';

/** Opsets that ONNX Runtime 1.30 has: it refuses models above 26 and warns below 7. */
const opsets = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26];

/** The graph of an index: the same for the same seed, whatever was made before. `only` names operators to make. */
export function randomGraph(seed: number, index: number, only?: ReadonlySet<string>): RandomGraph {
  const random = createRandom(seed * 2 ** 20 + index);
  const first = pickMaker(
    random,
    makers.filter((maker) => only === undefined || only.has(maker.opType)),
  );
  const opset = random.pick(opsets.filter((version) => reaches(first, version)));
  const values = createValues(random.uint32(), opset);
  const steps = [makeStep(first, values, undefined, 0)];
  const more = only === undefined && random.uniform() < 0.25 ? 1 + random.below(3) : 0;
  while (steps.length <= more && extend(steps, random, values, steps.length === more));
  return { seed, index, opset, steps };
}

/** Whether a maker makes nodes of an opset that the executor has a kernel for. */
export function reaches({ opType, domain = '', since, until = 26 }: Maker, opset: number): boolean {
  if (opset < since || opset > until) return false;
  const version = domain === '' ? findSchema(domain, opType, opset)?.since : versionOf(domain, opset);
  return version !== undefined && findKernel(domain, opType, version) !== undefined;
}

function pickMaker(random: Random, choice: readonly Maker[]): Maker {
  const able = choice.filter((maker) => opsets.some((opset) => reaches(maker, opset)));
  const total = able.reduce((sum, { weight = 1 }) => sum + weight, 0);
  let left = random.uniform() * total;
  return able.find(({ weight = 1 }) => (left -= weight) < 0) ?? able.at(-1)!;
}

/** Adds a node that reads the last value, if that is computed exactly; only the last node may be inexact. */
function extend(steps: Step[], random: Random, values: Values, last: boolean): boolean {
  const { node, outputs, within } = steps.at(-1)!;
  if (outputs instanceof Error || within.kind !== 'exact') return false;
  const x = outputs[0]!;
  const able = makers.filter(
    (maker) =>
      reaches(maker, values.opset) &&
      maker.follows?.(x, values.opset) === true &&
      (last || maker.within.kind === 'exact'),
  );
  if (able.length === 0) return false;
  steps.push(makeStep(pickMaker(random, able), values, { name: node.outputs[0]!, x }, steps.length));
  return true;
}

/** Attributes as a file holds them: floats of 32 bits. */
function storable(attributes: Attributes, floats: readonly string[]): Attributes {
  const entries = Object.entries(attributes).map(([name, value]) => {
    if (floats.includes(name) && Array.isArray(value)) return [name, value.map(Math.fround)];
    return [name, typeof value === 'number' && !Number.isInteger(value) ? Math.fround(value) : value];
  });
  return Object.fromEntries(entries);
}

function makeStep(
  maker: Maker,
  values: Values,
  given: { readonly name: string; readonly x: Tensor } | undefined,
  position: number,
): Step {
  const { opType, domain, family } = maker;
  const x = given?.x ?? maker.x?.(values);
  const { inputs, attributes = {}, floats = [], outputs: count = 1, within } = maker.make(values, x!);
  const plain = nodeOf(opType, inputs, storable(attributes, floats), { domain, outputs: count, floats });
  const rename = (name: string) => (name === '' ? '' : `${name}_${position}`);
  const node = {
    ...plain,
    inputs: plain.inputs.map((name, i) => (i === 0 && given !== undefined ? given.name : rename(name))),
    outputs: plain.outputs.map(rename),
  };
  const fed = new Set(
    node.inputs.filter(
      (name, i) => name !== '' && (i === 0 || (maker.constants !== true && values.chance(0.5))),
    ),
  );
  return {
    node,
    inputs,
    family,
    fed,
    within: within ?? maker.within,
    outputs: compute(node, inputs, values.opset),
  };
}
