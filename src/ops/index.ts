export * from './attributes.ts';
export * from './cast.ts';
export * from './constants.ts';
export * from './inference/index.ts';
export type { NoAttributes, OperatorAttributes } from './operators.generated.ts';
export * from './schema.ts';
export * from './traits.ts';
