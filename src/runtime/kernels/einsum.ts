import { ModelError } from '../../support/errors.ts';
import { allocateCells, cellsOf, isWide, makeArray, type NdArray, productOf, stridesOf } from '../array.ts';
import { forEachRow } from '../broadcast.ts';
import { numeric } from '../dtypes.ts';
import { kernel } from '../kernel.ts';

/** Sums of products over named axes, as numpy's einsum; `...` stands for axes that broadcast. */
export const einsum = kernel('Einsum', {
  versions: [12, 28],
  types: 'T... -> T',
  where: { T: numeric },
  run({ attributes: { equation }, inputs }) {
    const arrays = inputs as readonly NdArray[];
    const { terms, output } = parse(equation, arrays);
    const lengths = lengthsOf(terms, arrays);
    const summed = [...lengths.keys()].filter((name) => !output.includes(name));
    const names = [...output, ...summed];
    const dims = output.map((name) => lengths.get(name)!);
    const { dtype } = arrays[0]!;
    const wide = isWide(dtype);
    const sums: number[] = new Array(productOf(dims)).fill(wide ? 0n : 0);
    const cells = arrays.map(cellsOf);
    const walks = arrays.map((x, i) => walkOf(terms[i]!, x, names));
    const all = names.map((name) => lengths.get(name)!);
    const per = productOf(summed.map((name) => lengths.get(name)!));
    forEachRow([...all, 1], [...walks.map((walk) => [...walk, 0])], (positions, row) => {
      let value = (wide ? 1n : 1) as number;
      for (let i = 0; i < cells.length; i++) value *= cells[i]![positions[i]!]!;
      sums[Math.floor(row / per)]! += value;
    });
    const target = allocateCells(dtype, dims);
    for (let i = 0; i < target.length; i++) target[i] = sums[i]!;
    return makeArray(dtype, dims, target);
  },
});

/** Axis names of each input and of the output; the axes of an ellipsis are called .0, .1 … from the right. */
function parse(equation: string, arrays: readonly NdArray[]) {
  const [left, right] = equation.replaceAll(' ', '').split('->') as [string, string | undefined];
  const texts = left.split(',');
  if (texts.length !== arrays.length)
    throw new ModelError(
      'bad-equation',
      `"${equation}" is for ${texts.length} inputs, not for ${arrays.length}.`,
    );
  const terms = texts.map((text, i) => axesOf(text, arrays[i]!.dims.length, equation));
  const dots = terms.flat().filter((name) => name.startsWith('.'));
  const most = new Set(dots).size;
  const ellipsis = Array.from({ length: most }, (_, i) => `.${most - 1 - i}`);
  if (right !== undefined) {
    const output = right
      .split(/(\.\.\.|)/)
      .filter(Boolean)
      .flatMap((part) => (part === '...' ? ellipsis : [part]));
    const unknown = output.find((name) => !terms.flat().includes(name));
    if (unknown !== undefined)
      throw new ModelError('bad-equation', `"${equation}" has no axis "${unknown}" to put out.`);
    return { terms, output };
  }
  const letters = terms.flat().filter((name) => !name.startsWith('.'));
  const once = [...new Set(letters)]
    .filter((name) => letters.indexOf(name) === letters.lastIndexOf(name))
    .sort();
  return { terms, output: [...ellipsis, ...once] };
}

function axesOf(text: string, rank: number, equation: string): string[] {
  const parts = text.split(/(\.\.\.|)/).filter(Boolean);
  const covered = rank - parts.filter((part) => part !== '...').length;
  const names = parts.flatMap((part) =>
    part === '...' ? Array.from({ length: Math.max(covered, 0) }, (_, i) => `.${covered - 1 - i}`) : [part],
  );
  if (names.length !== rank)
    throw new ModelError(
      'bad-equation',
      `"${text}" in "${equation}" does not name the ${rank} axes of its input.`,
    );
  return names;
}

function lengthsOf(terms: readonly string[][], arrays: readonly NdArray[]): Map<string, number> {
  const lengths = new Map<string, number>();
  terms.forEach((names, i) => {
    names.forEach((name, axis) => {
      const length = arrays[i]!.dims[axis]!;
      const known = lengths.get(name) ?? 1;
      if (known !== 1 && length !== 1 && known !== length)
        throw new ModelError(
          'shape-mismatch',
          `Axis "${name}" is ${known} in one input and ${length} in another.`,
        );
      lengths.set(name, known === 1 ? length : known);
    });
  });
  return lengths;
}

/** How far one step along each named axis moves in an array; an axis named twice walks the diagonal. */
function walkOf(term: readonly string[], x: NdArray, names: readonly string[]): number[] {
  const strides = stridesOf(x.dims);
  return names.map((name) =>
    term.reduce((sum, own, axis) => (own === name && x.dims[axis] !== 1 ? sum + strides[axis]! : sum), 0),
  );
}
