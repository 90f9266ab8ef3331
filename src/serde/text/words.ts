import { type AttributeType, dataTypeFromText } from '../../ir/index.ts';
import { isFloatWord } from './lexemes.ts';

/** How names and strings are written, and the words that are no names unless quoted. */

const typeWords = new Set(['seq', 'map', 'optional', 'sparse_tensor', 'opaque', 'unknown']);

/** Whether a type starts with this word. */
export function isTypeWord(word: string): boolean {
  return typeWords.has(word) || (word !== '' && dataTypeFromText(word) !== undefined);
}

/** An identifier as it is; anything else, and words that mean something, in quotes. */
export function printName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !isTypeWord(name) && !isFloatWord(name)
    ? name
    : printString(name);
}

/** A string in quotes, on one line; control characters and bytes that are no UTF-8 become escapes. */
export function printString(text: string): string {
  return `"${text.replace(special, escapeOf)}"`;
}

/** The attribute types by the word that annotates them. */
export const attributeTypes: ReadonlyMap<string, AttributeType> = new Map(
  (
    [
      'FLOAT',
      'INT',
      'STRING',
      'TENSOR',
      'GRAPH',
      'SPARSE_TENSOR',
      'TYPE_PROTO',
      'FLOATS',
      'INTS',
      'STRINGS',
      'TENSORS',
      'GRAPHS',
      'SPARSE_TENSORS',
      'TYPE_PROTOS',
    ] as const
  ).map((type) => [type.toLowerCase(), type]),
);

/** Quotes, backslashes, control characters, line separators, marks that editors drop, lone surrogates. */
const special = /["\\\p{Cc}\p{Zl}\p{Zp}\ufeff\ufffc]|\p{Cs}/gu;

const short = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\t', '\\t'],
  ['\r', '\\r'],
]);

function escapeOf(character: string): string {
  return short.get(character) ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
