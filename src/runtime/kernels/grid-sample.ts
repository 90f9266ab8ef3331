import { ModelError } from '../../support/errors.ts';
import { allocateNumbers, makeArray, type NdArray, numbersOf, productOf } from '../array.ts';
import { floats } from '../dtypes.ts';
import { cubicWeights, type GridMode, placeInside } from '../grid.ts';
import { kernel } from '../kernel.ts';

/** Samples an image (or a volume) at positions of a grid in [−1, 1], nearest, linear or cubic. */
export const gridSample = kernel('GridSample', {
  versions: [16, 20, 22],
  types: 'T, G -> T',
  where: { T: floats, G: floats },
  run({ attributes, inputs: [x, grid] }) {
    const rank = x!.dims.length - 2;
    const [batch, channels, ...spatial] = x!.dims as [number, number, ...number[]];
    if (rank < 1 || grid!.dims.length !== rank + 2 || grid!.dims.at(-1) !== rank || grid!.dims[0] !== batch)
      throw new ModelError('shape-mismatch', `A grid [${grid!.dims}] does not fit x [${x!.dims}].`);
    const mode: GridMode = {
      padding: attributes.padding_mode,
      corners: attributes.align_corners === 1,
      interpolation: attributes.mode.replace(/^bi/, ''),
    };
    const dims = [batch, channels, ...grid!.dims.slice(1, -1)];
    const points = productOf(grid!.dims, 1, rank + 1);
    const size = productOf(spatial);
    const target = allocateNumbers(x!.dtype, dims);
    const places = numbersOf(grid!);
    for (let n = 0; n < batch; n++) {
      for (let p = 0; p < points; p++) {
        const start = (n * points + p) * rank;
        // The grid names the innermost axis first.
        const point = spatial.map((_, axis) => places[start + rank - 1 - axis]!);
        const taps = tapsAt(point, spatial, mode);
        for (let c = 0; c < channels; c++)
          target[(n * channels + c) * points + p] = sum(x!, (n * channels + c) * size, taps);
      }
    }
    return makeArray(x!.dtype, dims, target);
  },
});

interface Tap {
  readonly position: number;
  readonly weight: number;
}

function sum(x: NdArray, base: number, taps: readonly Tap[]): number {
  const source = numbersOf(x);
  let total = 0;
  for (const { position, weight } of taps) total += weight * source[base + position]!;
  return total;
}

/** Elements around a point with their weights: the product of what each axis gives. */
function tapsAt(point: readonly number[], spatial: readonly number[], mode: GridMode): Tap[] {
  let taps: Tap[] = [{ position: 0, weight: 1 }];
  point.forEach((coordinate, axis) => {
    const length = spatial[axis]!;
    const along = axisTaps(coordinate, length, mode);
    taps = taps.flatMap(({ position, weight }) =>
      along.map((tap) => ({ position: position * length + tap.position, weight: weight * tap.weight })),
    );
  });
  return taps;
}

function axisTaps(coordinate: number, length: number, mode: GridMode): Tap[] {
  const scaled = mode.corners ? ((coordinate + 1) / 2) * (length - 1) : ((coordinate + 1) * length - 1) / 2;
  // Halves are rounded before they are mirrored: after a mirror they may lie between two other elements.
  if (mode.interpolation === 'nearest') return inside([[nearestEven(scaled), 1]], length, mode);
  const at =
    mode.interpolation === 'cubic' || mode.padding === 'zeros' ? scaled : placeInside(scaled, length, mode);
  const first = Math.floor(at);
  const rest = at - first;
  if (mode.interpolation === 'linear')
    return inside(
      [
        [first, 1 - rest],
        [first + 1, rest],
      ],
      length,
      mode,
    );
  if (mode.interpolation !== 'cubic')
    throw new ModelError('unsupported-attribute', `GridSample has no mode "${mode.interpolation}".`);
  return inside(
    cubicWeights(rest).map((weight, i) => [first - 1 + i, weight]),
    length,
    mode,
  );
}

function nearestEven(at: number): number {
  const down = Math.floor(at);
  const rest = at - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}

/** Indices outside give nothing, or are moved inside. */
function inside(taps: readonly (readonly [number, number])[], length: number, mode: GridMode): Tap[] {
  return taps.flatMap(([index, weight]) => {
    if (index >= 0 && index < length) return [{ position: index, weight }];
    if (mode.padding === 'zeros' || Number.isNaN(index)) return [];
    return [{ position: Math.round(placeInside(index, length, mode)), weight }];
  });
}
