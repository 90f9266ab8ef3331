export { type TensorrtOptions, tensorrt } from './tensorrt.ts';
