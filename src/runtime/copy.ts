import type { ArrayData, Cells } from './array.ts';

/** Elements from which on a copy is left to the engine; for fewer the call costs more than a loop. */
const longRun = 24;

/** Moves `count` neighbouring elements. */
export function copyRun(source: Cells, from: number, target: Cells, to: number, count: number): void {
  if (count >= longRun && ArrayBuffer.isView(source))
    (target as unknown as Uint8Array).set((source as unknown as Uint8Array).subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}

/** A copy of elements that are `step` apart in the source. */
export type StepCopier = (from: number, step: number, to: number, count: number) => void;

/**
 * Copies elements between two arrays of one type with a step.
 *
 * Loops over arrays of many types are slow in V8; elements of one, two or four bytes are moved as integers of that size, by
 * loops that see no others.
 */
export function stepCopier(source: Cells, target: Cells): StepCopier {
  const [from, to] = [source, target] as unknown as [ArrayData, ArrayData];
  if (ArrayBuffer.isView(from) && ArrayBuffer.isView(to)) {
    switch (from.BYTES_PER_ELEMENT) {
      case 1:
        return copyBytes(view(Uint8Array, from), view(Uint8Array, to));
      case 2:
        return copyHalves(view(Uint16Array, from), view(Uint16Array, to));
      case 4:
        return copyWords(view(Uint32Array, from), view(Uint32Array, to));
    }
  }
  return (p, step, q, count) => {
    for (let i = 0; i < count; i++, p += step) target[q + i] = source[p]!;
  };
}

function view<T>(
  type: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T,
  { buffer, byteOffset, length }: { buffer: ArrayBufferLike; byteOffset: number; length: number },
): T {
  return new type(buffer, byteOffset, length);
}

function copyBytes(source: Uint8Array, target: Uint8Array): StepCopier {
  return (from, step, to, count) => {
    for (let i = 0; i < count; i = (i + 1) | 0, from += step) target[to + i] = source[from]!;
  };
}

function copyHalves(source: Uint16Array, target: Uint16Array): StepCopier {
  return (from, step, to, count) => {
    for (let i = 0; i < count; i = (i + 1) | 0, from += step) target[to + i] = source[from]!;
  };
}

function copyWords(source: Uint32Array, target: Uint32Array): StepCopier {
  return (from, step, to, count) => {
    for (let i = 0; i < count; i = (i + 1) | 0, from += step) target[to + i] = source[from]!;
  };
}
