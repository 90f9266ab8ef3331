import type { Call, Register } from './call.ts';
import { type Contents, countOf, type Dim, isKnown, type Shape, tensorFacts } from './facts.ts';
import { gatherContents } from './positions.ts';

/** Operators that give the same elements another shape. */
export function registerLayout(register: Register): void {
  register('Reshape', (call) => {
    const shape = reshapeShape(call);
    return [tensorFacts(call.dtype(0), shape, call.contents(0))];
  });
  register('Flatten', (call) => {
    const x = call.shape(0);
    if (x === undefined) return [tensorFacts(call.dtype(0), [undefined, undefined])];
    const axis = call.int('axis', 1);
    // The axis may be the rank itself: everything in front.
    const at = axis === x.length ? axis : call.axis(axis, x.length);
    return [tensorFacts(call.dtype(0), [product(x.slice(0, at)), product(x.slice(at))], call.contents(0))];
  });
  register('Squeeze', (call) => {
    const shape = squeezeShape(call);
    return [tensorFacts(call.dtype(0), shape, call.contents(0))];
  });
  register('Unsqueeze', (call) => {
    const x = call.shape(0);
    const axes = call.ints('axes') ?? call.numbers(1);
    if (x === undefined || axes === undefined) return [tensorFacts(call.dtype(0), undefined)];
    const rank = x.length + axes.length;
    const added = new Set(call.axes(axes, rank));
    let next = 0;
    const shape = Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : x[next++]));
    return [tensorFacts(call.dtype(0), shape, call.contents(0))];
  });
  register('Transpose', (call) => {
    const x = call.shape(0);
    if (x === undefined)
      return [
        tensorFacts(
          call.dtype(0),
          call.ints('perm')?.map(() => undefined),
        ),
      ];
    const perm = call.ints('perm') ?? x.map((_, i) => x.length - 1 - i);
    if (perm.length !== x.length || call.axes(perm, x.length).length !== x.length)
      call.fail('attribute-value', `perm [${perm}] does not order the axes of a tensor of rank ${x.length}.`);
    const shape = perm.map((axis) => x[axis]);
    const contents = gatherContents(x, call.contents(0), shape, (at) => {
      const source = new Array<number>(at.length);
      perm.forEach((axis, i) => {
        source[axis] = at[i]!;
      });
      return source;
    });
    return [tensorFacts(call.dtype(0), shape, contents)];
  });
  register('Expand', (call) => {
    const [x, asked] = [call.shape(0), call.contents(1)];
    if (x === undefined || asked === undefined) {
      const rank = call.shape(1)?.[0];
      const known = x !== undefined && typeof rank === 'number' && rank <= maxRank;
      return [
        tensorFacts(
          call.dtype(0),
          known ? new Array<Dim>(Math.max(rank, x.length)).fill(undefined) : undefined,
        ),
      ];
    }
    const shape = expandShape(call, x, asked);
    const contents = gatherContents(x, call.contents(0), shape, (at) =>
      x.map((dim, i) => (dim === 1 ? 0 : at[at.length - x.length + i]!)),
    );
    return [tensorFacts(call.dtype(0), shape, contents)];
  });
  register('Tile', (call) => {
    const [x, repeats] = [call.shape(0), call.contents(1)];
    if (repeats !== undefined && x !== undefined && repeats.length !== x.length)
      call.fail('shape-mismatch', `repeats has ${repeats.length} values for a tensor of rank ${x.length}.`);
    const shape = x?.map((dim, i) => multiply(dim, repeats?.[i]));
    const contents = gatherContents(x, call.contents(0), shape, (at) =>
      at.map((place, i) => place % Number(x![i])),
    );
    return [tensorFacts(call.dtype(0), shape, contents)];
  });
  register('DepthToSpace SpaceToDepth', (call) => {
    call.requireRank(0, (rank) => rank === 4, '4');
    const x = call.shape(0);
    const block = call.int('blocksize', 1);
    if (block < 1) call.fail('attribute-value', `blocksize ${block} has to be positive.`);
    if (x === undefined) return [tensorFacts(call.dtype(0), [undefined, undefined, undefined, undefined])];
    const [n, c, h, w] = x as readonly [Dim, Dim, Dim, Dim];
    const shape =
      call.node.opType === 'DepthToSpace'
        ? [n, split(call, c, block * block), multiply(h, block), multiply(w, block)]
        : [n, multiply(c, block * block), split(call, h, block), split(call, w, block)];
    return [tensorFacts(call.dtype(0), shape)];
  });
}

/** Ranks beyond this are damage, not data: nothing is allocated for them. */
const maxRank = 64;

