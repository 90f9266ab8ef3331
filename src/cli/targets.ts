import type { Pipeline } from '../rewrite/index.ts';
import {
  type OnnxruntimeOptions,
  onnxruntime,
  type TensorrtOptions,
  type TensorrtVersionName,
  tensorrt,
} from '../targets/index.ts';

type Options = TensorrtOptions & OnnxruntimeOptions;

const of = (version: TensorrtVersionName) => (options: Options) => tensorrt({ ...options, version });

/** The pipelines `fix --target` knows, by name. Each looks at the options it has a use for. */
export const targets = {
  tensorrt: (options: Options): Pipeline => tensorrt(options),
  'tensorrt@8.6': of('8.6'),
  'tensorrt@10': of('10'),
  'tensorrt@11': of('11'),
  onnxruntime: (options: Options): Pipeline => onnxruntime(options),
} as const satisfies Record<string, (options: Options) => Pipeline>;

export type TargetName = keyof typeof targets;

export const targetNames = Object.keys(targets) as readonly TargetName[];

/** One target of each engine: what the catalogue tells of, versions apart. */
export const engineNames = ['tensorrt', 'onnxruntime'] as const satisfies readonly TargetName[];
