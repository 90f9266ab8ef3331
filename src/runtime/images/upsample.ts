/** The samples of one colour component. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly samples: Uint8Array;
}

/**
 * A plane of as many samples as the image has pixels, as libjpeg makes it: twice as wide or high, neighbours are mixed
 * 3 : 1; any other factor repeats samples.
 */
export function upsample(plane: Plane, width: number, height: number, across: number, down: number): Plane {
  const mixes = plane.width > 2;
  if (across === 2 && (down === 1 || down === 2) && mixes) return widened(plane, width, height, down);
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / down);
    const other = neighbourOf(row, y, plane.height);
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / across);
      const value = plane.samples[row * plane.width + column]!;
      samples[y * width + x] =
        across === 1 && down === 2
          ? (value * 3 + plane.samples[other * plane.width + column]! + 1 + (y % 2)) >> 2
          : value;
    }
  }
  return { width, height, samples };
}

/** The row that a row of the image is mixed with: the upper one for even rows, the lower one for odd rows. */
function neighbourOf(row: number, y: number, height: number): number {
  return y % 2 === 0 ? Math.max(0, row - 1) : Math.min(height - 1, row + 1);
}

/** Columns mixed 3 : 1, and rows before them; halves are rounded up and down in turn. */
function widened(plane: Plane, width: number, height: number, down: number): Plane {
  const samples = new Uint8Array(width * height);
  const last = plane.width - 1;
  // Sums of rows count four times, so that the mixed columns count sixteen times.
  const [scale, evenBias, oddBias] = down === 2 ? ([4, 8, 7] as const) : ([2, 1, 2] as const);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / down);
    const [at, beside] = [row * plane.width, neighbourOf(row, y, plane.height) * plane.width];
    const sum = (x: number) =>
      down === 2 ? plane.samples[at + x]! * 3 + plane.samples[beside + x]! : plane.samples[at + x]!;
    for (let x = 0; x < width; x++) {
      const column = x >> 1;
      const other = x % 2 === 0 ? Math.max(0, column - 1) : Math.min(last, column + 1);
      samples[y * width + x] = (sum(column) * 3 + sum(other) + (x % 2 === 0 ? evenBias : oddBias)) >> scale;
    }
  }
  return { width, height, samples };
}
