import type { DataType } from '../ir/index.ts';
import { allocate, makeArray, type NdArray, type Numbers } from './array.ts';
import { type Epilogue, epilogueFinisher } from './epilogue.ts';
import { bandRoom, bandSums } from './integer/band-sums.ts';
import { type Requantization, requantizer } from './requantize.ts';
import { type Scaling, scaler } from './scale-sums.ts';

/** What an operator does with its int32 sums before they leave it. Data that a thread can be sent. */
export type Finish = Requantization | Epilogue | Scaling;

/** Turns int32 sums, which it reads from `bandSums`, into the elements of its target. */
export interface Finisher {
  /** Elements from `to` on, of one channel. */
  run(from: number, to: number, count: number, channel: number): void;
  /** Elements from `to` on, `size` of each of `count` channels from `channel` on. */
  planes(from: number, to: number, size: number, channel: number, count: number): void;
  /** Elements from `to` on, one of each channel from `channel` on; `row` counts such rows of the whole. */
  row(from: number, to: number, count: number, channel: number, row: number): void;
}

/** The element type of what leaves. */
export function finishedType(finish: Finish): DataType {
  if (finish.kind === 'scaling') return 'float32';
  if (finish.kind === 'requantization') return finish.dtype;
  return finish.scale === undefined ? 'float32' : 'int8';
}

export function finisherOf(finish: Finish, target: Numbers): Finisher {
  if (finish.kind === 'requantization') return requantizer(finish, target);
  return finish.kind === 'scaling' ? scaler(finish, target) : epilogueFinisher(finish, target);
}

/**
 * Finishes sums that lie in memory as a whole.
 *
 * @param inner elements of one channel in a row; then those of the next one follow, and the first after the last
 */
export function finishSums(
  sums: Int32Array,
  dims: readonly number[],
  finish: Finish,
  inner: number,
): NdArray {
  const dtype = finishedType(finish);
  const target = allocate(dtype, dims, 'overwritten') as Numbers;
  const finisher = finisherOf(finish, target);
  const { channels } = finish;
  const length = inner === 1 ? channels : inner;
  for (let start = 0, index = 0; start < sums.length; start += length, index++) {
    for (let from = 0; from < length; from += bandRoom) {
      const count = Math.min(bandRoom, length - from);
      bandSums.set(sums.subarray(start + from, start + from + count));
      if (inner === 1) finisher.row(0, start + from, count, from, index);
      else finisher.run(0, start + from, count, index % channels);
    }
  }
  return makeArray(dtype, dims, target);
}
