import { pairsOf, scaleValues } from '../../analysis/index.ts';
import { type Observation, observe } from '../../calibration/index.ts';
import { type Model, type Tensor, tensor, type ValueInfo, viewOf } from '../../ir/index.ts';
import type { Inputs } from '../../runtime/index.ts';
import type { ModelError } from '../../support/errors.ts';
import { createRandom } from '../../support/random.ts';
import { generateSamples } from '../../verify/index.ts';

export interface CalibrationOptions {
  /** Recorded inputs; generated ones stand in where there are none. */
  readonly inputs?: readonly Inputs[] | undefined;
  /** How many inputs are generated; 4. */
  readonly samples?: number | undefined;
  /** Seed of generated inputs; 1. */
  readonly seed?: number | undefined;
  /** Lengths of symbolic input dimensions by their name; 1 for the others. */
  readonly dims?: ReadonlyMap<string, number> | undefined;
  /** Told what is being run. */
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Inputs, and of what kind they are. */
interface Made {
  readonly kind: string;
  readonly inputs: readonly Inputs[];
}

/** Runs models on calibration inputs: recorded ones, or generated ones that fit the scales the model was trained to. */
export class Calibration {
  /** Whether somebody gave the inputs. */
  readonly isRecorded: boolean;
  readonly #options: CalibrationOptions;
  readonly #known = new WeakMap<readonly ValueInfo[], Made>();
  #last: Made | undefined;
  #refused = '';

  constructor(options: CalibrationOptions = {}) {
    this.#options = options;
    this.isRecorded = options.inputs !== undefined && options.inputs.length > 0;
  }

  /** Where the numbers come from, for people. */
  get source(): string {
    const { kind, inputs } = this.#last ?? { kind: 'none yet', inputs: [] };
    const count = inputs.length;
    if (this.isRecorded) return `${count} recorded input${count === 1 ? '' : 's'}`;
    return `${count} generated inputs (${kind}); recorded ones would tell better`;
  }

  /** Why a value has not been seen, for people. */
  get unseen(): string {
    return this.#refused === ''
      ? 'calibration has not seen it.'
      : `calibration cannot run it: ${this.#refused}`;
  }

  /**
   * What values of the main graph hold on the calibration inputs, but for those that nobody can compute here, or not on
   * inputs that were made up.
   *
   * @throws ModelError as `execute`, on recorded inputs
   */
  observe(model: Model, values: ReadonlySet<string>): ReadonlyMap<string, Observation> {
    this.#refused = '';
    const inputs = this.#inputsFor(model);
    return observe(model, inputs, values, {
      onSample: (i, count) => this.#options.onProgress?.(`calibrating: input ${i + 1}/${count}`),
      onRefused: (error) => this.#refuse(error),
      ...(this.isRecorded ? {} : { onFailure: (error) => this.#refuse(error) }),
    });
  }

  #refuse({ at, message }: ModelError): void {
    this.#refused ||= `${at}: ${message}`;
  }

  /** Inputs are made once for each model and what becomes of it: rewriting keeps the list of graph inputs. */
  #inputsFor({ graph, ...rest }: Model): readonly Inputs[] {
    const known = this.#known.get(graph.inputs);
    const { kind, inputs } = known ?? this.#make({ ...rest, graph });
    this.#known.set(graph.inputs, { kind, inputs });
    this.#last = { kind, inputs };
    return inputs;
  }

  #make(model: Model): Made {
    if (this.isRecorded) return { kind: 'recorded', inputs: this.#options.inputs! };
    return this.#generate(model);
  }

  #generate(model: Model): Made {
    const { samples = 4 } = this.#options;
    const trained = trainedRanges(model);
    const makers = inputKinds.map((kind) => ({
      kind,
      make: (count: number) => this.#draw(model, kind, count, trained),
    }));
    if (trained.size === 0) return { kind: inputKinds[0]!.name, inputs: makers[0]!.make(samples) };
    const tried = makers.map(({ kind, make }) => {
      this.#options.onProgress?.(`calibrating: trying inputs that are ${kind.name}`);
      return { kind, make, misfit: misfitOf(model, make(1), trained) };
    });
    const best = tried.reduce((a, b) => (b.misfit < a.misfit ? b : a));
    return { kind: best.kind.name, inputs: best.make(samples) };
  }

