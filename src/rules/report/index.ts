import { ruleSet } from '../../rewrite/index.ts';
import { depthwiseWithSilu } from './depthwise-with-silu.ts';
import { mismatchedPair } from './mismatched-pair.ts';
import { requantizeReport } from './requantize-report.ts';
import { uncalibratedResidual } from './uncalibrated-residual.ts';

export { depthwiseWithSilu, mismatchedPair, requantizeReport, uncalibratedResidual };

/** Rules that change nothing: they report what only a person, or calibration, can mend. */
export const report = ruleSet(
  'report',
  mismatchedPair,
  requantizeReport,
  depthwiseWithSilu,
  uncalibratedResidual,
);
