import { type DataType, findDataType, type Model, type Tensor } from '../ir/index.ts';
import { FloatDistanceMeter } from './float-distance.ts';
import { elementsOf, isWithin, Measure } from './measure.ts';
import { dequantize, type Grid, gridOfOutput, quantumOf, sameSteps } from './quantizers.ts';
import type { OutputReport } from './report.ts';
import type { Tolerance } from './tolerance.ts';

/** A change at an output that can be told before, or while, the models run. */
export interface OutputChange {
  readonly code:
    | 'output-renamed'
    | 'output-missing'
    | 'output-added'
    | 'output-moved'
    | 'output-type-changed'
    | 'output-shape-changed'
    | 'output-scale-changed';
  readonly at: string;
  readonly message: string;
}

/** One output of the model before with its counterpart, measured over all samples. */
export class OutputComparison {
  readonly name: string;
  readonly nameAfter: string | undefined;
  readonly #grids: { readonly before: Grid | undefined; readonly after: Grid | undefined };
  readonly #measure = new Measure();
  readonly #distance = new FloatDistanceMeter();
  readonly #changes = new Map<string, OutputChange>();
  #compared = false;
  #broken = false;
  #dtype: { before?: DataType; after?: DataType } = {};
  #note: string | undefined;

  constructor(before: Model, after: Model, name: string, nameAfter: string | undefined) {
    this.name = name;
    this.nameAfter = nameAfter;
    this.#grids = {
      before: gridOfOutput(before, name),
      after: nameAfter === undefined ? undefined : gridOfOutput(after, nameAfter),
    };
  }

  get changes(): readonly OutputChange[] {
    return [...this.#changes.values()];
  }

  /** Compares one sample's values. Answers whether they are the same, bit for bit. */
  add(before: Tensor, after: Tensor, sample: number): boolean {
    this.#dtype = { before: before.dtype, after: after.dtype };
    if (before.dims.join() !== after.dims.join()) {
      this.#broken = true;
      this.#change('output-shape-changed', `was [${before.dims}] and is [${after.dims}]`);
      return false;
    }
    const pair = this.#comparable(before, after);
    if (pair === undefined) {
      this.#broken = true;
      return false;
    }
    this.#compared = true;
    const known = this.#measure.different;
    this.#measure.add(elementsOf(pair[0]), elementsOf(pair[1]), sample);
    return this.#measure.different === known;
  }

  /** Tells the distance of one sample to what the network without rounding gives; without it, the sample did not change. */
  addReference(reference?: Tensor, before?: Tensor, after?: Tensor): void {
    if (reference === undefined || before === undefined || after === undefined) {
      this.#distance.addUnchanged();
      return;
    }
    const pair = before.dims.join() === after.dims.join() ? this.#comparable(before, after) : undefined;
    const truth = this.#comparable(reference, after);
    if (pair === undefined || truth === undefined || reference.size !== before.size) return;
    this.#distance.add(elementsOf(truth[0]), elementsOf(pair[0]), elementsOf(pair[1]));
  }

  report(alternatives: readonly Tolerance[]): OutputReport {
    const common = {
      name: this.name,
      ...(this.nameAfter === undefined || this.nameAfter === this.name ? {} : { nameAfter: this.nameAfter }),
      dtype: this.#dtype,
      ...(this.#note === undefined ? {} : { note: this.#note }),
    };
    if (this.#broken || !this.#compared) return { ...common, identical: false, within: false };
    const grid = this.#grids.before ?? this.#grids.after;
    const quantum = grid && quantumOf(grid);
    const toFloat = this.#distance.result();
    const difference = { ...this.#measure.result(quantum), ...(toFloat === undefined ? {} : { toFloat }) };
    const within = difference.identical || alternatives.some((tolerance) => isWithin(difference, tolerance));
    return { ...common, ...difference, within, ...(quantum === undefined ? {} : { quantum }) };
  }

  /** The two values on one footing: integers on known grids as the numbers they stand for. */
  #comparable(before: Tensor, after: Tensor): readonly [Tensor, Tensor] | undefined {
    const { before: old, after: now } = this.#grids;
    const oldGrid = isInteger(before.dtype) ? old : undefined;
    const newGrid = isInteger(after.dtype) ? now : undefined;
    const changed = before.dtype !== after.dtype;
    if (changed) this.#change('output-type-changed', `was ${before.dtype} and is ${after.dtype}`);
    if (!changed && oldGrid !== undefined && newGrid !== undefined && !sameGrid(oldGrid, newGrid)) {
      this.#change('output-scale-changed', `had ${describeGrid(oldGrid)} and has ${describeGrid(newGrid)}`);
    }
    const notes = [
      changed && oldGrid && `before dequantized with ${describeGrid(oldGrid)}`,
      changed && newGrid && `after dequantized with ${describeGrid(newGrid)}`,
    ].filter(Boolean);
    if (notes.length > 0) this.#note = notes.join(', ');
    const bothOrOne = changed || (oldGrid !== undefined && newGrid !== undefined);
    const left = oldGrid && bothOrOne ? dequantize(before, oldGrid) : before;
    const right = newGrid && bothOrOne ? dequantize(after, newGrid) : after;
    if (left.dtype === right.dtype || (isFloat(left.dtype) && isFloat(right.dtype))) return [left, right];
    this.#note = 'no quantizer tells how to compare the two types';
    return undefined;
  }

  #change(code: OutputChange['code'], what: string): void {
    this.#changes.set(code, { code, at: this.name, message: `Output "${this.name}" ${what}.` });
  }
}

/** Joins the outputs of two models: by name, else by position. */
export function linkOutputs(
  before: Model,
  after: Model,
): { readonly outputs: readonly OutputComparison[]; readonly changes: readonly OutputChange[] } {
  const old = [...new Set(before.graph.outputs.map(({ name }) => name))];
  const now = [...new Set(after.graph.outputs.map(({ name }) => name))];
  const changes: OutputChange[] = [];
  const outputs = old.map((name, position) => {
    const other = now[position];
    const counterpart = now.includes(name)
      ? name
      : other !== undefined && !old.includes(other)
        ? other
        : undefined;
    if (counterpart === undefined) {
      changes.push({ code: 'output-missing', at: name, message: `Output "${name}" is gone.` });
    } else if (counterpart !== name) {
      const message = `Output "${name}" is now called "${counterpart}".`;
      changes.push({ code: 'output-renamed', at: name, message });
    } else if (now.indexOf(name) !== position) {
      const message = `Output "${name}" was number ${position} and is number ${now.indexOf(name)}.`;
      changes.push({ code: 'output-moved', at: name, message });
    }
    return new OutputComparison(before, after, name, counterpart);
  });
  const linked = new Set(outputs.map((output) => output.nameAfter));
  for (const name of now) {
    if (!linked.has(name))
      changes.push({ code: 'output-added', at: name, message: `Output "${name}" is new.` });
  }
  return { outputs, changes };
}

function describeGrid({ scales, zeroPoints, dtype }: Grid): string {
  if (scales.length > 1) return `${scales.length} scales`;
  return `scale ${scales[0]}, zero point ${zeroPoints[0] ?? 0} (${dtype})`;
}

function sameGrid(a: Grid, b: Grid): boolean {
  return sameSteps(a, b) && a.zeroPoints.every((zero, i) => zero === b.zeroPoints[i]);
}

function isInteger(dtype: DataType): boolean {
  const kind = findDataType(dtype)?.kind;
  return kind === 'signed' || kind === 'unsigned';
}

function isFloat(dtype: DataType): boolean {
  return findDataType(dtype)?.kind === 'float';
}
