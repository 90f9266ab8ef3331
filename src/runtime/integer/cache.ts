import { type ArrayData, isLasting } from '../array.ts';
import { withMemory } from '../memory.ts';

const known = new WeakMap<object, { readonly key: string; readonly made: unknown }>();

/**
 * What `make` makes of the elements of a constant, made once and kept as long as they live.
 *
 * Elements that are computed during a run are prepared anew each time: their memory may be written to again.
 *
 * @param key everything but the elements that the result depends on; the result for the latest key is kept
 */
export function packedOnce<T>(data: ArrayData, key: string, make: () => T): T {
  if (!isLasting(data)) return make();
  const found = known.get(data);
  if (found?.key === key) return found.made as T;
  const made = outlasting(data, make);
  known.set(data, { key, made });
  return made;
}

/** What `make` makes of elements, in memory that lives as long as they do and not only until the run is over. */
export function outlasting<T>(data: ArrayData, make: () => T): T {
  return isLasting(data) ? withMemory(undefined, make) : make();
}