  #draw(
    model: Model,
    kind: InputKind,
    count: number,
    trained: ReadonlyMap<string, number>,
  ): readonly Inputs[] {
    const { seed = 1, dims = new Map<string, number>() } = this.#options;
    const { samples } = generateSamples(model, { samples: count, seed, kinds: [kind.base], dims });
    return samples.map(({ inputs }, sample) => {
      const changed = [...inputs].map(([name, value], position): [string, Tensor] => {
        if (value.dtype !== 'float32' || value.dims.length < 3) return [name, value];
        const random = createRandom(seed + 2 ** 32 * (sample * 4096 + position + 1));
        const floats = value as Tensor<'float32'>;
        return [name, kind.change(floats, topOf(floats, trained), () => random.normal())];
      });
      return new Map(changed);
    });
  }
}

/** The largest number of each value that is quantized: what training or measuring found. */
function trainedRanges(model: Model): ReadonlyMap<string, number> {
  const view = viewOf(model);
  const ranges = new Map<string, number>();
  for (const pair of pairsOf(model)) {
    const [scale, ...others] = scaleValues(pair) ?? [];
    if (view.producer(pair.quantize?.outputs[0] ?? '') !== pair.quantize || pair.kind !== 'activation')
      continue;
    if (scale === undefined || others.length > 0) continue;
    if (pair.dtype !== 'int8' || !(scale > 0)) continue;
    ranges.set(pair.tensor, Math.max(127 * scale, ranges.get(pair.tensor) ?? 0));
  }
  return ranges;
}

/** How far ranges on some inputs are from the trained ones: the mean distance in octaves. */
function misfitOf(model: Model, inputs: readonly Inputs[], trained: ReadonlyMap<string, number>): number {
  const seen = observe(model, inputs, new Set(trained.keys()), { onFailure: () => undefined });
  const distances = [...trained].flatMap(([value, range]) => {
    const observed = seen.get(value);
    if (observed === undefined) return [];
    const largest = Math.max(-observed.min, observed.max);
    return [Math.min(8, Math.abs(Math.log2(largest / range)) || 8)];
  });
  return distances.reduce((sum, distance) => sum + distance, 0) / (distances.length || 1);
}

/** A way to make up inputs that are images or signals. */
interface InputKind {
  readonly name: string;
  readonly base: 'smooth' | 'random';
  /** Changes a value that stays within ±top, given normally distributed numbers. */
  readonly change: (value: Tensor<'float32'>, top: number, normal: () => number) => Tensor;
}

/** Pictures by their brightness: around zero or above it; and by what changes: slow waves, or grain a few pixels wide. */
const inputKinds: readonly InputKind[] = [
  { name: 'slow waves around zero', base: 'smooth', change: (value) => value },
  { name: 'slow waves above zero', base: 'smooth', change: (value, top) => raised(value, top) },
  {
    name: 'grain around zero',
    base: 'smooth',
    change: (value, top, normal) => grain(value, 0, 0.25 * top, normal),
  },
  {
    name: 'grain above zero',
    base: 'smooth',
    change: (value, top, normal) => grain(value, 0.6 * top, 0.13 * top, normal),
  },
  { name: 'white noise', base: 'random', change: (value) => value },
];

function raised(value: Tensor<'float32'>, top: number): Tensor {
  return tensor(
    'float32',
    value.dims,
    value.toTypedArray().map((x) => (x + top) / 2),
    value.name,
  );
}

/** How far grain reaches, in pixels, and how much of its energy it shares with its neighbours. */
const reach = 2;
const shared = 0.3;

/** Noise with a mean and a deviation in which neighbours along the last two axes are somewhat alike. */
function grain(value: Tensor<'float32'>, mean: number, deviation: number, normal: () => number): Tensor {
  const [height, width] = [value.dims.at(-2)!, value.dims.at(-1)!];
  const noise = Float32Array.from({ length: value.size }, normal);
  const around = sums(sums(noise, width, 1), height, width);
  const own = Math.sqrt(1 - shared) * deviation;
  const common = (Math.sqrt(shared) * deviation) / (2 * reach + 1);
  return tensor(
    'float32',
    value.dims,
    noise.map((x, i) => mean + own * x + common * around[i]!),
    value.name,
  );
}

/** Each element with those within reach of it along an axis of some length, whose steps are `stride` elements wide. */
function sums(values: Float32Array, length: number, stride: number): Float32Array {
  return values.map((_, i) => {
    const position = Math.floor(i / stride) % length;
    let sum = 0;
    for (let step = -reach; step <= reach; step++)
      if (position + step >= 0 && position + step < length) sum += values[i + step * stride]!;
    return sum;
  });
}

/** The largest number an input's quantizer keeps; where there is none, the largest of a sample. */
function topOf(value: Tensor<'float32'>, trained: ReadonlyMap<string, number>): number {
  const largest = () => value.toTypedArray().reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  return trained.get(value.name ?? '') ?? largest();
}
