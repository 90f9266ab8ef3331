import { cosineWindow } from '../cosine-window.ts';

/** sin²(πn/N) */
export const hannWindow = cosineWindow('HannWindow', [0.5, 0.5, 0]);
