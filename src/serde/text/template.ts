import { type Graph, type Model, Tensor } from '../../ir/index.ts';
import { placeholder } from './lexemes.ts';
import { readModel, readWholeGraph } from './parse.ts';
import { Scanner } from './scanner.ts';

/**
 * What a template may interpolate. A Tensor stands for itself, never copied or printed; numbers are written out; a
 * string is text, so that names, operators and whole lines can be put in; a list is written with commas.
 */
export type Interpolated =
  | Tensor
  | number
  | bigint
  | boolean
  | string
  | readonly (number | bigint | boolean | string)[];

/**
 * A model in ONNX text: the language of tests and examples.
 *
 * ```ts
 * const relu = model`
 *   main (float[N] x) => (float[N] y) {
 *     y = Relu (x)
 *   }`;
 * ```
 *
 * Without a header the IR version is 10 and the opset import `["" : 21]`. Backslashes belong to the ONNX text.
 */
export function model(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Model {
  return readModel(scannerOf(strings, values));
}

/** A graph in ONNX text; see `model`. */
export function graph(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Graph {
  return readWholeGraph(scannerOf(strings, values));
}

function scannerOf({ raw }: TemplateStringsArray, values: readonly Interpolated[]): Scanner {
  const pieces = dedent(raw);
  const tensors = new Map<number, Tensor>();
  let text = pieces[0]!;
  for (const [i, value] of values.entries()) {
    if (value instanceof Tensor) tensors.set(text.length, value);
    text += printInterpolated(value) + pieces[i + 1]!;
  }
  return new Scanner(text, tensors);
}

function printInterpolated(value: Interpolated): string {
  if (value instanceof Tensor) return placeholder;
  if (typeof value === 'number') return printNumber(value);
  return typeof value === 'object' ? value.map(printInterpolated).join(', ') : String(value);
}

function printNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** Takes away the indentation that all lines share, without looking at interpolated text. */
function dedent(pieces: readonly string[]): readonly string[] {
  const indents = pieces.flatMap((piece, i) =>
    [...piece.matchAll(/\n([ \t]*)(?=[^ \t\n]|$)/g)]
      .filter(({ index, 0: line }) => index + line.length < piece.length || i < pieces.length - 1)
      .map((found) => found[1]!.length),
  );
  const shared = Math.min(...indents, 1000);
  return pieces.map((piece) => piece.replace(/\n[ \t]*/g, (line) => `\n${line.slice(1 + shared)}`));
}
