import type { Tensor } from '../../ir/index.ts';
import { ModelError } from '../../support/errors.ts';
import {
  describeToken,
  excerpt,
  isDigit,
  isFloatWord,
  isHexDigit,
  isLetter,
  placeholder,
} from './lexemes.ts';

/** Deepest nesting of subgraphs, and of types; the codec refuses deeper ones too. */
export const nestingLimit = 200;

export type NumberKind = 'integer' | 'decimal' | 'bits';

/**
 * Reads ONNX text from left to right, token by token, without ever going back further than one name: the time is
 * linear in the length of the text.
 */
export class Scanner {
  readonly text: string;
  /** Tensors by the offset of their placeholder; each is taken once. */
  readonly tensors: Map<number, Tensor>;
  position = 0;
  /** What the last `number()` looked like. */
  numberKind: NumberKind = 'integer';
  readonly #depths = { graph: 0, type: 0 };

  constructor(text: string, tensors: ReadonlyMap<number, Tensor> = new Map()) {
    this.text = text;
    this.tensors = new Map(tensors);
  }

  /** Throws: says what was expected at a place, and what is there instead. */
  expected(what: string, at = this.#skip()): never {
    return this.fail('syntax', `Expected ${what}, but found ${describeToken(this.text, at)}.`, at);
  }

  fail(code: string, message: string, at = this.position, fix?: string): never {
    throw new ModelError(code, message, { at: this.place(at), fix });
  }

  /** `line 3, column 14`, both counted from 1. */
  place(at: number): string {
    let line = 1;
    let start = 0;
    for (let end = this.text.indexOf('\n'); end !== -1 && end < at; end = this.text.indexOf('\n', start)) {
      line += 1;
      start = end + 1;
    }
    return `line ${line}, column ${at - start + 1}`;
  }

