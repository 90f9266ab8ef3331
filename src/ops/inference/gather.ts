import type { Call, Register } from './call.ts';
import { type Dim, type Shape, tensorFacts } from './facts.ts';
import { gatherContents } from './positions.ts';

/** Operators that pick elements by index, or whose size depends on the data. */
export function registerGather(register: Register): void {
  register('Gather', (call) => {
    const [x, indices] = [call.shape(0), call.shape(1)];
    call.requireRank(0, (rank) => rank >= 1, 'at least 1');
    if (x === undefined || indices === undefined) return [tensorFacts(call.dtype(0), undefined)];
    const axis = call.axis(call.int('axis', 0), x.length);
    const shape = [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)];
    const picked = call.numbers(1);
    const length = x[axis];
    if (picked === undefined || typeof length !== 'number') return [tensorFacts(call.dtype(0), shape)];
    for (const index of picked) {
      if (index < -length || index >= length)
        call.fail(
          'index-out-of-range',
          `index ${index} is outside axis ${axis}, which has length ${length}.`,
        );
    }
    const contents = gatherContents(x, call.contents(0), shape, (at) => {
      const place = at.slice(axis, axis + indices.length);
      const flat = place.reduce((sum, value, i) => sum * Number(indices[i]) + value, 0);
      const index = picked[flat]!;
      return [...at.slice(0, axis), index < 0 ? index + length : index, ...at.slice(axis + indices.length)];
    });
    return [tensorFacts(call.dtype(0), shape, contents)];
  });
  register('GatherElements', (call) => [tensorFacts(call.dtype(0), call.shape(1))]);
  register('GatherND', (call) => [tensorFacts(call.dtype(0), gatherNdShape(call))]);
  register('Scatter ScatterElements ScatterND', (call) => [tensorFacts(call.dtype(0), call.shape(0))]);
  register('OneHot', (call) => {
    const indices = call.shape(0);
    const axis = indices && call.axis(call.int('axis', -1), indices.length + 1);
    const shape = indices && [...indices.slice(0, axis), call.contents(1)?.[0], ...indices.slice(axis)];
    return [tensorFacts(call.dtype(2), shape)];
  });
  register('Compress', (call) => {
    const x = call.shape(0);
    const axis = call.findInt('axis');
    if (axis === undefined) return [tensorFacts(call.dtype(0), [undefined])];
    const at = x && call.axis(axis, x.length);
    return [
      tensorFacts(
        call.dtype(0),
        x?.map((dim, i) => (i === at ? undefined : dim)),
      ),
    ];
  });
  register('NonZero', (call) => {
    const rank = call.rank(0);
    return [tensorFacts('int64', [rank === 0 ? 1 : rank, undefined])];
  });
  register('NonMaxSuppression', () => [tensorFacts('int64', [undefined, 3])]);
  register('Unique', (call) => {
    const x = call.shape(0);
    const axis = call.findInt('axis');
    const at = axis === undefined || x === undefined ? undefined : call.axis(axis, x.length);
    const unique: Shape = axis === undefined ? [undefined] : x?.map((dim, i) => (i === at ? undefined : dim));
    const list = tensorFacts('int64', [undefined]);
    return [tensorFacts(call.dtype(0), unique), list, list, list];
  });
}

function gatherNdShape(call: Call): Shape {
  const [x, indices] = [call.shape(0), call.shape(1)];
  const depth = indices?.at(-1);
  if (x === undefined || indices === undefined || typeof depth !== 'number') return undefined;
  const batch = call.int('batch_dims', 0);
  if (batch < 0 || batch + depth > x.length)
    call.fail(
      'rank-mismatch',
      `indices of ${depth} places behind ${batch} batch axes exceed rank ${x.length}.`,
    );
  const rest: readonly Dim[] = x.slice(batch + depth);
  return [...indices.slice(0, -1), ...rest];
}
