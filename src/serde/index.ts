export * from './proto/index.ts';
export * from './text/index.ts';
