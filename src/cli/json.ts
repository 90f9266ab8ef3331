/**
 * A value as JSON text. What JSON has no word for: NaN and infinities become strings, bigints become numbers where a
 * number is exact and strings where it is not, Maps become objects.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, replace, 2);
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return value instanceof Map ? Object.fromEntries(value) : value;
}
