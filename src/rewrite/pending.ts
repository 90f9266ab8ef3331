import type { GraphView, Type } from '../ir/index.ts';
export const createTypeOracle = (_: GraphView) => ({
  typeOf: (_value: string): Type | undefined => undefined,
  forget: (_value: string) => {},
});
