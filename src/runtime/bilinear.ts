/** Four neighbours of a position in an image and their weights, as RoiAlign takes them: none further than 1 outside. */
export function bilinearTaps(
  y: number,
  x: number,
  rows: number,
  columns: number,
): { readonly position: number; readonly weight: number }[] {
  if (y < -1 || y > rows || x < -1 || x > columns) return [];
  const [top, bottom, down] = between(y, rows);
  const [left, right, over] = between(x, columns);
  return [
    { position: top * columns + left, weight: (1 - down) * (1 - over) },
    { position: top * columns + right, weight: (1 - down) * over },
    { position: bottom * columns + left, weight: down * (1 - over) },
    { position: bottom * columns + right, weight: down * over },
  ];
}

/** The two indices around a position and how far it is on the way from the first to the second. */
function between(at: number, length: number): [number, number, number] {
  const inside = Math.max(at, 0);
  const first = Math.floor(inside);
  if (first >= length - 1) return [length - 1, length - 1, 0];
  return [first, first + 1, inside - first];
}

/** The same with zeros around the image: neighbours outside weigh nothing. */
export function zeroPaddedTaps(
  y: number,
  x: number,
  rows: number,
  columns: number,
): { readonly position: number; readonly weight: number }[] {
  const top = Math.floor(y);
  const left = Math.floor(x);
  const [down, over] = [y - top, x - left];
  const taps = [];
  for (const [row, rowWeight] of [
    [top, 1 - down],
    [top + 1, down],
  ] as const)
    for (const [column, columnWeight] of [
      [left, 1 - over],
      [left + 1, over],
    ] as const)
      if (row >= 0 && row < rows && column >= 0 && column < columns)
        taps.push({ position: row * columns + column, weight: rowWeight * columnWeight });
  return taps;
}
