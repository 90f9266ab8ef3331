import type { Pipeline } from '../rewrite/index.ts';
import { type OnnxruntimeOptions, onnxruntime, type TensorrtOptions, tensorrt } from '../targets/index.ts';

/** The pipelines `fix --target` knows, by name. Each looks at the options it has a use for. */
export const targets = { tensorrt, onnxruntime } as const satisfies Record<
  string,
  (options: TensorrtOptions & OnnxruntimeOptions) => Pipeline
>;

export type TargetName = keyof typeof targets;

export const targetNames = Object.keys(targets) as readonly TargetName[];
