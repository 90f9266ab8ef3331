import { ModelError } from '../support/errors.ts';
import { fromTensor, type NdArray, sizeOf } from './array.ts';
import type { RunMemory } from './memory.ts';
import type { Capture, GraphPlan } from './plan.ts';
import { densify } from './sparse.ts';
import { SequenceValue } from './values.ts';

/**
 * The values of one graph while it runs, each in its slot. Made once, a frame serves every run of the graph;
 * initializers stay in it, and what was computed from them alone.
 */
export class Frame {
  readonly #memory: RunMemory;
  readonly #outer: Frame | undefined;
  readonly #captures: readonly Capture[];
  /** Slots of the inputs. */
  readonly #inputs: readonly number[];
  readonly #values: (NdArray | undefined)[];
  readonly #lasting: (NdArray | undefined)[];

  constructor(plan: GraphPlan, memory: RunMemory, outer?: Frame) {
    const { graph, slots, initializers, sparseInitializers } = plan;
    this.#memory = memory;
    this.#outer = outer;
    this.#captures = plan.captures;
    this.#inputs = graph.inputs.map(({ name }) => slots.get(name)!);
    this.#values = new Array<NdArray | undefined>(slots.size).fill(undefined);
    this.#lasting = new Array<NdArray | undefined>(slots.size).fill(undefined);
    for (const tensor of initializers) this.keep(slots.get(tensor.name ?? '')!, fromTensor(tensor));
    for (const sparse of sparseInitializers)
      this.keep(slots.get(sparse.values?.name ?? '')!, densify(sparse));
  }

  find(slot: number): NdArray | undefined {
    return this.#values[slot] ?? this.#lasting[slot];
  }

  /** @throws ModelError `unknown-value` */
  get(slot: number, at?: string): NdArray {
    const value = this.#values[slot] ?? this.#lasting[slot];
    if (value !== undefined) return value;
    throw new ModelError('unknown-value', 'A value that is read here was not computed.', { at });
  }

  /** Takes inputs by position, and what it captures; an initializer stands in where there is none. */
  bind(inputs: readonly (NdArray | undefined)[]): void {
    if (this.#outer !== undefined) this.#capture(this.#outer);
    for (let i = 0; i < this.#inputs.length; i++) {
      const value = inputs[i];
      if (value !== undefined) this.make(this.#inputs[i]!, value);
    }
  }

  /** Takes the values it reads from the frame of the graph around. */
  #capture(outer: Frame): void {
    for (const { outer: from, slot } of this.#captures) {
      const value = outer.find(from);
      if (value !== undefined) this.make(slot, value);
    }
  }

  /** A value comes to life. */
  make(slot: number, value: NdArray): void {
    this.#values[slot] = value;
    if (value instanceof SequenceValue)
      for (const item of value.items) this.#memory.hold(item.data, byteLengthOf(item));
    else this.#memory.hold(value.data, byteLengthOf(value));
  }

  /** Nobody reads a value any more. */
  release(slot: number): void {
    const value = this.#values[slot];
    if (value === undefined) return;
    this.#values[slot] = undefined;
    if (value instanceof SequenceValue) for (const { data } of value.items) this.#memory.drop(data);
    else this.#memory.drop(value.data);
  }

  releaseAll(): void {
    for (let slot = 0; slot < this.#values.length; slot++) this.release(slot);
  }

  /** Forgets the values of a run, whose memory is given back as a whole. */
  clear(): void {
    this.#values.fill(undefined);
  }

  /** Keeps a value for all runs. */
  keep(slot: number, value: NdArray): void {
    this.#memory.keep(value.data);
    this.#lasting[slot] = value;
  }

  /** Stops keeping a value. */
  forget(slot: number): void {
    const value = this.#lasting[slot];
    if (value !== undefined) this.#memory.forget(value.data);
    this.#lasting[slot] = undefined;
  }
}

/** Bytes of the elements of an array; strings count as 16 each. */
export function byteLengthOf({ data, dims }: NdArray): number {
  return ArrayBuffer.isView(data) ? data.byteLength : sizeOf({ data, dims } as NdArray) * 16;
}
