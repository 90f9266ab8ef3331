import type { Model } from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import { planOnnxruntime } from './onnxruntime/plan.ts';
import { planTensorrt } from './tensorrt/plan.ts';
import { tensorrtVersions } from './tensorrt/versions.ts';

/** What a layer reads or writes: 8-bit integers, another quantized type by its width, or floats of any width. */
export type Precision = 'I8' | 'I4' | 'F8' | 'F4' | 'I16' | 'F';

/** One kernel the engine is expected to run: an operator with what is fused into it. */
export interface PlanLayer {
  /** Name of the operator it is built around. */
  readonly name: string;
  /** The operator, or `ConvActPool`. */
  readonly kind: string;
  /** What is fused, in the order of the data: `Pad + W + Conv + BN + Relu + Add`. */
  readonly fused: string;
  readonly in: Precision;
  readonly out: Precision;
  /** Precision of the second input of a fused or quantized Add; null where there is none. */
  readonly residual: Precision | null;
  /** Names of the model's nodes in it, in the order of the data. */
  readonly nodes: readonly string[];
  /** Values it reads, each once, constants and quantizers left out. */
  readonly reads: readonly string[];
  /** Values it writes. */
  readonly writes: readonly string[];
}

/** A quantizer, dequantizer or requantization the engine runs as a kernel of its own. */
export interface SurvivingQuantizer {
  readonly kind: 'Q' | 'DQ' | 'Scale';
  /** The value it reads, by the name of the float value. */
  readonly tensor: string;
  /** Layers it exists for, by name, and graph outputs. */
  readonly readers: readonly string[];
  /** Bytes read and written; null where the shape is not known. */
  readonly bytes: number | null;
  /** The law or fusion that keeps it: a key of `laws`. */
  readonly law: string;
  /** Why it stays, in words that name what is around it. */
  readonly why: string;
  /** The rule or pass that removes it, by its name in the catalogue; null where none does. */
  readonly rule: string | null;
}

/** How many layers that multiply there are by precision – convolutions, Gemm, MatMul – and what runs between layers. */
export interface PlanTotals {
  /** int8 in, int8 out, no Add fused; `f`: floats out; `_residual`: with an Add. */
  readonly i8i8: number;
  readonly i8f: number;
  readonly i8i8_residual: number;
  readonly i8f_residual: number;
  /** Q and DQ nodes that survive. */
  readonly qdq: number;
  /** Requantizations that survive. */
  readonly scale: number;
}

/** What an engine is expected to make of a model. */
export interface Plan {
  readonly target: string;
  readonly layers: readonly PlanLayer[];
  readonly qdq: readonly SurvivingQuantizer[];
  readonly totals: PlanTotals;
  /** Bytes the surviving nodes move; null where a shape is not known. */
  readonly bytes: number | null;
  /** Layers that run in floats although they read what an int8 layer makes and feed one. */
  readonly islands: readonly string[];
  /** What the model alone cannot tell. */
  readonly possible: readonly string[];
  /** Operators no engine of this kind knows: they count as float and are left alone. */
  readonly opaque: readonly { readonly name: string; readonly operator: string }[];
}

export interface PlanOptions {
  /** `tensorrt@8.6`, `tensorrt@10`, `tensorrt@11`, `onnxruntime`; `tensorrt` is `tensorrt@10`. */
  readonly target: string;
}

/** Who makes the plan for each target. */
const planners: ReadonlyMap<string, (model: Model) => Plan> = new Map<string, (model: Model) => Plan>([
  ...[...tensorrtVersions.values()].map(
    (version) => [version.name, (model: Model) => planTensorrt(model, version)] as const,
  ),
  ['onnxruntime', planOnnxruntime],
]);

/** The targets there is a forecast for. */
export const planTargets: readonly string[] = Object.freeze([...planners.keys()]);

/**
 * Forecasts the layers an engine builds of a model, and the quantizers that survive between them.
 *
 * The forecast sees what the file says: no kernel timing, no memory layout, no hardware. What depends on these is in
 * `possible`.
 *
 * @throws ModelError `unknown-target`
 */
export function plan(model: Model, { target }: PlanOptions): Plan {
  const planner = planners.get(target === 'tensorrt' ? 'tensorrt@10' : target);
  if (planner !== undefined) return planner(model);
  throw new ModelError('unknown-target', `There is no plan for the target "${target}".`, {
    fix: `There are ${planTargets.join(', ')}.`,
  });
}
