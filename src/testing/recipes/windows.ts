import type { DataType } from '../../ir/index.ts';
import { chance, type Kind, usual } from '../elements.ts';
import { type Ask, fixedOr, floats, type Plan, type RecipeEntry, type Want } from '../recipe.ts';

/** Convolutions and pools. */
export const windows: readonly (readonly [string, RecipeEntry])[] = [
  ['Conv', { recipe: conv, gives: ['float32'], dims: imageOrLineDims, weight: 4 }],
  ['ConvTranspose', { recipe: convTranspose, gives: ['float32'], dims: imageOrLineDims, weight: 0.5 }],
  ['ConvInteger', { recipe: convInteger, gives: ['int32'], since: 10, dims: imageOrLineDims, weight: 0.2 }],
  [
    'QLinearConv',
    { recipe: qlinearConv, gives: ['int8', 'uint8'], since: 10, dims: imageOrLineDims, weight: 0.2 },
  ],
  [
    'MaxPool',
    {
      recipe: pool,
      gives: ['float32', 'float32', 'int8', 'uint8'],
      since: 12,
      dims: imageOrLineDims,
      weight: 2,
      outputs: 0.1,
    },
  ],
  ['AveragePool', { recipe: pool, gives: floats, since: 11, dims: imageOrLineDims }],
  ['LpPool', { recipe: pool, gives: ['float32'], since: 18, dims: imageOrLineDims, weight: 0.2 }],
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((name): [string, RecipeEntry] => [
    name,
    { recipe: globalPool, gives: ['float32'], dims: (random) => [1, 1 + random.below(3), 1, 1], weight: 0.5 },
  ]),
];

function imageOrLineDims(random: Ask['random']): number[] {
  const image = [1, 1 + random.below(3), 1 + random.below(3), 1 + random.below(3)];
  return chance(random, 0.2) ? image.slice(0, 3) : image;
}

interface Window {
  readonly kernel: readonly number[];
  readonly pads: readonly number[];
  readonly strides: readonly number[];
  readonly spatial: readonly number[];
}

/** A window and the spatial lengths it turns into those wanted; pads are smaller than the kernel. */
function drawWindow(spatial: readonly number[], ask: Ask, name: string): Window | undefined {
  const { random } = ask;
  const kernel = fixedOr(ask, name, () => spatial.map(() => random.pick([1, 1, 2, 3]))) as readonly number[];
  const strides = fixedOr(ask, 'strides', () =>
    spatial.map(() => (chance(random, 0.2) ? 2 : 1)),
  ) as readonly number[];
  const drawn = () =>
    Array.from({ length: 2 * spatial.length }, (_, i) =>
      chance(random, 0.35) ? random.below(kernel[i % spatial.length]!) : 0,
    );
  const pads = fixedOr(ask, 'pads', drawn) as readonly number[];
  if (
    kernel?.length !== spatial.length ||
    strides?.length !== spatial.length ||
    pads?.length !== 2 * spatial.length
  )
    return undefined;
  const before = spatial.map(
    (d, i) => (d - 1) * strides[i]! + kernel[i]! - pads[i]! - pads[i + spatial.length]!,
  );
  return before.every((d) => d >= 1) ? { kernel, pads, strides, spatial: before } : undefined;
}

function attributesOf({ pads, strides }: Window): Record<string, readonly number[]> {
  return {
    ...(pads.some((pad) => pad !== 0) ? { pads } : {}),
    ...(strides.some((stride) => stride !== 1) ? { strides } : {}),
  };
}

/** Wants of x, w and b of a convolution whose output is wanted. */
function convWants(
  want: Kind,
  ask: Ask,
): { x: Want; w: Want; b: Want; attributes: Plan['attributes'] } | undefined {
  const { random } = ask;
  const [n, channels, ...spatial] = want.dims;
  if (n === undefined || channels === undefined || spatial.length === 0) return undefined;
  const window = drawWindow(spatial, ask, 'kernel_shape');
  if (window === undefined) return undefined;
  const group = fixedOr(ask, 'group', () => (chance(random, 0.25) ? channels : 1)) as number;
  if (channels % group !== 0) return undefined;
  const perGroup = chance(random, 0.5) ? channels / group : 1 + random.below(2);
  return {
    x: { dtype: 'float32', dims: [n, perGroup * group, ...window.spatial] },
    w: {
      dtype: 'float32',
      dims: [channels, perGroup, ...window.kernel],
      role: chance(random, 0.5) ? 'small' : 'mixed',
    },
    b: { dtype: 'float32', dims: [channels] },
    attributes: {
      ...attributesOf(window),
      ...(group === 1 ? {} : { group }),
      ...(chance(random, 0.3) ? { kernel_shape: window.kernel } : {}),
    },
  };
}

