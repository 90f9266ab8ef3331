import { cosineWindow } from '../cosine-window.ts';

/** 25/46 − 21/46·cos(2πn/N) */
export const hammingWindow = cosineWindow('HammingWindow', [25 / 46, 21 / 46, 0]);
