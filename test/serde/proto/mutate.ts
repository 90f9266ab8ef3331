import { bytesOf, type Graph, type Model, type Tensor } from '../../../src/ir/index.ts';
import { decodeModel, encodeModel } from '../../../src/serde/proto/index.ts';
import { ModelError } from '../../../src/support/errors.ts';

/** A generator of whole numbers below a limit: the same numbers for the same seed (xorshift32). */
export function random(seed: number): (limit: number) => number {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** One damaged copy of a file: bits flipped, bytes replaced, cut, repeated, or filled with what lengths are made of. */
export function mutate(file: Uint8Array, next: (limit: number) => number): Uint8Array {
  let copy: Uint8Array = new Uint8Array(file);
  for (let times = 1 + next(3); times > 0; times--) {
    const at = next(copy.length);
    const kind = next(7);
    if (kind === 0) copy[at]! ^= 1 << next(8);
    else if (kind === 1) copy[at] = next(256);
    else if (kind === 2) copy = copy.slice(0, at + 1);
    else if (kind === 3) copy.copyWithin(at, next(copy.length), next(copy.length));
    else if (kind === 4) copy.fill(255, at, at + 1 + next(10));
    else if (kind === 5)
      copy = joined(copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + 1 + next(8))));
    else copy = joined(copy.subarray(0, at), copy.subarray(next(at + 1)));
    if (copy.length === 0) return copy;
  }
  return copy;
}

/**
 * What reading a damaged file must come to: a model, all of whose tensors can be looked at and which is written as it
 * was read, or a ModelError that says where. Returns which.
 */
export function readDamaged(file: Uint8Array): 'model' | 'error' {
  let model: Model;
  try {
    model = decodeModel(file);
  } catch (error) {
    if (error instanceof ModelError && error.at !== undefined && /^[a-z-]+$/.test(error.code)) return 'error';
    throw error;
  }
  lookAt(model.graph);
  if (Buffer.compare(encodeModel(model), file) !== 0)
    throw new Error('The damaged model changed in a round trip.');
  encodeModel({
    ...model,
    graph: { ...model.graph, nodes: model.graph.nodes.map((node) => ({ ...node, name: 'n' })) },
  });
  return 'model';
}

function lookAt(graph: Graph): void {
  graph.initializers.forEach(touch);
  for (const { attributes } of graph.nodes) {
    for (const { type, value } of attributes) {
      if (type === 'TENSOR') touch(value);
      if (type === 'GRAPH') lookAt(value);
    }
  }
}

function touch(tensor: Tensor): void {
  try {
    if (tensor.dtype === 'string') tensor.toStrings();
    else bytesOf(tensor);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
