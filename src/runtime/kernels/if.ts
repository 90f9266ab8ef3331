import { kernel } from '../kernel.ts';

/** Runs one of two subgraphs; both see the values around the node. */
export const ifKernel = kernel('If', {
  versions: [1, 11, 13, 16, 19, 21, 23, 24, 25],
  types: 'bool -> ?...',
  run({ attributes, inputs: [condition], runGraph }) {
    const taken = condition!.data[0] ? attributes.then_branch : attributes.else_branch;
    return runGraph(taken, []);
  },
});
