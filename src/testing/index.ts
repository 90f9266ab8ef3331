export { qdqModels, shapes, tensors } from './arbitraries.ts';
export { renamed, shuffled } from './disguise.ts';
export { checkLaws, expectSameOutputs, type LawOptions } from './laws.ts';
