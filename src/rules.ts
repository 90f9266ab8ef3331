export * from './passes/index.ts';
export * from './rules/index.ts';
export * from './targets/index.ts';
