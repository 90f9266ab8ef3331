import type { Subject } from './subject.ts';

/** One thing a model is looked at for. */
export interface Lint {
  /** `E…` as the rule book counts what importers refuse, `O…` for ONNX Runtime, `S…` for scales whatever the engine. */
  readonly id: string;
  /** What is looked for, as a condition. */
  readonly title: string;
  /** `error`: the engine refuses the model, or computes something else; `cost`: it is slower or less accurate. */
  readonly severity: 'error' | 'cost';
  /** What happens. */
  readonly cost: string;
  /** The rule or pass that mends it, by its name in the catalogue; null where none does. */
  readonly rule: string | null;
  readonly targets: readonly string[];
  /** Looks at one graph. */
  find(subject: Subject): Iterable<Hit>;
}

/** Where a lint found something. */
export interface Hit {
  /** Name of the node or value. */
  readonly at: string;
  readonly message: string;
  /** Only where it is another than the lint's. */
  readonly rule?: string | null;
}

/** Something a person should know before the engine does. */
export interface LintFinding extends Hit {
  readonly id: string;
  readonly severity: 'error' | 'cost';
  /** Path of the graph: `main`, `main/if_1/then_branch`. */
  readonly graph: string;
  readonly cost: string;
  readonly rule: string | null;
}

export const tensorrtTargets = ['tensorrt@8.6', 'tensorrt@10', 'tensorrt@11'] as const;
export const everyTarget = [...tensorrtTargets, 'onnxruntime'] as const;
