import { arrayOf, integersOf, numbersOf } from '../array.ts';
import { kernel } from '../kernel.ts';

type Box = readonly [top: number, left: number, bottom: number, right: number];

/** Of overlapping boxes the best ones, for each image and class: [image, class, box] in order of falling score. */
export const nonMaxSuppression = kernel('NonMaxSuppression', {
  versions: [10, 11],
  types: 'float32, float32, int64, float32, float32 -> int64',
  run({ attributes: { center_point_box }, inputs }) {
    const [boxesInput, scoresInput, most, overlap, lowest] = inputs;
    const limit = most === undefined ? 0 : integersOf(most)[0]!;
    const threshold = overlap === undefined ? 0 : numbersOf(overlap)[0]!;
    const least = lowest === undefined ? -Infinity : numbersOf(lowest)[0]!;
    const [images, classes, count] = scoresInput!.dims as [number, number, number];
    const values = numbersOf(boxesInput!);
    const scores = numbersOf(scoresInput!);
    const picked: number[] = [];
    for (let image = 0; image < images; image++) {
      const boxes = Array.from({ length: count }, (_, i) => {
        const at = (image * count + i) * 4;
        return boxOf(values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!, center_point_box === 1);
      });
      for (let kind = 0; kind < classes; kind++) {
        const start = (image * classes + kind) * count;
        const best = suppress(boxes, scores.subarray(start, start + count), limit, threshold, least);
        for (const box of best) picked.push(image, kind, box);
      }
    }
    return arrayOf('int64', [picked.length / 3, 3], picked);
  },
});

function boxOf(a: number, b: number, c: number, d: number, centred: boolean): Box {
  if (centred) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

function suppress(
  boxes: readonly Box[],
  scores: ArrayLike<number>,
  limit: number,
  threshold: number,
  least: number,
): number[] {
  const order = boxes.map((_, i) => i).filter((i) => scores[i]! > least);
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);
  const kept: number[] = [];
  for (const candidate of order) {
    if (kept.length >= limit) break;
    if (kept.every((other) => overlapOf(boxes[candidate]!, boxes[other]!) <= threshold)) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union. */
function overlapOf(a: Box, b: Box): number {
  const height = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const width = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const common = height * width;
  const area = ([top, left, bottom, right]: Box) => (bottom - top) * (right - left);
  const union = area(a) + area(b) - common;
  return union <= 0 ? 0 : common / union;
}
