import type { Model, Tensor } from '../ir/index.ts';
import { execute, type Inputs, refusals } from '../runtime/index.ts';
import { ModelError } from '../support/errors.ts';

/** What a float value has been seen to hold. */
export interface Observation {
  /** Smallest and largest element of all samples; elements that are no numbers do not count. */
  readonly min: number;
  readonly max: number;
  /** Mean of each position of axis 1 over everything else; one mean for values of rank 0 and 1. */
  readonly means: readonly number[];
}

export interface ObserveOptions {
  /** Told before each sample. */
  readonly onSample?: (sample: number, samples: number) => void;
  /** Told of each node that cannot be run. */
  readonly onRefused?: (error: ModelError) => void;
  /** Told of a sample that does not run to its end; what it showed until then counts. Unless given, the error is thrown. */
  readonly onFailure?: (error: ModelError) => void;
}

/**
 * Runs a model on samples and looks at some of its float32 values on the way, graph inputs included. Values the main
 * graph does not compute, or of another type, are not among the observations; nor are those behind operators that this
 * library cannot run (`refusals`). What no wanted value depends on is not run.
 *
 * @throws ModelError as `execute`
 */
export function observe(
  model: Model,
  samples: readonly Inputs[],
  values: ReadonlySet<string>,
  { onSample, onRefused, onFailure }: ObserveOptions = {},
): ReadonlyMap<string, Observation> {
  const observers = new Map<string, Observer>();
  const see = (name: string, value: unknown) => {
    const tensor = value as Tensor;
    if (!values.has(name) || tensor.dtype !== 'float32') return;
    const observer = observers.get(name) ?? new Observer();
    observers.set(name, observer);
    observer.see(tensor as Tensor<'float32'>);
  };
  const { nodes: refused, runnable } = refusals(model);
  if (onRefused !== undefined) for (const error of refused.values()) onRefused(error);
  const outputs = runnable.graph.nodes.flatMap((node) => node.outputs.filter((output) => values.has(output)));
  samples.forEach((sample, i) => {
    onSample?.(i, samples.length);
    for (const [name, value] of sample) see(name, value);
    if (outputs.length === 0) return;
    try {
      execute(runnable, sample, { outputs, onValue: see });
    } catch (error) {
      if (onFailure === undefined || !(error instanceof ModelError)) throw error;
      onFailure(error);
    }
  });
  return new Map([...observers].map(([name, observer]) => [name, observer.result()]));
}

/** Gathers what is told of one value, sample by sample. */
class Observer {
  #min = Infinity;
  #max = -Infinity;
  #sums: Float64Array = new Float64Array(0);
  /** Elements seen of each channel. */
  #count = 0;

  see(tensor: Tensor<'float32'>): void {
    const elements = tensor.toTypedArray();
    const channels = tensor.dims.length > 1 ? tensor.dims[1]! : 1;
    const inner = tensor.dims.slice(2).reduce((product, length) => product * length, 1);
    if (this.#sums.length !== channels) this.#sums = new Float64Array(channels);
    for (let start = 0, channel = 0; start < elements.length; start += inner) {
      this.#sums[channel]! += this.#sum(elements, start, start + inner);
      channel = channel + 1 === channels ? 0 : channel + 1;
    }
    this.#count += elements.length / (channels || 1);
  }

  result(): Observation {
    const means = Array.from(this.#sums, (sum) => (this.#count === 0 ? 0 : sum / this.#count));
    return { min: this.#min, max: this.#max, means };
  }

  #sum(elements: Float32Array, start: number, end: number): number {
    let sum = 0;
    for (let i = start; i < end; i++) {
      const x = elements[i]!;
      if (x < this.#min) this.#min = x;
      if (x > this.#max) this.#max = x;
      sum += x;
    }
    return sum;
  }
}
