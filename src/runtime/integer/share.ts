import { productOf } from '../array.ts';
import { currentThreads, type ThreadPool } from '../threads/pool.ts';
import { convolveDepthwise, type DepthwiseConvolution } from './depthwise.ts';
import { convolveDirectly, type DirectConvolution } from './direct.ts';
import { type MatrixProduct, multiplyMatrix } from './matrix.ts';
import { convolveSquares, type SquareConvolution } from './winograd.ts';
import type { Share } from './work.ts';

/** Work that can be done in shares: data only, so that a thread can be sent it. */
export type Work = DirectConvolution | SquareConvolution | DepthwiseConvolution | MatrixProduct;

/** Computes a share of the sums of a piece of work. */
export function runShare(work: Work, share: Share): void {
  if (work.kind === 'direct') convolveDirectly(work, share);
  else if (work.kind === 'squares') convolveSquares(work, share);
  else if (work.kind === 'depthwise') convolveDepthwise(work, share);
  else multiplyMatrix(work, share);
}

/** Multiplications that one thread does in about a millisecond: less is not worth a message to another. */
const worthwhile = { direct: 8e6, squares: 15e6, depthwise: 2e6, matrix: 8e6 };

/** Computes all sums of a piece of work, on the threads of the run where that is worth it. */
export function runWork(work: Work, whole: Share): void {
  const pool = currentThreads();
  const worth = Math.floor(multiplications(work) / worthwhile[work.kind]) + 1;
  const count = pool === undefined ? 1 : Math.min(pool.available, worth);
  const shares = count === 1 ? [whole] : divide(whole, count, isWeighty(work));
  if (pool === undefined || shares.length === 1) runShare(work, whole);
  else runShared(pool, work, shares);
}

function runShared(pool: ThreadPool, work: Work, shares: readonly Share[]): void {
  const sums = pool.shareOutput(work.sums);
  const own = { ...work, sums };
  pool.run(withSharedMemory(pool, own), shares, (share) => runShare(own, share));
  if (sums !== work.sums) work.sums.set(sums);
}

/** The same work with all its large data where threads see it. */
function withSharedMemory(pool: ThreadPool, work: Work): Work {
  const shared = <P extends { readonly panels: Float64Array }>(packed: readonly P[]) =>
    packed.map((each) => ({ ...each, panels: pool.shareLasting(each.panels) }));
  if (work.kind === 'matrix')
    return { ...work, bytes: pool.shareInput(work.bytes), packed: shared(work.packed) };
  const images = { ...work.images, bytes: pool.shareInput(work.images.bytes) };
  if (work.kind === 'direct') return { ...work, images, packed: shared(work.packed) };
  if (work.kind === 'squares') return { ...work, images, transformed: shared(work.transformed) };
  return { ...work, images };
}

function multiplications(work: Work): number {
  if (work.kind === 'matrix') return work.sums.length * work.packed[0]!.depth;
  const { window, channels, group, sums } = work;
  return sums.length * (channels / group) * productOf(window.kernel);
}

/** Whether the prepared weights take more memory than the data: each thread should have some of its own. */
function isWeighty(work: Work): boolean {
  if (work.kind === 'depthwise') return false;
  const panels = work.kind === 'squares' ? work.transformed : work.packed;
  const weights = panels.reduce((sum, { panels }) => sum + panels.byteLength, 0);
  const bytes = work.kind === 'matrix' ? work.bytes : work.images.bytes;
  return weights > bytes.length + work.sums.byteLength;
}

/** Cuts the whole into `count` equal shares, or fewer, along the rows, at even ones, or along the filters, at multiples of four. */
function divide(whole: Share, count: number, alongFilters: boolean): Share[] {
  const { top, bottom, first, last } = whole;
  const cuts = (from: number, to: number, step: number) => {
    const each = step * Math.ceil((to - from) / count / step);
    const parts = Math.ceil((to - from) / each);
    return Array.from(
      { length: parts },
      (_, i) => [from + i * each, Math.min(from + (i + 1) * each, to)] as const,
    );
  };
  if (alongFilters || bottom - top < 2 * count)
    return cuts(first, last, 4).map(([first, last]) => ({ ...whole, first, last }));
  return cuts(top, bottom, 2).map(([top, bottom]) => ({ ...whole, top, bottom }));
}
