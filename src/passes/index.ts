export { type FoldOptions, foldConstants } from './fold-constants.ts';
export { removeDeadValues } from './remove-dead-values.ts';
export { removeIdentity } from './remove-identity.ts';
