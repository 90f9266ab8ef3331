import type { DataType } from '../ir/index.ts';
import type { Certificate } from './certificate.ts';
import { codesOf, type ElementFunction } from './functions.ts';
import { isReal, roundReal } from './primitives.ts';
import type { Root } from './terms.ts';
import { Unfollowed } from './unfollowed.ts';

/** Refuses a certificate, or the model it is about, where something does not hold. */
export function demand(holds: boolean, at: string, reason: string): asserts holds {
  if (!holds) throw new Unfollowed(at, reason);
}

/** Whether functions, terms and roots are what their descriptions promise, and refer to what is there. */
export function checkForm({ functions, terms, roots, made }: Certificate): void {
  const holds = (right: boolean, what: string) => demand(right, 'certificate', what);
  functions.forEach((of, number) => {
    holds((number === 0) === (of.kind === 'identity'), 'function 0, and no other one, does nothing');
    holds(isWellFormed(of), `function ${number} has another form than its kind`);
  });
  holds(functions.length > 0, 'function 0 does nothing');
  for (const { root, fn } of terms) {
    holds(roots.has(root) && functions[fn] !== undefined, 'a term refers to what is not there');
    holds(roots.get(root)!.kind !== 'constant' || fn === 0, 'a constant is still to be worked on');
  }
  for (const [number, root] of roots) {
    if (root.kind === 'made') holds(made[root.node] !== undefined, 'a node is not there');
    if (root.kind !== 'extreme') continue;
    // Roots are numbered so that an extreme comes after those of its elements: nothing is made of itself.
    const earlier = root.terms.every((term) => (terms[term]?.root ?? number) < number);
    holds(earlier && root.terms.length > 0, 'an extreme is picked from what is not there');
  }
}

function isWellFormed(of: ElementFunction): boolean {
  switch (of.kind) {
    case 'identity':
      return true;
    case 'table': {
      const codes = codesOf(of.from);
      return codes !== undefined && of.values.length === codes.max - codes.min + 1;
    }
    case 'steps': {
      const { from, starts, values } = of;
      const rising = starts.every((start, i) => i === 0 || start > starts[i - 1]!);
      const floats = isReal(from) && starts.every((start) => Object.is(roundReal(from, start), start));
      return starts[0] === -Infinity && rising && floats && starts.length === values.length;
    }
    case 'chain':
      return of.links.length > 0 && of.links.at(-1)!.to === of.to;
  }
}

/** Element type of a term. */
export function dtypeOf(of: ElementFunction, root: Root): DataType {
  return of.kind === 'identity' ? root.dtype : of.to;
}
