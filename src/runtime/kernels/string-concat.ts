import { zipElements } from '../elementwise.ts';
import { kernel } from '../kernel.ts';

/** Pairs of strings put together, broadcast against each other. */
export const stringConcat = kernel('StringConcat', {
  versions: [20],
  types: 'string, string -> string',
  run: ({ inputs: [a, b] }) => zipElements(a!, b!, 'string', ((x: string, y: string) => x + y) as never),
});
