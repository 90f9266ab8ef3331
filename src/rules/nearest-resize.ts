import { any, type InputPattern, type NodeMatch, type Objection, op, optional } from '../pattern/index.ts';

/** Resize of some value, with whatever else it reads: regions, scales, sizes. */
export function resizeOf<C>(input: InputPattern<C>) {
  return op.Resize(input, optional(any()), optional(any()), optional(any())).as('resize');
}

/** Objects unless each element of the result is one of the input. */
export function unlessNearest(resize: NodeMatch<'Resize'>): Objection {
  const { mode, coordinate_transformation_mode, antialias } = resize.attributes;
  if (mode !== 'nearest') return `${resize} interpolates (${mode}), which makes numbers that are on no grid`;
  if (antialias === 1) return `${resize} smooths as it shrinks`;
  return (
    coordinate_transformation_mode === 'tf_crop_and_resize' &&
    `${resize} fills in what lies outside its region`
  );
}
