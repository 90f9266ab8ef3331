import type { Constant, NodeMatch, Objection } from '../pattern/index.ts';

/** The bounds of a Clip as numbers: inputs from opset 11 on, attributes before; infinite where there is none. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export function boundsOf(clip: NodeMatch, min: Constant | undefined, max: Constant | undefined): Bounds {
  if (clip.opType === 'Relu') return { low: 0, high: Infinity };
  const given = clip.attributes as { readonly min?: number; readonly max?: number };
  const bound = (value: Constant | undefined, attribute: number | undefined, none: number) => {
    const number = value?.numbers()[0] ?? attribute ?? none;
    // The largest float is how opset 6 says that there is no bound.
    return Math.abs(number) >= largest ? Math.sign(number) * Infinity : number;
  };
  return { low: bound(min, given.min, -Infinity), high: bound(max, given.max, Infinity) };
}

const largest = 2 ** 128 - 2 ** 104;

/** Objects unless the bounds are float32 numbers in order. */
export function unlessBoundsAreSound(
  clip: NodeMatch,
  min: Constant | undefined,
  max: Constant | undefined,
): Objection {
  const odd = [min, max].find(
    (bound) => bound !== undefined && (bound.dtype !== 'float32' || bound.size !== 1),
  );
  if (odd !== undefined) return `${odd} is ${odd.dtype}[${odd.dims.join(',')}], not one float32`;
  const { low, high } = boundsOf(clip, min, max);
  return !(low <= high) && `${clip} clips to ${low} … ${high}, which is no range`;
}
