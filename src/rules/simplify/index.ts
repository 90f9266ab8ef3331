import { ruleSet } from '../../rewrite/index.ts';
import { collapseRepeatedQdq } from './collapse-repeated-qdq.ts';
import { shareEqualQuantizers } from './share-equal-quantizers.ts';

export { collapseRepeatedQdq, shareEqualQuantizers };

/** Rules that take away what is there twice. All exact. */
export const simplify = ruleSet('simplify', collapseRepeatedQdq, shareEqualQuantizers);
