import type { DataType } from '../../ir/index.ts';
import type { Call, Register } from './call.ts';
import { type Facts, tensorFacts } from './facts.ts';

/** Operators that take axes away, or pick along one. */
export function registerReduce(register: Register): void {
  register(
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
    (call) => reduce(call, call.dtype(0)),
  );
  register('ArgMax ArgMin', (call) => {
    const x = call.shape(0);
    if (x === undefined) return [tensorFacts('int64', undefined)];
    return [removeAxes(call, 'int64', [call.axis(call.int('axis', 0), x.length)])];
  });
  register('TopK', (call) => {
    const x = call.shape(0);
    const k = call.opset < 10 ? call.findInt('k') : call.contents(1)?.[0];
    const axis = x && call.axis(call.int('axis', -1), x.length);
    if (typeof k === 'number' && typeof x?.[axis!] === 'number' && k > (x[axis!] as number))
      call.fail('shape-mismatch', `k is ${k}, but the axis has only ${x[axis!]} elements.`);
    const shape = x?.map((dim, i) => (i === axis ? k : dim));
    return [tensorFacts(call.dtype(0), shape), tensorFacts('int64', shape)];
  });
}

function reduce(call: Call, dtype: DataType | undefined): readonly Facts[] {
  const x = call.shape(0);
  const keep = call.int('keepdims', 1) !== 0;
  const axes = call.ints('axes') ?? (call.has(1) ? call.numbers(1) : []);
  if (x === undefined) return [tensorFacts(dtype, undefined)];
  if (axes === undefined) return [tensorFacts(dtype, keep ? x.map(() => undefined) : undefined)];
  if (axes.length > 0) return [removeAxes(call, dtype, call.axes(axes, x.length))];
  if (call.int('noop_with_empty_axes', 0) !== 0) return [tensorFacts(dtype, x)];
  return [
    removeAxes(
      call,
      dtype,
      x.map((_, i) => i),
    ),
  ];
}

function removeAxes(call: Call, dtype: DataType | undefined, axes: readonly number[]): Facts {
  const x = call.shape(0)!;
  const keep = call.int('keepdims', 1) !== 0;
  const removed = new Set(axes);
  return tensorFacts(
    dtype,
    keep ? x.map((dim, i) => (removed.has(i) ? 1 : dim)) : x.filter((_, i) => !removed.has(i)),
  );
}
