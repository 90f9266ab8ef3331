import type { Pipeline } from '../rewrite/index.ts';
import { type TensorrtOptions, tensorrt } from '../targets/index.ts';

/** The pipelines `fix --target` knows, by name. */
export const targets = { tensorrt } as const satisfies Record<string, (options: TensorrtOptions) => Pipeline>;

export type TargetName = keyof typeof targets;

export const targetNames = Object.keys(targets) as readonly TargetName[];
