/** The smallest pieces of ONNX text: characters, and what a token stands for. */

/** Stands for an interpolated tensor in the text of a template. */
export const placeholder = '\uFFFC';

/** What stands at a place of a text, for an error message. */
export function describeToken(text: string, at: number): string {
  if (at >= text.length) return 'the end of the text';
  const character = String.fromCodePoint(text.codePointAt(at)!);
  if (character === placeholder) return 'an interpolated tensor';
  if (character === '…' || text.startsWith('...', at)) return 'elements that were left out ("…")';
  const pattern = /^(?:"[^"\n]{0,40}"?|[-+]?[A-Za-z0-9_]+|=>)/;
  const token = pattern.exec(text.slice(at, at + 42))?.[0] ?? character;
  return token.startsWith('"') ? token : `"${excerpt(token)}"`;
}

/** The number that the text of a `number()` stands for. */
export function numberOf(text: string): number {
  const number = Number(text);
  if (!Number.isNaN(number)) return number;
  const negative = text.startsWith('-');
  return /nan$/i.test(text) ? NaN : negative ? -Infinity : Infinity;
}

/** The start of a long text. */
export function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** `inf`, `infinity` or `nan`, in any case. */
export function isFloatWord(word: string): boolean {
  return /^(?:inf|infinity|nan)$/i.test(word);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
}

/** A letter or `_`: what a name may start with. */
export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}
