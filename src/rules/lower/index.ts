import { ruleSet } from '../../rewrite/index.ts';
import { completeQuantizer } from './complete-quantizer.ts';
import { floatBias } from './float-bias.ts';
import { foldCastIntoDequantize } from './fold-cast-into-dequantize.ts';
import { foldWeightQuantizer } from './fold-weight-quantizer.ts';
import { microsoftQlinearToQdq } from './microsoft-qlinear-to-qdq.ts';
import { moveTransposeIntoWeights } from './move-transpose-into-weights.ts';
import { qlinearToQdq } from './qlinear-to-qdq.ts';
import { replaceZeroScales } from './replace-zero-scales.ts';
import { restoreEnforcedRelu } from './restore-enforced-relu.ts';
import { uint8ToInt8 } from './uint8-to-int8.ts';
import { uint8ToSymmetricInt8 } from './uint8-to-symmetric-int8.ts';
import { unfoldWeightQuantizer } from './unfold-weight-quantizer.ts';

export {
  completeQuantizer,
  floatBias,
  foldCastIntoDequantize,
  foldWeightQuantizer,
  microsoftQlinearToQdq,
  moveTransposeIntoWeights,
  qlinearToQdq,
  replaceZeroScales,
  restoreEnforcedRelu,
  uint8ToInt8,
  uint8ToSymmetricInt8,
  unfoldWeightQuantizer,
};

/** Rules that write a model in the operators and types that an importer knows. None changes a scale. */
export const lower = ruleSet(
  'lower',
  qlinearToQdq,
  microsoftQlinearToQdq,
  completeQuantizer,
  uint8ToInt8,
  replaceZeroScales,
  floatBias,
  moveTransposeIntoWeights,
);
