import { type Node, titleOf } from '../ir/index.ts';

/** Why a model cannot be followed, or a certificate not be believed. */
export class Unfollowed extends Error {
  readonly at: string;

  constructor(at: string, message: string) {
    super(message);
    this.at = at;
  }
}

/** How proofs name a node. */
export function placeOf(node: Node): string {
  return `main/${titleOf(node)}`;
}
