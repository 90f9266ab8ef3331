export * from './dtype.ts';
export * from './graph-view.ts';
export * from './model.ts';
export * from './origin.ts';
export * from './tensor.ts';
