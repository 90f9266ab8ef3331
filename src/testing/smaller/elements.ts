import { findDataType, type Tensor, type TensorData, tensor, valuesOf } from '../../ir/index.ts';
import type { Case } from '../matching.ts';

/** Cases whose constants and inputs hold simpler numbers: zeros, ones, fewer digits. */
export function* simplerElements(one: Case): Iterable<Case> {
  const { model, samples } = one;
  const { graph } = model;
  for (const [i, constant] of graph.initializers.entries()) {
    for (const simpler of simplerTensors(constant)) {
      const initializers = graph.initializers.map((other, j) => (j === i ? simpler : other));
      yield { ...one, model: { ...model, graph: { ...graph, initializers } } };
    }
  }
  for (const [i, inputs] of samples.entries()) {
    for (const [name, value] of inputs) {
      for (const simpler of simplerTensors(value)) {
        const changed = new Map(inputs).set(name, simpler);
        yield { ...one, samples: samples.map((other, j) => (j === i ? changed : other)) };
      }
    }
  }
}

/** Tensors with simpler elements, each less work to read than the one given: this comes to an end. */
export function* simplerTensors(value: Tensor): Iterable<Tensor> {
  const kind = findDataType(value.dtype)?.kind;
  if (kind === undefined) return;
  const made = (values: readonly unknown[]) =>
    tensor(value.dtype, value.dims, values as TensorData, value.name);
  if (kind === 'string') {
    const texts = value.toStrings();
    if (texts.some((text) => text !== '')) yield made(texts.map(() => ''));
    for (const [i, text] of texts.entries()) {
      for (const shorter of new Set(['', text.slice(0, 1)]))
        if (shorter.length < text.length) yield made(texts.map((other, j) => (j === i ? shorter : other)));
    }
    return;
  }
  const elements = Array.from(valuesOf(value) as ArrayLike<number | bigint>);
  const isWide = typeof elements[0] === 'bigint';
  // Powers of two have no zero.
  const least = value.dtype === 'float8e8m0' ? 1 : 0;
  if (elements.some((element) => Number(element) !== least))
    yield made(elements.map(() => (isWide ? 0n : least)));
  for (const [i, element] of elements.entries()) {
    for (const simpler of simplerNumbers(element, kind === 'float' || kind === 'complex')) {
      if (typeof simpler === 'number' && simpler < least && least > 0) continue;
      const candidate = made(elements.map((other, j) => (j === i ? simpler : other)));
      // A narrow type may round a simple number back to what it was.
      const now = (valuesOf(candidate) as ArrayLike<number | bigint>)[i]!;
      if (typeof now === 'number' && typeof element === 'number' && work(now) >= work(element)) continue;
      yield candidate;
    }
  }
}

/** Numbers that are easier to read, each less work than the one given: this comes to an end. */
function simplerNumbers(value: number | bigint, isFloat: boolean): readonly (number | bigint)[] {
  if (typeof value === 'bigint') {
    return [0n, 1n, value / 2n, value - 1n].filter((other) => (other >= 0n ? other < abs(value) : false));
  }
  const candidates = isFloat
    ? [
        0,
        1,
        -1,
        Math.trunc(value),
        Math.round(value),
        Math.trunc(value / 2),
        Math.trunc(value / 10),
        Number(value.toPrecision(1)),
        Number(value.toPrecision(2)),
      ]
    : [0, 1, Math.trunc(value / 2), value > 0 ? value - 1 : value + 1];
  return [...new Set(candidates.map(Math.fround))].filter(
    (other) => Number.isFinite(other) && work(other) < work(value),
  );
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** How hard a number is to read. */
function work(value: number): number {
  if (Object.is(value, 0)) return 0;
  if (Object.is(value, -0)) return 0.5;
  const digits = String(Math.abs(value)).replace('.', '').length;
  return (
    digits * 1000 +
    Math.min(999, Math.log2(1 + Math.abs(value)) * 7) +
    (value < 0 ? 0.5 : 0) +
    (Number.isInteger(value) ? 0 : 400)
  );
}
