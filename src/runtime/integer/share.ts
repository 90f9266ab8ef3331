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

/** Multiplications that one thread does in about a millisecond: with less to do for each it is not worth a message. */
const worthwhile = { direct: 8e6, squares: 15e6, depthwise: 2e6, matrix: 8e6 };

/**
 * Computes all sums of a piece of work, on the threads of the run where that is worth it.
 *
 * @param lasting whether the weights are constants; threads keep those, and others are not worth sending
 */
export function runWork(work: Work, whole: Share, lasting: boolean): void {
  const pool = lasting ? currentThreads() : undefined;
  const worth = multiplications(work) / worthwhile[work.kind];
  const count = pool === undefined ? 1 : Math.max(1, Math.min(pool.available, Math.floor(worth)));
  const shares = count === 1 ? [whole] : divide(whole, count, (delay * count) / worth, isWeighty(work));
  if (pool === undefined || shares.length === 1) runShare(work, whole);
  else runShared(pool, work, shares);
}

function runShared(pool: ThreadPool, work: Work, shares: readonly Share[]): void {
  const sums = pool.shareOutput(work.sums);
  const own: Work = { ...work, sums };
  const lasting = panelsOf(work).map((panels) => pool.keep(panels));
  const sent = withPanels(
    withInput(own, (bytes) => pool.shareInput(bytes)),
    () => none,
  );
  pool.run({ work: sent, lasting, shares }, (share) => runShare(own, share));
  if (sums !== work.sums) work.sums.set(sums);
}

const none = new Float64Array(0);

/** The work that a thread was sent, with the prepared weights that it keeps. */
export function withPanels(work: Work, panels: (index: number) => Float64Array): Work {
  const put = <P extends { readonly panels: Float64Array }>(prepared: readonly P[]) =>
    prepared.map((each, i) => ({ ...each, panels: panels(i) }));
  if (work.kind === 'squares') return { ...work, transformed: put(work.transformed) };
  if (work.kind === 'depthwise') return work;
  return { ...work, packed: put(work.packed) };
}

function panelsOf(work: Work): Float64Array[] {
  if (work.kind === 'depthwise') return [];
  return (work.kind === 'squares' ? work.transformed : work.packed).map(({ panels }) => panels);
}

function withInput(work: Work, share: (bytes: Uint8Array) => Uint8Array): Work {
  if (work.kind === 'matrix') return { ...work, bytes: share(work.bytes) };
  return { ...work, images: { ...work.images, bytes: share(work.images.bytes) } };
}

function multiplications(work: Work): number {
  if (work.kind === 'matrix') return work.sums.length * work.packed[0]!.depth;
  const { window, channels, group, sums } = work;
  return sums.length * (channels / group) * productOf(window.kernel);
}

/** Whether the prepared weights take more memory than the data: each thread should have some of its own. */
function isWeighty(work: Work): boolean {
  const weights = panelsOf(work).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = work.kind === 'matrix' ? work.bytes : work.images.bytes;
  return weights > bytes.length + work.sums.byteLength;
}

/** Milliseconds that another thread takes to begin. */
const delay = 0.15;

/**
 * Cuts the whole into `count` shares or fewer, along the rows, at even ones, or along the filters, at multiples of four.
 *
 * @param lead how much more than each of the others the first does, as a part of one share
 */
function divide(whole: Share, count: number, lead: number, alongFilters: boolean): Share[] {
  const { top, bottom, first, last } = whole;
  if (alongFilters || bottom - top < 2 * count)
    return cut(first, last, count, lead, 4).map(([first, last]) => ({ ...whole, first, last }));
  return cut(top, bottom, count, lead, 2).map(([top, bottom]) => ({ ...whole, top, bottom }));
}

function cut(
  from: number,
  to: number,
  count: number,
  lead: number,
  step: number,
): (readonly [number, number])[] {
  const each = (to - from) / (count + lead);
  const ends = Array.from({ length: count }, (_, i) =>
    i === count - 1 ? to : Math.min(from + step * Math.round(((i + 1 + lead) * each) / step), to),
  );
  return ends.map((end, i) => [ends[i - 1] ?? from, end] as const).filter(([start, end]) => start < end);
}
