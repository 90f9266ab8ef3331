export { parseGraph, parseModel } from './parse.ts';
export { printFunction, printGraph, printModel, printNode } from './print.ts';
export { type PrintOptions, printTensor } from './print-tensor.ts';
export { printType } from './print-type.ts';
export { graph, type Interpolated, model } from './template.ts';
