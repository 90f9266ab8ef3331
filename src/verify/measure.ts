import { type Tensor, valuesOf } from '../ir/index.ts';
import type { FloatDistance } from './float-distance.ts';
import type { Tolerance } from './tolerance.ts';

/** How far two outputs are apart, over all samples compared. */
export interface Difference {
  /** Whether every element is equal bit for bit; any NaN equals any NaN, 0 and −0 differ. */
  readonly identical: boolean;
  /** Elements compared. */
  readonly elements: number;
  /** Elements that differ. */
  readonly different: number;
  /** Largest absolute difference of one element; Infinity where only one of the two is finite. */
  readonly maxDifference: number;
  /** `maxDifference` as a share of the largest magnitude before; 0 when nothing differs. */
  readonly relative: number;
  /** `maxDifference` in quanta of the output's quantizer; absent for outputs without one. */
  readonly quanta?: number;
  /** Signal-to-quantization-noise ratio in decibels; Infinity when nothing differs. */
  readonly sqnr: number;
  /** Cosine similarity of all elements; 1 when both are zero everywhere. */
  readonly cosine: number;
  /** Means of the finite elements. */
  readonly mean: { readonly before: number; readonly after: number };
  /** How far both are from the network without rounding; absent where it was not asked for or cannot be told. */
  readonly toFloat?: FloatDistance;
  /** Sample with the largest difference; absent when nothing differs. */
  readonly worstSample?: number;
}

type Elements = ArrayLike<number | bigint | string>;

/** Adds up differences, sample by sample. Sums are kept in double precision. */
export class Measure {
  #elements = 0;
  #different = 0;
  #finite = 0;
  #max = 0;
  #largest = 0;
  #worst: number | undefined;
  #noise = 0;
  #signal = 0;
  #power = 0;
  #dot = 0;
  #sumBefore = 0;
  #sumAfter = 0;

  /** Elements that differ so far. */
  get different(): number {
    return this.#different;
  }

  /** Compares two lists of equal length; strings and 64-bit integers are compared exactly, measured as numbers. */
  add(before: Elements, after: Elements, sample: number): void {
    for (let i = 0; i < before.length; i++) {
      const [a, b] = [before[i]!, after[i]!];
      this.#elements += 1;
      const same = Object.is(a, b);
      if (!same) this.#different += 1;
      if (typeof a === 'string' || typeof b === 'string')
        this.#addDifference(same ? 0 : Infinity, same, sample);
      else this.#addNumbers(Number(a), Number(b), same, sample);
    }
  }

  result(quantum?: number): Difference {
    const count = Math.max(this.#finite, 1);
    return {
      identical: this.#different === 0,
      elements: this.#elements,
      different: this.#different,
      maxDifference: this.#max,
      relative: this.#max === 0 ? 0 : this.#max / this.#largest,
      ...(quantum === undefined ? {} : { quanta: this.#max / quantum }),
      sqnr: this.#noise === 0 ? Infinity : 10 * Math.log10(this.#signal / this.#noise),
      cosine: this.#cosine(),
      mean: { before: this.#sumBefore / count, after: this.#sumAfter / count },
      ...(this.#worst === undefined ? {} : { worstSample: this.#worst }),
    };
  }

  #addNumbers(a: number, b: number, same: boolean, sample: number): void {
    if (!Number.isFinite(a) || !Number.isFinite(b)) {
      this.#addDifference(same ? 0 : Infinity, same, sample);
      return;
    }
    this.#finite += 1;
    this.#largest = Math.max(this.#largest, Math.abs(a));
    this.#signal += a * a;
    this.#power += b * b;
    this.#dot += a * b;
    this.#sumBefore += a;
    this.#sumAfter += b;
    this.#addDifference(Math.abs(a - b), same, sample);
  }

  #addDifference(difference: number, same: boolean, sample: number): void {
    if (same) return;
    this.#noise += difference * difference;
    if (difference <= this.#max && this.#worst !== undefined) return;
    this.#max = difference;
    this.#worst = sample;
  }

  #cosine(): number {
    if (this.#noise === 0) return 1;
    if (this.#noise === Infinity || this.#signal === 0 || this.#power === 0) return 0;
    return Math.min(1, this.#dot / Math.sqrt(this.#signal) / Math.sqrt(this.#power));
  }
}

/** Elements of a tensor of any type, to compare. */
export function elementsOf(tensor: Tensor): Elements {
  return tensor.dtype === 'string' ? tensor.toStrings() : valuesOf(tensor);
}

/** Compares two tensors of the same element type and shape. */
export function differenceOf(before: Tensor, after: Tensor): Difference {
  const measure = new Measure();
  measure.add(elementsOf(before), elementsOf(after), 0);
  return measure.result();
}

/** Whether a difference keeps within a tolerance: all limits that are given hold. */
export function isWithin(difference: Difference, tolerance: Tolerance): boolean {
  const { maxDifference, relative, quanta, sqnr, cosine, floatLoss } = tolerance;
  if (difference.identical) return true;
  return (
    difference.maxDifference <= (maxDifference ?? Infinity) &&
    difference.relative <= (relative ?? Infinity) &&
    // A quantum is a float32 and so are the values: one part in a million is the arithmetic's, not the model's.
    (quanta === undefined || (difference.quanta ?? Infinity) <= quanta * (1 + 1e-6)) &&
    difference.sqnr >= (sqnr ?? -Infinity) &&
    difference.cosine >= (cosine ?? -Infinity) &&
    (floatLoss === undefined || (difference.toFloat?.loss ?? Infinity) <= floatLoss)
  );
}
