import { columnPanels } from '../integer/tile.ts';
import type { FloatArray } from './store.ts';

/** The loops that bring numbers into the column panels, each in a function of its own as tile.ts explains. */

/** Three columns whose elements lie at the same places seen from three origins. */
export const gatherThreePlaces = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  return (
    floats: FloatArray,
    o0: number,
    o1: number,
    o2: number,
    places: Int32Array,
    from: number,
    to: number,
    p: number,
  ): void => {
    for (let k = from; k < to; k = (k + 1) | 0, p = (p + 3) | 0) {
      const place = places[k]!;
      columns0[p] = floats[(o0 + place) | 0]!;
      columns1[p] = floats[(o1 + place) | 0]!;
      columns2[p] = floats[(o2 + place) | 0]!;
    }
  };
})();

/** Three columns that start at three origins, with the same step from element to element. */
export const gatherThreeSteps = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  return (
    floats: FloatArray,
    o0: number,
    o1: number,
    o2: number,
    step: number,
    count: number,
    p: number,
  ): void => {
    for (let k = 0; k < count; k = (k + 1) | 0, p = (p + 3) | 0) {
      columns0[p] = floats[o0]!;
      columns1[p] = floats[o1]!;
      columns2[p] = floats[o2]!;
      o0 = (o0 + step) | 0;
      o1 = (o1 + step) | 0;
      o2 = (o2 + step) | 0;
    }
  };
})();

/** As `gatherThreePlaces`, for four columns. */
export const gatherFourPlaces = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  const columns3 = columns2.subarray(1);
  return (
    floats: FloatArray,
    o0: number,
    o1: number,
    o2: number,
    o3: number,
    places: Int32Array,
    from: number,
    to: number,
    p: number,
  ): void => {
    for (let k = from; k < to; k = (k + 1) | 0, p = (p + 4) | 0) {
      const place = places[k]!;
      columns0[p] = floats[(o0 + place) | 0]!;
      columns1[p] = floats[(o1 + place) | 0]!;
      columns2[p] = floats[(o2 + place) | 0]!;
      columns3[p] = floats[(o3 + place) | 0]!;
    }
  };
})();

/** As `gatherThreeSteps`, for four columns. */
export const gatherFourSteps = (() => {
  const [columns0, columns1, columns2] = columnPanels;
  const columns3 = columns2.subarray(1);
  return (
    floats: FloatArray,
    o0: number,
    o1: number,
    o2: number,
    o3: number,
    step: number,
    count: number,
    p: number,
  ): void => {
    for (let k = 0; k < count; k = (k + 1) | 0, p = (p + 4) | 0) {
      columns0[p] = floats[o0]!;
      columns1[p] = floats[o1]!;
      columns2[p] = floats[o2]!;
      columns3[p] = floats[o3]!;
      o0 = (o0 + step) | 0;
      o1 = (o1 + step) | 0;
      o2 = (o2 + step) | 0;
      o3 = (o3 + step) | 0;
    }
  };
})();
