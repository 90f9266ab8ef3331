import { arrayOf, makeArray, sizeOf } from '../array.ts';
import { kernel } from '../kernel.ts';

/** Strings cut at a delimiter, or at white space; rows are filled up with empty strings, the second output counts. */
export const stringSplit = kernel('StringSplit', {
  versions: [20],
  types: 'string -> string, int64',
  run({ attributes: { delimiter = '', maxsplit }, inputs: [x] }) {
    const most = maxsplit === undefined || maxsplit < 0 ? Infinity : maxsplit;
    const texts = (x!.data as readonly string[]).slice(0, sizeOf(x!));
    const rows = texts.map((text) =>
      delimiter === '' ? splitAtSpace(text, most) : splitAt(text, delimiter, most),
    );
    const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
    const filled = rows.flatMap((row) => [...row, ...new Array<string>(length - row.length).fill('')]);
    return [
      makeArray('string', [...x!.dims, length], filled),
      arrayOf(
        'int64',
        x!.dims,
        rows.map((row) => row.length),
      ),
    ];
  },
});

function splitAt(text: string, delimiter: string, most: number): string[] {
  const parts = text.split(delimiter);
  if (parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(delimiter)];
}

/** Runs of white space count as one, and none is left at the ends. */
function splitAtSpace(text: string, most: number): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '' && words.length < most) {
    const end = rest.search(/\s/);
    words.push(end < 0 ? rest : rest.slice(0, end));
    rest = end < 0 ? '' : rest.slice(end).trimStart();
  }
  if (rest !== '') words.push(rest.trimEnd());
  return words;
}
