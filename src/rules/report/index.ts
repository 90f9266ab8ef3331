import { ruleSet } from '../../rewrite/index.ts';
import { uncalibratedResidual } from './uncalibrated-residual.ts';

export { uncalibratedResidual };

/** Rules that change nothing: they report what only a person, or calibration, can mend. */
export const report = ruleSet('report', uncalibratedResidual);
