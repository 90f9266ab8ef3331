export * from './attributes.ts';
export type { NoAttributes, OperatorAttributes } from './operators.generated.ts';
export * from './schema.ts';
export * from './traits.ts';
