import { cosineWindow } from '../cosine-window.ts';

/** 0.42 − 0.5·cos(2πn/N) + 0.08·cos(4πn/N) */
export const blackmanWindow = cosineWindow('BlackmanWindow', [0.42, 0.5, 0.08]);