function reshapeShape(call: Call): Shape {
  const x = call.shape(0);
  const asked: Contents | undefined = call.ints('shape') ?? call.contents(1);
  if (asked === undefined) {
    const rank = call.shape(1)?.[0];
    return typeof rank === 'number' && rank <= maxRank ? new Array<Dim>(rank).fill(undefined) : undefined;
  }
  const copies = call.int('allowzero', 0) === 0;
  const inferred = asked.filter((value) => value === -1).length;
  if (inferred > 1) call.fail('shape-mismatch', `the new shape [${asked}] leaves more than one length open.`);
  const shape = asked.map((value, i): Dim => {
    if (value === 0 && copies) {
      if (x !== undefined && i >= x.length)
        call.fail(
          'shape-mismatch',
          `the new shape [${asked}] copies axis ${i} of a tensor of rank ${x.length}.`,
        );
      return x?.[i];
    }
    if (typeof value === 'number' && value < -1)
      call.fail('shape-mismatch', `the new shape [${asked}] has a negative length.`);
    return value === -1 ? undefined : value;
  });
  const open = asked.indexOf(-1);
  if (open < 0) checkCount(call, x, shape);
  else shape[open] = openLength(call, x, shape, open);
  return shape;
}

/** The length that is left over: symbols on both sides cancel. */
function openLength(call: Call, x: Shape, shape: readonly Dim[], open: number): Dim {
  if (x === undefined) return undefined;
  const above = [...x];
  const below = shape.filter((_, i) => i !== open);
  for (let i = below.length - 1; i >= 0; i--) {
    const same = above.indexOf(below[i]);
    if (typeof below[i] !== 'string' || same < 0) continue;
    above.splice(same, 1);
    below.splice(i, 1);
  }
  const given = product(below);
  const symbols = above.filter((dim) => typeof dim !== 'number');
  const total = product(above.filter((dim) => typeof dim === 'number'));
  if (typeof total !== 'number' || typeof given !== 'number' || given === 0 || symbols.length > 1)
    return undefined;
  if (symbols.length === 1) return total === given ? symbols[0] : undefined;
  if (total % given !== 0)
    call.fail('shape-mismatch', `${total} elements do not divide into lengths of ${given}.`);
  return total / given;
}

function checkCount(call: Call, x: Shape, shape: readonly Dim[]): void {
  const [before, after] = [countOf(x), countOf(shape)];
  if (before !== undefined && after !== undefined && before !== after)
    call.fail('shape-mismatch', `[${x}] has ${before} elements, but [${shape}] has ${after}.`);
}

function squeezeShape(call: Call): Shape {
  const x = call.shape(0);
  if (x === undefined) return undefined;
  const given = call.ints('axes') ?? (call.has(1) ? call.numbers(1) : undefined);
  if (given === undefined) {
    if (call.has(1)) return undefined;
    return isKnown(x) ? x.filter((dim) => dim !== 1) : undefined;
  }
  const removed = new Set(call.axes(given, x.length));
  for (const axis of removed) {
    if (typeof x[axis] === 'number' && x[axis] !== 1)
      call.fail(
        'shape-mismatch',
        `axis ${axis} has length ${x[axis]}; only a length of 1 can be squeezed away.`,
      );
  }
  return x.filter((_, i) => !removed.has(i));
}

function expandShape(call: Call, x: readonly Dim[], asked: Contents): readonly Dim[] {
  const rank = Math.max(x.length, asked.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const [left, right] = [i - rank + x.length, i - rank + asked.length];
    const [a, b] = [left < 0 ? 1 : x[left], right < 0 ? 1 : asked[right]];
    if (a === b || b === 1) return a;
    if (a === 1) return b;
    if (typeof a === 'number' && typeof b === 'number')
      call.fail('shape-mismatch', `[${x}] does not expand to [${asked}].`);
    return typeof a === 'number' ? a : typeof b === 'number' ? b : undefined;
  });
}

function split(call: Call, dim: Dim, by: number): Dim {
  if (typeof dim !== 'number') return undefined;
  if (dim % by !== 0) call.fail('shape-mismatch', `a length of ${dim} does not divide by ${by}.`);
  return dim / by;
}

function multiply(a: Dim, b: Dim): Dim {
  if (a === 0 || b === 0) return 0;
  if (b === 1) return a;
  if (a === 1) return b;
  return typeof a === 'number' && typeof b === 'number' ? safe(a * b) : undefined;
}

function product(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(multiply, 1);
}

function safe(count: number): number | undefined {
  return Number.isSafeInteger(count) ? count : undefined;
}