function conv(want: Kind, ask: Ask): Plan | undefined {
  const wants = convWants(want, ask);
  return (
    wants && { inputs: [wants.x, wants.w, ask.takes(2) ? wants.b : undefined], attributes: wants.attributes }
  );
}

function convTranspose(want: Kind, ask: Ask): Plan | undefined {
  const { random } = ask;
  const [n, channels, ...spatial] = want.dims;
  if (n === undefined || channels === undefined || spatial.length === 0) return undefined;
  const kernel = spatial.map((d) => 1 + random.below(Math.min(3, d)));
  const group = fixedOr(ask, 'group', () => (chance(random, 0.25) ? channels : 1)) as number;
  if (channels % group !== 0) return undefined;
  const inputs = group * (1 + random.below(2));
  return {
    inputs: [
      { dtype: 'float32', dims: [n, inputs, ...spatial.map((d, i) => d - kernel[i]! + 1)] },
      { dtype: 'float32', dims: [inputs, channels / group, ...kernel], role: 'small' },
      ask.takes(2) ? { dtype: 'float32', dims: [channels] } : undefined,
    ],
    attributes: group === 1 ? {} : { group },
  };
}

function convInteger(want: Kind, ask: Ask): Plan | undefined {
  const wants = convWants(want, ask);
  if (wants === undefined) return undefined;
  const type = () => ask.random.pick<DataType>(['int8', 'uint8']);
  const [a, b] = [type(), type()];
  return {
    inputs: [
      { ...wants.x, dtype: a },
      { ...wants.w, dtype: b, role: 'mixed' },
      ask.takes(2) ? { dtype: a, dims: [], values: [ask.random.below(5)] } : undefined,
      ask.takes(3) ? { dtype: b, dims: [], values: [ask.random.below(5)] } : undefined,
    ],
    attributes: wants.attributes ?? {},
  };
}

function qlinearConv(want: Kind, ask: Ask): Plan | undefined {
  const wants = convWants(want, ask);
  if (wants === undefined) return undefined;
  const { random, palette } = ask;
  const scale = (): Want => ({
    dtype: 'float32',
    dims: [],
    values: [Math.abs(usual(random, palette.scales, 0.3))],
  });
  const zero = (): Want => ({ dtype: want.dtype, dims: [], values: [random.below(9)] });
  return {
    inputs: [
      { ...wants.x, dtype: want.dtype },
      scale(),
      zero(),
      { ...wants.w, dtype: want.dtype, role: 'mixed' },
      scale(),
      zero(),
      scale(),
      zero(),
      ask.takes(8) ? { ...wants.b, dtype: 'int32', role: 'small' } : undefined,
    ],
    attributes: wants.attributes ?? {},
  };
}

function pool(want: Kind, ask: Ask): Plan | undefined {
  const [n, channels, ...spatial] = want.dims;
  if (n === undefined || channels === undefined || spatial.length === 0) return undefined;
  const window = drawWindow(spatial, ask, 'kernel_shape');
  if (window === undefined) return undefined;
  const counts = ask.opType === 'AveragePool' && chance(ask.random, 0.4) ? { count_include_pad: 1 } : {};
  const outputs = ask.opType === 'MaxPool' ? [want, { dtype: 'int64' as const, dims: want.dims }] : [want];
  return {
    inputs: [{ ...want, dims: [n, channels, ...window.spatial] }],
    attributes: { kernel_shape: window.kernel, ...attributesOf(window), ...counts },
    outputs,
  };
}

function globalPool(want: Kind, ask: Ask): Plan | undefined {
  const [n, channels, ...spatial] = want.dims;
  if (n === undefined || channels === undefined || spatial.length === 0 || spatial.some((d) => d !== 1))
    return undefined;
  return { inputs: [{ ...want, dims: [n, channels, ...spatial.map(() => 1 + ask.random.below(3))] }] };
}
