import { type Numbers, productOf } from '../array.ts';
import { finisherOf } from '../finish.ts';
import { currentThreads, type ThreadPool } from '../threads/pool.ts';
import { bandSink, bandsOf, extentOf, finishBand, sinkOf } from './band.ts';
import { bytesOf } from './codes.ts';
import { convolveDepthwise, type DepthwiseConvolution } from './depthwise.ts';
import { convolveDirectly, type DirectConvolution } from './direct.ts';
import { type MatrixProduct, multiplyMatrix } from './matrix.ts';
import { convolveSquares, type SquareConvolution } from './winograd.ts';
import type { Part, Share, Sink } from './work.ts';

/** Work that can be done in shares: data only, so that a thread can be sent it. */
export type Work = DirectConvolution | SquareConvolution | DepthwiseConvolution | MatrixProduct;

/** Work of which is not said yet what becomes of its sums. */
export type Unfinished<W> = W extends Work ? Omit<W, 'result'> : never;

/** Computes a share of a piece of work: sums, or what becomes of them, band by band. */
export function runShare(work: Work, share: Share): void {
  const { result } = work;
  if (result.finish === undefined) {
    computeSums(work, { from: 0, to: extentOf(work).units, ...share }, sinkOf(work, result.sums));
    return;
  }
  const finisher = finisherOf(result.finish, result.target);
  for (const band of bandsOf(work, share)) {
    computeSums(work, band, bandSink(work, band));
    finishBand(work, finisher, band);
  }
}

function computeSums(work: Work, part: Part, sink: Sink): void {
  if (work.kind === 'direct') convolveDirectly(work, part, sink);
  else if (work.kind === 'squares') convolveSquares(work, part, sink);
  else if (work.kind === 'depthwise') convolveDepthwise(work, part, sink);
  else multiplyMatrix(work, part, sink);
}

/** Multiplications that one thread does in about a millisecond: with less to do for each it is not worth a message. */
const worthwhile = { direct: 8e6, squares: 15e6, depthwise: 2e6, matrix: 8e6 };

/**
 * Does a piece of work, on the threads of the run where that is worth it.
 *
 * @param lasting whether the weights are constants; threads keep those, and others are not worth sending
 */
export function runWork(work: Work, lasting: boolean): void {
  const { rows, filters } = extentOf(work);
  const whole: Share = { top: 0, bottom: rows, first: 0, last: filters };
  const pool = lasting ? currentThreads() : undefined;
  const worth = multiplications(work) / worthwhile[work.kind];
  const count = pool === undefined ? 1 : Math.max(1, Math.min(pool.available, Math.floor(worth)));
  const shares = count === 1 ? [whole] : divide(whole, count, (delay * count) / worth, isWeighty(work));
  if (pool === undefined || shares.length === 1) runShare(work, whole);
  else runShared(pool, work, shares);
}

function runShared(pool: ThreadPool, work: Work, shares: readonly Share[]): void {
  const given = outputOf(work);
  const output = pool.shareOutput(given);
  const own: Work = { ...work, result: withOutput(work, output) };
  const lasting = panelsOf(work).map((panels) => pool.keep(panels));
  const sent = withPanels(
    withInput(own, (bytes, which) => pool.shareInput(bytes, which)),
    () => none,
  );
  pool.run({ work: sent, lasting, shares }, (share) => runShare(own, share));
  if (output !== given) given.set(output);
}

function outputOf({ result }: Work): Numbers {
  return result.finish === undefined ? result.sums : result.target;
}

function withOutput({ result }: Work, output: Numbers): Work['result'] {
  return result.finish === undefined ? { sums: output as Int32Array } : { ...result, target: output };
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

type ShareBytes = (bytes: Uint8Array, which: number) => Uint8Array;

function withInput(work: Work, share: ShareBytes): Work {
  const result = withResidual(work.result, share);
  if (work.kind === 'matrix') return { ...work, result, bytes: share(work.bytes, 0) };
  return { ...work, result, images: { ...work.images, bytes: share(work.images.bytes, 0) } };
}

/** The residual is read where the result is written, so threads see it too. */
function withResidual(result: Work['result'], share: ShareBytes): Work['result'] {
  if (result.finish === undefined) return result;
  const { finish, target } = result;
  if (finish.kind !== 'epilogue' || finish.residual === undefined) return result;
  const { values, scale } = finish.residual;
  const data = values.data as Int8Array | Float32Array;
  const { buffer, byteOffset, length } = share(bytesOf(values), 1);
  const shared =
    data instanceof Int8Array
      ? new Int8Array(buffer, byteOffset, length)
      : new Float32Array(buffer, byteOffset, length / 4);
  return { target, finish: { ...finish, residual: { scale, values: { ...values, data: shared } } } };
}

function multiplications(work: Work): number {
  const depth =
    work.kind === 'matrix' ? work.depth : (work.channels / work.group) * productOf(work.window.kernel);
  return outputOf(work).length * depth;
}

/** Whether the prepared weights take more memory than the data: each thread should have some of its own. */
function isWeighty(work: Work): boolean {
  const weights = panelsOf(work).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = work.kind === 'matrix' ? work.bytes : work.images.bytes;
  return weights > bytes.length + outputOf(work).byteLength;
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
