import type { Model } from '../../ir/index.ts';
import { fusedDomain } from '../fused.ts';
import { removeDeadNodes } from './dead-nodes.ts';
import type { Engine, GroupedModel } from './group.ts';
import { fuseForOnnxRuntime } from './onnxruntime/index.ts';
import { fuseForTensorRt } from './tensorrt/index.ts';
import { WorkGraph } from './work-graph.ts';

export interface GroupOptions {
  readonly engine?: Engine;
  /** ONNX Runtime only: whether its kernels take int8 activations; by default they do not, as on x64. */
  readonly int8?: boolean;
}

/**
 * The model an engine runs: operators between dequantizers and quantizers are fused to ones that work on codes, sum up in
 * int32 and requantize once. Subgraphs and functions stay as they are.
 *
 * Outputs keep their names and types. A value that both models have carries one name, codes included.
 */
export function groupIntegers(
  model: Model,
  { engine = 'onnxruntime', int8 = false }: GroupOptions = {},
): GroupedModel {
  const graph = new WorkGraph(model);
  const { groups, left } =
    engine === 'tensorrt' ? fuseForTensorRt(graph) : fuseForOnnxRuntime(graph, { int8 });
  removeDeadNodes(graph);
  return { model: graph.finish(['com.microsoft', fusedDomain]), groups, left, hidden: graph.hiddenValues() };
}
