import type { ElementFunction } from './functions.ts';
import type { TermTable } from './terms.ts';

/** A term in words: what is done to which element. */
export function tellTerm(table: TermTable, number: number): string {
  const { root, fn } = table.term(number);
  return tellFunction(table.functions[fn]!, tellRoot(table, root));
}

function tellRoot(table: TermTable, number: number): string {
  const root = table.root(number);
  switch (root.kind) {
    case 'input':
      return `${root.name}[${root.element}]`;
    case 'constant':
      return `${root.value}`;
    case 'extreme': {
      const shown = root.terms.slice(0, 4).map((term) => tellTerm(table, term));
      return `the ${root.of.split(',')[0]} of ${shown.join(', ')}${root.terms.length > 4 ? ' …' : ''}`;
    }
    case 'made':
      return `element ${root.element} of what node ${root.node} makes`;
  }
}

function tellFunction(of: ElementFunction, what: string): string {
  switch (of.kind) {
    case 'identity':
      return what;
    case 'table':
      return `${what}, its ${of.values.length} codes mapped to ${of.values.at(0)} … ${of.values.at(-1)}`;
    case 'steps':
      return `${what} in ${of.values.length} steps from ${of.values.at(0)} to ${of.values.at(-1)}`;
    case 'chain':
      return `${of.links.map(({ kind }) => kind).join(' and ')} of ${what}`;
  }
}
