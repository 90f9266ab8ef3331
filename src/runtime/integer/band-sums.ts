/** Sums of a band of outputs: what a second-level cache holds beside the panels. */
export const bandRoom = 2 ** 16;

/** Sums of the outputs that are finished next, channel after channel or row after row. */
export const bandSums = new Int32Array(bandRoom);
