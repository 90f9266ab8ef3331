import { ruleSet } from '../../rewrite/index.ts';
import { collapseRepeatedQdq } from './collapse-repeated-qdq.ts';
import { dropEnforcedBounds } from './drop-enforced-bounds.ts';
import { shareEqualQuantizers } from './share-equal-quantizers.ts';

export { collapseRepeatedQdq, dropEnforcedBounds, shareEqualQuantizers };

/** Rules that take away what is there twice. All exact. */
export const simplify = ruleSet('simplify', collapseRepeatedQdq, shareEqualQuantizers, dropEnforcedBounds);
