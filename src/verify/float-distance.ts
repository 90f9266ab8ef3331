import { pairsOf } from '../analysis/index.ts';
import { applyEdits, type Model, type Node, replaceNode } from '../ir/index.ts';

/** How far an output is from the same network without rounding, before and after. */
export interface FloatDistance {
  /** SQNR in decibels against the network without activation quantizers; the mean of all samples that could be told. */
  readonly before: number;
  readonly after: number;
  /** Decibels lost: the mean over all samples, those that did not change included. Negative where something was won. */
  readonly loss: number;
}

/**
 * The network without rounding: QuantizeLinear and DequantizeLinear around activations pass their value through. Weights
 * stay on their grids. `undefined` for a model that quantizes no activation.
 */
export function withoutActivationQuantizers(model: Model): Model | undefined {
  const inMain = new Set(model.graph.nodes);
  const edits = pairsOf(model).flatMap(({ quantize, dequantize, kind }) => {
    if (quantize === undefined || kind === 'weight' || !inMain.has(quantize)) return [];
    return dequantize.map((node) => replaceNode(node, passThrough(node, quantize.inputs[0]!)));
  });
  return edits.length === 0 ? undefined : applyEdits(model, edits).model;
}

function passThrough(node: Node, value: string): Node {
  return { ...node, opType: 'Identity', domain: undefined, inputs: [value], attributes: [] };
}

type Elements = ArrayLike<number | bigint | string>;

/** Adds up distances to the network without rounding, sample by sample. */
export class FloatDistanceMeter {
  #told = 0;
  #samples = 0;
  #before = 0;
  #after = 0;
  #loss = 0;

  /** A sample on which the output did not change: it lost nothing. */
  addUnchanged(): void {
    this.#samples += 1;
  }

  /** A sample with what the network without rounding gives. */
  add(reference: Elements, before: Elements, after: Elements): void {
    let [signal, noiseBefore, noiseAfter] = [0, 0, 0];
    for (let i = 0; i < reference.length; i++) {
      const [r, b, a] = [Number(reference[i]), Number(before[i]), Number(after[i])];
      // Without saturation a value may overflow; then there is nothing to be close to.
      if (!Number.isFinite(r) || !Number.isFinite(b)) continue;
      signal += r * r;
      noiseBefore += (b - r) ** 2;
      noiseAfter += Number.isFinite(a) ? (a - r) ** 2 : Infinity;
    }
    this.#samples += 1;
    if (noiseBefore === 0 && noiseAfter === 0) return;
    if (noiseBefore === 0 || noiseAfter === Infinity) {
      this.#loss = Infinity;
      return;
    }
    this.#told += 1;
    this.#before += decibels(signal, noiseBefore);
    this.#after += decibels(signal, noiseAfter);
    // Without any noise left the gain is endless; it counts as much as there was to lose.
    const gain = Math.max(0, decibels(signal, noiseBefore));
    this.#loss += noiseAfter === 0 ? -gain : decibels(noiseAfter, noiseBefore);
  }

  /** `undefined` when no sample was told. */
  result(): FloatDistance | undefined {
    if (this.#told === 0 && this.#loss === 0) return undefined;
    const count = Math.max(this.#told, 1);
    return { before: this.#before / count, after: this.#after / count, loss: this.#loss / this.#samples };
  }
}

function decibels(signal: number, noise: number): number {
  return 10 * Math.log10(signal / noise);
}
