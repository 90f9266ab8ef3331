import { type Model, type Tensor, viewOf } from '../ir/index.ts';
import { differenceOf, elementsOf } from './measure.ts';
import type { FirstDifference } from './report.ts';

/** Bytes of values kept of one run to compare the other with. */
const mostBytes = 512 * 2 ** 20;

/**
 * Follows two runs of one sample and notes the first value they do not agree on: feed it the values of the model before,
 * then those of the model after, in execution order.
 */
export class DifferenceFinder {
  readonly #before: Model;
  readonly #after: Model;
  readonly #common: ReadonlySet<string>;
  readonly #sample: number;
  readonly #kept = new Map<string, Tensor>();
  #bytes = 0;
  #found: { readonly name: string; readonly before: Tensor; readonly after: Tensor } | undefined;

  constructor(before: Model, after: Model, sample: number) {
    this.#before = before;
    this.#after = after;
    this.#sample = sample;
    const names = new Set(before.graph.nodes.flatMap((node) => node.outputs));
    this.#common = new Set(
      after.graph.nodes.flatMap((node) => node.outputs).filter((name) => names.has(name)),
    );
  }

  /** Whether values had to be passed over because keeping them would take too much memory. */
  get passedOver(): boolean {
    return this.#bytes > mostBytes;
  }

  seeBefore(name: string, value: Tensor): void {
    if (!this.#common.has(name)) return;
    this.#bytes += value.byteLength;
    if (this.#bytes <= mostBytes) this.#kept.set(name, value);
  }

  seeAfter(name: string, value: Tensor): void {
    const before = this.#kept.get(name);
    if (before === undefined || this.#found !== undefined) return;
    if (!sameValue(before, value)) this.#found = { name, before, after: value };
  }

  result(): FirstDifference | undefined {
    if (this.#found === undefined) return undefined;
    const { name, before, after } = this.#found;
    return {
      value: name,
      sample: this.#sample,
      madeBy: { before: makerOf(this.#before, name), after: makerOf(this.#after, name) },
      dtype: { before: before.dtype, after: after.dtype },
      dims: { before: before.dims, after: after.dims },
      ...(sameType(before, after)
        ? { difference: differenceOf(before, after), element: firstElement(before, after) }
        : {}),
    };
  }
}

function sameValue(a: Tensor, b: Tensor): boolean {
  if (!sameType(a, b)) return false;
  const [left, right] = [elementsOf(a), elementsOf(b)];
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return false;
  return true;
}

function sameType(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && a.dims.join() === b.dims.join();
}

function firstElement(a: Tensor, b: Tensor): FirstDifference['element'] {
  const [left, right] = [elementsOf(a), elementsOf(b)];
  let at = 0;
  while (Object.is(left[at], right[at])) at++;
  return { index: indexOf(at, a.dims), before: left[at]!, after: right[at]! };
}

function indexOf(element: number, dims: readonly number[]): readonly number[] {
  let rest = element;
  return dims
    .toReversed()
    .map((dim) => {
      const index = rest % dim;
      rest = Math.floor(rest / dim);
      return index;
    })
    .reverse();
}

function makerOf(model: Model, value: string): string {
  const node = viewOf(model).producer(value)!;
  return node.name ? `${node.opType} "${node.name}"` : node.opType;
}