  /** The next character that is neither space nor comment; `""` at the end. */
  peek(): string {
    return this.text[this.#skip()] ?? '';
  }

  /** Takes `token` if it comes next. */
  takes(token: string): boolean {
    if (!this.text.startsWith(token, this.#skip())) return false;
    this.position += token.length;
    return true;
  }

  take(token: string, purpose = ''): void {
    if (!this.takes(token)) this.expected(`"${token}"${purpose}`);
  }

  /** The identifier that comes next, not taken; `""` if there is none. */
  peekWord(): string {
    const start = this.#skip();
    return this.text.slice(start, this.#wordEnd(start));
  }

  takesWord(word: string): boolean {
    if (this.peekWord() !== word) return false;
    this.position += word.length;
    return true;
  }

  word(what: string): string {
    const word = this.peekWord();
    if (word === '') this.expected(what);
    this.position += word.length;
    return word;
  }

  /** Whether a name comes next, quoted or not. */
  atName(): boolean {
    return this.peek() === '"' || this.peekWord() !== '';
  }

  /** An identifier, or anything at all in double quotes. */
  name(what: string): string {
    return this.peek() === '"' ? this.string(what) : this.word(what);
  }

  /** Whether a block of fields comes next, `[doc_string: …]`, and not a list that starts with the type `unknown:57`. */
  atBlock(): boolean {
    const start = this.#skip();
    const word = this.takes('[') ? this.peekWord() : '';
    this.position += word.length;
    const found = word !== '' && word !== 'unknown' && this.peek() === ':';
    this.position = start;
    return found;
  }

  /** A string in double quotes, its escapes resolved. */
  string(what: string): string {
    const start = this.#skip();
    if (this.text[start] !== '"') this.expected(what);
    let result = '';
    let from = start + 1;
    for (let i = from; i < this.text.length; i++) {
      const character = this.text[i];
      if (character === '"') {
        this.position = i + 1;
        return result + this.text.slice(from, i);
      }
      if (character !== '\\') continue;
      result += this.text.slice(from, i);
      const [meaning, length] = this.#escape(i + 1);
      result += meaning;
      from = i + 1 + length;
      i = from - 1;
    }
    return this.fail('syntax', 'This string has no closing quote.', start);
  }

  /** Whether a number comes next, `inf` and `nan` included. */
  atNumber(): boolean {
    return /[-+0-9]/.test(this.peek()) || isFloatWord(this.peekWord());
  }

  /** The text of a number; `numberKind` tells which kind. */
  number(what: string): string {
    const start = this.#skip();
    const { text } = this;
    let i = start;
    if (text[i] === '-' || text[i] === '+') i += 1;
    if (!isDigit(text.charCodeAt(i))) return this.#floatWord(what, start, i);
    this.numberKind = 'integer';
    if (i === start && text[i] === '0' && text[i + 1] === 'x') {
      this.numberKind = 'bits';
      for (i += 2; isHexDigit(text.charCodeAt(i)); ) i += 1;
    } else {
      while (isDigit(text.charCodeAt(i))) i += 1;
      if (text[i] === '.' && text[i + 1] !== '.') {
        this.numberKind = 'decimal';
        for (i += 1; isDigit(text.charCodeAt(i)); ) i += 1;
      }
      if (text[i] === 'e' || text[i] === 'E') {
        this.numberKind = 'decimal';
        i += text[i + 1] === '-' || text[i + 1] === '+' ? 2 : 1;
        if (!isDigit(text.charCodeAt(i)))
          this.fail('syntax', 'This number has an exponent without digits.', start);
        while (isDigit(text.charCodeAt(i))) i += 1;
      }
    }
    if (this.#wordEnd(i) !== i || (i - start === 2 && this.numberKind === 'bits'))
      this.fail(
        'syntax',
        `Expected ${what}, but ${describeToken(this.text, start)} is neither a number nor a name.`,
        start,
      );
    this.position = i;
    return text.slice(start, i);
  }

  /** A whole number within 64 bits, signed or not. */
  integer(what: string): bigint {
    const start = this.#skip();
    const text = this.number(what);
    if (this.numberKind !== 'integer') this.expected(what, start);
    if (text.length > 40) this.fail('value-out-of-range', `${excerpt(text)} does not fit 64 bits.`, start);
    return BigInt(text);
  }

  /** A whole number that a JavaScript number holds exactly. */
  exactInteger(what: string): number {
    const start = this.#skip();
    const exact = this.integer(what);
    const value = Number(exact);
    if (BigInt(value) !== exact)
      this.fail('value-out-of-range', `${exact} is beyond 2^53 and would not be kept exactly.`, start);
    return value;
  }

  /** The tensor interpolated here, if there is one. */
  takesTensor(): Tensor | undefined {
    const start = this.#skip();
    const tensor = this.text[start] === placeholder ? this.tensors.get(start) : undefined;
    if (tensor === undefined) return undefined;
    this.tensors.delete(start);
    this.position = start + 1;
    return tensor;
  }

  /** Reads `item`s, separated by commas, up to and including `close`. */
  list<T>(close: string, item: () => T): readonly T[] {
    const items: T[] = [];
    if (this.takes(close)) return none;
    do items.push(item());
    while (this.takes(','));
    if (!this.takes(close)) this.expected(`"," or "${close}"`);
    return Object.freeze(items);
  }

  /** Reads something that may contain its like; refuses to go deeper than `nestingLimit`. */
  nested<T>(kind: 'graph' | 'type', read: () => T): T {
    this.#depths[kind] += 1;
    if (this.#depths[kind] > nestingLimit)
      this.fail('nesting-too-deep', `A ${kind} nests at most ${nestingLimit} deep.`);
    const result = read();
    this.#depths[kind] -= 1;
    return result;
  }

  end(): void {
    if (this.peek() !== '') this.expected('the end of the text');
    for (const at of this.tensors.keys()) {
      this.fail('syntax', 'A tensor cannot be interpolated inside a string or a comment.', at);
    }
  }

  /** Moves to the next character that is neither space nor comment. */
  #skip(): number {
    const { text } = this;
    let i = this.position;
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 35) {
        const end = text.indexOf('\n', i);
        i = end === -1 ? text.length - 1 : end;
      } else if (code !== 32 && (code < 9 || code > 13) && code !== 0xfeff) break;
    }
    this.position = i;
    return i;
  }

  #wordEnd(start: number): number {
    const { text } = this;
    let i = start;
    if (!isLetter(text.charCodeAt(i))) return i;
    while (isLetter(text.charCodeAt(i)) || isDigit(text.charCodeAt(i))) i += 1;
    return i;
  }

  #floatWord(what: string, start: number, at: number): string {
    const end = this.#wordEnd(at);
    if (!isFloatWord(this.text.slice(at, end))) this.expected(what, start);
    this.numberKind = 'decimal';
    this.position = end;
    return this.text.slice(start, end);
  }

  /** What the escape after a backslash stands for, and how many characters it takes. */
  #escape(at: number): readonly [string, number] {
    const character = this.text[at];
    if (character === 'n') return ['\n', 1];
    if (character === 't') return ['\t', 1];
    if (character === 'r') return ['\r', 1];
    if (character !== 'u') return [character ?? '', 1];
    const digits = /^\{([0-9a-fA-F]{1,6})\}/.exec(this.text.slice(at + 1, at + 9));
    const code = digits === null ? Infinity : Number.parseInt(digits[1]!, 16);
    if (code > 0x10ffff)
      return this.fail('syntax', 'Expected a code point such as "\\u{1f600}" after "\\u".', at - 1);
    return [String.fromCodePoint(code), 1 + digits![0].length];
  }
}

const none: readonly never[] = Object.freeze([]);
