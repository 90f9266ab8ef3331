import { onnxruntimeLaws } from './onnxruntime/laws.ts';
import type { Plan, SurvivingQuantizer } from './plan.ts';
import { laws } from './tensorrt/laws.ts';

/** Quantizers that one law keeps. */
export interface PlanCause {
  readonly law: string;
  readonly words: string;
  readonly count: number;
  /** Bytes they move; null where a shape is not known. */
  readonly bytes: number | null;
  /** Their part of all bytes that surviving quantizers move, 0 to 1; null where a shape is not known. */
  readonly share: number | null;
  /** Rules and passes that remove some of them. */
  readonly rules: readonly string[];
}

/** Why a quantized model can be slower than the float model. */
export interface PlanExplanation {
  /** What keeps quantizers, the one that moves most bytes first. */
  readonly causes: readonly PlanCause[];
  /** Layers that multiply in integers and yet write floats. */
  readonly floatOutputs: readonly string[];
  /** Float layers between int8 layers. */
  readonly islands: readonly string[];
}

/** Sums a plan up by cause. */
export function explainPlan({ qdq, layers, islands, bytes }: Plan): PlanExplanation {
  const byLaw = new Map<string, SurvivingQuantizer[]>();
  for (const survivor of qdq) byLaw.set(survivor.law, [...(byLaw.get(survivor.law) ?? []), survivor]);
  const causes = [...byLaw].map(([law, survivors]) => causeOf(law, survivors, bytes));
  return {
    causes: causes.sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0)),
    floatOutputs: layers
      .filter((layer) => layer.fused.includes('W + ') && layer.in !== 'F' && layer.out === 'F')
      .map(({ name }) => name),
    islands,
  };
}

function causeOf(law: string, survivors: readonly SurvivingQuantizer[], all: number | null): PlanCause {
  const bytes = survivors.reduce<number | null>(
    (sum, survivor) => (sum === null || survivor.bytes === null ? null : sum + survivor.bytes),
    0,
  );
  return {
    law,
    words: laws.get(law) ?? onnxruntimeLaws.get(law) ?? '',
    count: survivors.length,
    bytes,
    share: bytes === null || all === null || all === 0 ? null : bytes / all,
    rules: [...new Set(survivors.flatMap(({ rule }) => rule ?? []))],
  };
}
