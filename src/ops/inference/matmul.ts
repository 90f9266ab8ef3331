import { broadcastShapes } from './broadcast.ts';
import type { Call, Register } from './call.ts';
import { type Dim, type Shape, tensorFacts } from './facts.ts';

/** Matrix products. */
export function registerMatmul(register: Register): void {
  register('MatMul', (call) => [tensorFacts(call.sharedType([0, 1]), productShape(call, 0, 1))]);
  register('MatMulInteger', (call) => [tensorFacts('int32', productShape(call, 0, 1))]);
  register('QLinearMatMul', (call) => [tensorFacts(call.dtype(7), productShape(call, 0, 3))]);
  register('Gemm', (call) => {
    call.requireRank(0, (rank) => rank === 2, '2');
    call.requireRank(1, (rank) => rank === 2, '2');
    const [a, b] = [call.shape(0), call.shape(1)];
    const [left, right] = [call.int('transA', 0) !== 0, call.int('transB', 0) !== 0];
    if (a !== undefined && b !== undefined)
      call.equalDims(a[left ? 0 : 1], b[right ? 1 : 0], 'the inner length');
    const dtype = call.sharedType([0, 1, 2]);
    return [tensorFacts(dtype, [a?.[left ? 1 : 0], b?.[right ? 0 : 1]])];
  });
  register('Det', (call) => {
    call.requireRank(0, (rank) => rank >= 2, 'at least 2');
    return [tensorFacts(call.dtype(0), call.shape(0)?.slice(0, -2))];
  });
  register('Einsum', (call) => [
    tensorFacts(call.sharedType(call.node.inputs.map((_, i) => i)), einsumShape(call)),
  ]);
}

/** As numpy.matmul: a vector gains an axis of one and loses it again, what is in front broadcasts. */
function productShape(call: Call, left: number, right: number): Shape {
  const [a, b] = [call.shape(left), call.shape(right)];
  for (const index of [left, right]) call.requireRank(index, (rank) => rank >= 1, 'at least 1');
  if (a === undefined || b === undefined) return undefined;
  const rows = a.length === 1 ? [1, a[0]] : a;
  const columns = b.length === 1 ? [b[0], 1] : b;
  call.equalDims(rows.at(-1), columns.at(-2), 'the inner length');
  const batch = broadcastShapes(call, [rows.slice(0, -2), columns.slice(0, -2)]) ?? [];
  return [...batch, ...(a.length === 1 ? [] : [rows.at(-2)]), ...(b.length === 1 ? [] : [columns.at(-1)])];
}

function einsumShape(call: Call): Shape {
  const equation = call.text('equation', '').replaceAll(' ', '');
  const [left = '', right] = equation.split('->');
  const terms = left.split(',');
  if (terms.length !== call.node.inputs.length)
    call.fail(
      'attribute-value',
      `the equation "${equation}" has ${terms.length} terms for ${call.node.inputs.length} inputs.`,
    );
  const lengths = new Map<string, Dim>();
  const counts = new Map<string, number>();
  const ellipses: Shape[] = [];
  for (const [i, term] of terms.entries()) {
    const shape = call.shape(i);
    for (const letter of term.replace('...', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    if (shape === undefined) return undefined;
    const [before = '', after] = term.split('...');
    const spread = shape.length - before.length - (after?.length ?? 0);
    if (spread < 0 || (after === undefined && spread !== 0))
      call.fail('rank-mismatch', `input ${i} has rank ${shape.length}, which "${term}" does not describe.`);
    if (after !== undefined) ellipses.push(shape.slice(before.length, before.length + spread));
    const labels = [...before, ...new Array<string>(spread).fill(''), ...(after ?? '')];
    labels.forEach((label, axis) => {
      if (label === '') return;
      const known = lengths.get(label);
      const length = shape[axis];
      lengths.set(
        label,
        known === 1 || known === undefined
          ? length
          : length === 1
            ? known
            : call.equalDims(known, length, `"${label}"`),
      );
    });
  }
  const rest = broadcastShapes(call, ellipses) ?? [];
  const implicit = [...counts].filter(([, count]) => count === 1).map(([letter]) => letter);
  const output = right ?? `${ellipses.length > 0 ? '...' : ''}${implicit.sort().join('')}`;
  const [before = '', after] = output.split('...');
  return [
    ...[...before].map((letter) => lengths.get(letter)),
    ...(after === undefined ? [] : rest),
    ...[...(after ?? '')].map((letter) => lengths.get(letter)),
  ];
}
