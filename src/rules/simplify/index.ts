import { ruleSet } from '../../rewrite/index.ts';
import { collapseRepeatedQdq } from './collapse-repeated-qdq.ts';
import { dropEnforcedBounds } from './drop-enforced-bounds.ts';
import { removeNoOp } from './remove-no-op.ts';
import { shareEqualQuantizers } from './share-equal-quantizers.ts';

export { collapseRepeatedQdq, dropEnforcedBounds, removeNoOp, shareEqualQuantizers };

/** Rules that take away what does nothing, or is there twice. All exact. */
export const simplify = ruleSet(
  'simplify',
  removeNoOp,
  collapseRepeatedQdq,
  shareEqualQuantizers,
  dropEnforcedBounds,
);
