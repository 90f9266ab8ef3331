import type { GraphView, Node, Type } from '../ir/index.ts';
import { createTypeOracle } from './pending.ts';
import type { Rule } from './rule.ts';

export interface Types {
  typeOf(value: string): Type | undefined;
  forget(value: string): void;
  check(rule: Rule, nodes: readonly Node[], pairs: readonly (readonly [string, string])[]): void;
}
export function createTypes(view: GraphView): Types {
  const oracle = createTypeOracle(view);
  return { typeOf: (v) => oracle.typeOf(v), forget: (v) => oracle.forget(v), check() {} };
}
