import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { Model, Node } from '../../src/ir/index.ts';
import { decodeModel, encodeModel } from '../../src/serde/index.ts';

/** The model as ONNX Runtime optimizes it, level "extended": what its CPU provider runs, before layouts are chosen. */
export async function optimizedByEngine(
  model: Model,
  settings: Readonly<Record<string, string>> = {},
): Promise<Model> {
  const folder = mkdtempSync(join(tmpdir(), 'qdq-surgeon-optimized-'));
  const file = join(folder, 'model.onnx');
  try {
    const session = await InferenceSession.create(encodeModel(model), {
      graphOptimizationLevel: 'extended',
      optimizedModelFilePath: file,
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
      extra: { session: settings },
    });
    await session.release();
    return decodeModel(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Operators that ONNX Runtime fuses in float, and what they were. */
const unfused: ReadonlyMap<string, readonly string[]> = new Map([
  ['QuickGelu', ['Sigmoid', 'Mul']],
  ['SkipLayerNormalization', ['LayerNormalization', 'Add']],
]);

function partsOf({ opType, attributes }: Node): readonly string[] {
  const activation = attributes.find(({ name }) => name === 'activation')?.value;
  if (opType === 'FusedConv') return ['Conv', String(activation)];
  return unfused.get(opType) ?? [opType];
}

/** How often each operator occurs, float fusions taken apart. */
export function operatorCounts(model: Model): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of model.graph.nodes)
    for (const name of partsOf(node)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
