import { any, op } from '../../pattern/index.ts';
import { rule } from '../../rewrite/index.ts';
import { pairOn } from '../ranges.ts';
import { residualOf, unlessFloatResidual } from '../residual.ts';

/**
 * Add(Conv, x), x float  ⇒  a finding
 *
 * Such a sum stays float, and everything it touches. Nothing in the graph says what range x has; observe one, and hand
 * it to `quantizeResidualWith`.
 */
export const uncalibratedResidual = rule({
  name: 'uncalibrated-residual',
  summary: 'Add(Conv, float) without a scale to take ⇒ a finding',
  reason: 'The convolution that takes in the sum writes float because its residual is float.',
  condition: 'No quantizer reads the residual, so its scale needs calibration. Reports, changes nothing.',
  sources: ['https://github.com/NVIDIA/TensorRT/issues/1992'],
  match: op.Add(any('a'), any('b')).ordered().as('add'),
  unless: ({ a, b, add }) =>
    unlessFloatResidual(add, a, b) ||
    (pairOn(residualOf(a, b)) !== undefined && 'quantize-residual has a scale for it'),
  report: ({ a, b }) =>
    `the residual "${residualOf(a, b)}" is float, and nothing gives its scale: calibrate it`,
});
