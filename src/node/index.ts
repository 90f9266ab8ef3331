export { type ExternalReadOptions, externalReader } from './external-file.ts';
export { splitExternalLocation } from './external-path.ts';
export { type LoadOptions, loadModel } from './load.ts';
export { type SaveOptions, saveModel } from './save.ts';
