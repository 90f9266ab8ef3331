import { type Tensor, tensor } from '../../../src/ir/index.ts';
import { exact, type Maker, type Sketch, type Tolerance, when } from '../sketch.ts';
import { int64s, type Values } from '../values.ts';
import { slidesOf } from './windows.ts';

/** Operators that read images between their pixels, or put windows back where they came from. */

const sum = (ulps: number): Tolerance => ({ kind: 'largest', ulps, largest: 4 });

/** Numbers spread evenly between two bounds. */
function between(v: Values, dims: readonly number[], low: number, high: number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const steps = 4096;
  return tensor(
    'float32',
    dims,
    Array.from({ length: count }, () => low + ((high - low) * (v.whole(0, steps) + 0.37)) / (steps + 1)),
  );
}

/** Boxes inside an image of the given size, or a little beyond. */
function boxes(v: Values, count: number, height: number, width: number): Tensor {
  const rows = Array.from({ length: count }, () => {
    const [x, y] = [v.whole(-1, width - 1) + 0.25, v.whole(-1, height - 1) + 0.375];
    return [x, y, x + v.whole(0, width) + 0.5, y + v.whole(0, height) + 0.125];
  });
  return tensor('float32', [count, 4], rows.flat());
}

export const sampling: readonly Maker[] = [
  {
    opType: 'GridSample',
    family: 'sampling',
    since: 16,
    within: sum(64),
    weight: 3,
    make(v): Sketch {
      const axes = v.opset >= 20 && v.chance(0.3) ? 3 : 2;
      const size = Array.from({ length: axes }, () => v.whole(1, 6));
      const out = Array.from({ length: axes }, () => v.whole(1, 4));
      const [batch, channels] = [v.whole(1, 2), v.whole(1, 3)];
      const modes = v.opset >= 20 ? ['linear', 'nearest', 'cubic'] : ['bilinear', 'nearest', 'bicubic'];
      return {
        inputs: [
          v.moderate('float32', [batch, channels, ...size]),
          between(v, [batch, ...out, axes], -1.6, 1.6),
        ],
        attributes: {
          mode: v.pick(axes === 3 ? modes.slice(0, 2) : modes),
          padding_mode: v.pick(['zeros', 'border', 'reflection']),
          align_corners: v.below(2),
        },
      };
    },
  },
  {
    opType: 'RoiAlign',
    family: 'sampling',
    since: 10,
    within: sum(64),
    weight: 2,
    make(v): Sketch {
      const [batch, height, width, count] = [v.whole(1, 2), v.whole(2, 8), v.whole(2, 8), v.whole(1, 3)];
      return {
        inputs: [
          v.moderate('float32', [batch, v.whole(1, 3), height, width]),
          boxes(v, count, height, width),
          int64s(Array.from({ length: count }, () => v.below(batch))),
        ],
        attributes: {
          mode: 'avg',
          output_height: v.whole(1, 3),
          output_width: v.whole(1, 3),
          sampling_ratio: v.whole(0, 3),
          spatial_scale: v.pick([1, 0.5]),
          ...when(v.opset >= 16, {
            coordinate_transformation_mode: v.pick(['half_pixel', 'output_half_pixel']),
          }),
        },
        floats: ['spatial_scale'],
      };
    },
  },
  {
    opType: 'MaxRoiPool',
    family: 'sampling',
    since: 7,
    within: exact,
    make(v): Sketch {
      const [batch, height, width, count] = [v.whole(1, 2), v.whole(2, 8), v.whole(2, 8), v.whole(1, 3)];
      const regions = Array.from({ length: count }, () => {
        const [x, y] = [v.below(width), v.below(height)];
        return [v.below(batch), x, y, v.whole(x, width - 1), v.whole(y, height - 1)];
      });
      return {
        inputs: [
          v.moderate('float32', [batch, v.whole(1, 3), height, width]),
          tensor('float32', [count, 5], regions.flat()),
        ],
        attributes: { pooled_shape: [v.whole(1, 3), v.whole(1, 3)], spatial_scale: 1 },
        floats: ['spatial_scale'],
      };
    },
  },
  {
    opType: 'Col2Im',
    family: 'sampling',
    since: 18,
    within: sum(16),
    make(v): Sketch {
      const axes = v.pick([1, 2, 2, 3]);
      const { kernel, size, attributes } = slidesOf(v, axes, { dilated: true });
      const { auto_pad: _, kernel_shape: __, ...rest } = attributes as Record<string, never>;
      const of = (name: string, i: number, fallback: number) =>
        ((rest[name] as number[] | undefined)?.[i] ?? fallback) as number;
      const blocks = size.map((length, i) => {
        const room = length + of('pads', i, 0) + of('pads', i + axes, 0);
        return Math.floor((room - of('dilations', i, 1) * (kernel[i]! - 1) - 1) / of('strides', i, 1)) + 1;
      });
      const count = (list: readonly number[]) => list.reduce((a, b) => a * b, 1);
      return {
        inputs: [
          v.moderate('float32', [v.whole(1, 2), v.whole(1, 2) * count(kernel), count(blocks)]),
          int64s(size),
          int64s(kernel),
        ],
        attributes: rest,
      };
    },
  },
  {
    opType: 'MaxUnpool',
    family: 'sampling',
    since: 9,
    within: exact,
    make(v): Sketch {
      const [rows, columns] = [v.whole(1, 4), v.whole(1, 4)];
      const plane = 4 * rows * columns;
      const places = v.order(plane).slice(0, rows * columns);
      return {
        inputs: [
          v.moderate('float32', [1, 1, rows, columns]),
          tensor('int64', [1, 1, rows, columns], places.map(BigInt)),
        ],
        attributes: { kernel_shape: [2, 2], strides: [2, 2] },
      };
    },
  },
  {
    opType: 'NonMaxSuppression',
    family: 'sampling',
    since: 10,
    within: exact,
    weight: 2,
    make(v): Sketch {
      const [batch, classes, count] = [v.whole(1, 2), v.whole(1, 3), v.whole(1, 8)];
      const corner = (size: number) => between(v, [batch, count, 4], 0, size);
      return {
        inputs: [
          corner(4),
          between(v, [batch, classes, count], 0, 1),
          int64s([v.whole(0, 4)]),
          tensor('float32', [1], [v.pick([0, 0.3, 0.7])]),
          v.chance(0.6) ? tensor('float32', [1], [v.pick([0.2, 0.5])]) : undefined,
        ],
        attributes: { center_point_box: v.below(2) },
      };
    },
  },
];
