import { bytesOf, type Tensor } from '../ir/index.ts';
import { Constant, NodeMatch, Value } from './value.ts';

/** What a name of a pattern has been bound to. */
export type Capture = Value | Constant | NodeMatch | readonly (Captures | undefined)[] | undefined;
export type Captures = { readonly [name: string]: Capture };

/** The captures under a pattern's names; names it did not come by are undefined. */
export function capturesFrom(bindings: ReadonlyMap<string, Capture>, names: Iterable<string>): Captures {
  const captures: Record<string, Capture> = Object.create(null);
  for (const name of names) captures[name] = undefined;
  for (const [name, capture] of bindings) captures[name] = capture;
  return Object.freeze(captures);
}

/** Why one name cannot stand for both captures. */
export function disagreement(name: string, before: Capture, now: Capture): string | undefined {
  if (before === undefined || now === undefined) {
    return before === now ? undefined : `${name} is present in one place and absent in the other`;
  }
  if (before instanceof Constant && now instanceof Constant) {
    if (before.name === now.name || sameTensor(before.tensor, now.tensor)) return undefined;
    const isTyped = before.dtype !== now.dtype;
    return `${name} differs: ${brief(before, isTyped)} and ${brief(now, isTyped)}`;
  }
  if (before instanceof Value && now instanceof Value) {
    return before.name === now.name ? undefined : `${name} differs: ${before.name} and ${now.name}`;
  }
  if (before instanceof NodeMatch && now instanceof NodeMatch && before.node === now.node) return undefined;
  return `${name} is bound twice to different things`;
}

/** Bit-for-bit equality of dtype, dims and elements. */
export function sameTensor(a: Tensor, b: Tensor): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || a.dims.length !== b.dims.length || a.dims.some((dim, i) => dim !== b.dims[i]))
    return false;
  if (a.dtype === 'string') return a.toStrings().every((text, i) => text === b.toStrings()[i]);
  const [x, y] = [bytesOf(a), bytesOf(b)];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

function brief(constant: Constant, isTyped: boolean): string {
  const text =
    constant.size === 1 && constant.dtype !== 'string' ? String(constant.numbers()[0]) : constant.name;
  return isTyped ? `${constant.dtype} ${text}` : text;
}
