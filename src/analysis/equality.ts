import { bytesOf, type Model, storageOf, Tensor } from '../ir/index.ts';
import { type FormOptions, type Sink, tellModel } from './canonical-form.ts';
import { Digest } from './digest.ts';
import { tensorDigest } from './tensor-digest.ts';

export interface EqualityOptions {
  /** Whether names of values, nodes and graphs may differ. Inputs and outputs are matched by position then. */
  readonly ignoreNames?: boolean;
  /** Whether nodes, initializers, attributes and functions may come in another order. */
  readonly ignoreOrder?: boolean;
  /** Whether producer, doc strings, metadata, declared types of inner values and annotations may differ. */
  readonly ignoreMetadata?: boolean;
}

/**
 * Whether two models are the same, up to what the options let differ. Without options every field counts but
 * where it was decoded from; presence counts too (an empty name is not an absent one). Constants are compared bit by bit.
 *
 * @throws ModelError `too-deep` when subgraphs are nested more than 200 levels
 */
export function equalModels(
  a: Model,
  b: Model,
  { ignoreNames = false, ignoreOrder = false, ignoreMetadata = false }: EqualityOptions = {},
): boolean {
  if (a === b) return true;
  if (!ignoreNames && !ignoreOrder && !ignoreMetadata) return equalMessages(a, b);
  const options = { names: !ignoreNames, fileOrder: !ignoreOrder, metadata: !ignoreMetadata };
  const [left, right] = [tokensOf(a, options), tokensOf(b, options)];
  return left.length === right.length && left.every((token, i) => equalTokens(token, right[i]!));
}

/**
 * 32 hexadecimal digits that are the same for models that differ in names, order, and metadata only, and differ as soon
 * as an operator, a wire, an attribute, a bit of a constant, an interface type or an opset does. Stable between releases.
 *
 * @throws ModelError `too-deep` when subgraphs are nested more than 200 levels
 */
export function canonicalHash(model: Model): string {
  const digest = new Digest();
  const sink: Sink = {
    text: (value) => digest.text(value),
    number: (value) => digest.number(value),
    tensor: (value) => digest.text(tensorDigest(value)),
  };
  tellModel(model, sink, { names: false, fileOrder: false, metadata: false });
  return digest.hex();
}

/** Whether two tensors have the same element type, shape and bits; names do not matter. */
export function equalTensors(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || a.dims.join() !== b.dims.join()) return false;
  if (storageOf(a).kind === 'missing' || storageOf(b).kind === 'missing')
    return tensorDigest(a) === tensorDigest(b);
  if (a.dtype === 'string') {
    const [left, right] = [a.toStrings(), b.toStrings()];
    return left.every((text, i) => text === right[i]);
  }
  const [left, right] = [bytesOf(a), bytesOf(b)];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

type Token = string | number | Tensor;

function tokensOf(model: Model, options: FormOptions): readonly Token[] {
  const tokens: Token[] = [];
  const push = (token: Token) => {
    tokens.push(token);
  };
  tellModel(model, { text: push, number: push, tensor: push }, options);
  return tokens;
}

function equalTokens(a: Token, b: Token): boolean {
  return a instanceof Tensor ? b instanceof Tensor && equalTensors(a, b) : Object.is(a, b);
}

/** Whether two messages agree in every field but where they were decoded from. Without recursion: files nest as deep as they like. */
export function equalMessages(a: unknown, b: unknown): boolean {
  const pairs: [unknown, unknown][] = [[a, b]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [left, right] = pair;
    if (Object.is(left, right)) continue;
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
      return false;
    if (Array.isArray(left) !== Array.isArray(right)) return false;
    if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false;
    if (left instanceof Tensor !== right instanceof Tensor) return false;
    if (left instanceof Tensor && !equalTensors(left, right as Tensor)) return false;
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      if (key === 'origin') continue;
      pairs.push([left[key as keyof typeof left], right[key as keyof typeof right]]);
    }
  }
  return true;
}
