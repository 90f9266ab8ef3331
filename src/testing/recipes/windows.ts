import type { DataType } from '../../ir/index.ts';
import type { PlainValue } from '../../ops/index.ts';
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
      dims: imageOrLineDims,
      weight: 2,
      outputs: 0.1,
    },
  ],
  ['AveragePool', { recipe: pool, gives: floats, dims: imageOrLineDims }],
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
  readonly dilations: readonly number[];
  readonly autoPad: string;
  /** Whether lengths are rounded up: the last window may hang over. */
  readonly isCeil: boolean;
  readonly spatial: readonly number[];
}

/** A window and the spatial lengths it turns into those wanted; pads are smaller than the kernel. */
function drawWindow(spatial: readonly number[], ask: Ask): Window | undefined {
  const { random, opType, opset } = ask;
  const isPool = opType.endsWith('Pool');
  const each = <T>(name: string, draw: () => T) =>
    fixedOr(ask, name, () => spatial.map(draw) as never) as unknown as readonly T[];
  const kernel = each('kernel_shape', () => random.pick([1, 1, 2, 3]));
  const strides = each('strides', () => (chance(random, 0.2) ? 2 : 1));
  const mayDilate = !isPool || (opType === 'MaxPool' && opset >= 10) || opset >= 19;
  // What nobody speaks of is forgotten sometimes, but most models do not have it.
  const likely = (name: string, usual: number) => chance(random, ask.speaksOf(name) ? 0.25 : usual);
  const isDilated = mayDilate && likely('dilations', 0.08);
  const dilations = each('dilations', () => (isDilated ? 1 + random.below(2) : 1));
  const autoPad = fixedOr(ask, 'auto_pad', () =>
    likely('auto_pad', 0.04) ? random.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']) : 'NOTSET',
  );
  const mayCeil = isPool && opset >= (opType === 'LpPool' ? 18 : 10) && autoPad === 'NOTSET';
  const isCeil = mayCeil && fixedOr(ask, 'ceil_mode', () => (likely('ceil_mode', 0.06) ? 1 : 0)) === 1;
  const reach = kernel?.map((k, i) => (k - 1) * (dilations?.[i] ?? 1) + 1);
  const drawn = () =>
    Array.from({ length: 2 * spatial.length }, (_, i) =>
      chance(random, 0.35) && autoPad === 'NOTSET' ? random.below(kernel[i % spatial.length]!) : 0,
    );
  const pads = fixedOr(ask, 'pads', drawn) as readonly number[];
  if (
    kernel?.length !== spatial.length ||
    strides?.length !== spatial.length ||
    dilations?.length !== spatial.length ||
    pads?.length !== 2 * spatial.length
  )
    return undefined;
  const before = spatial.map((d, i) => {
    const stride = strides[i]!;
    const hidden = random.below(stride);
    if (autoPad.startsWith('SAME')) return d * stride - hidden;
    const [begin, end] = [pads[i]!, pads[i + spatial.length]!];
    const whole = (d - 1) * stride + reach[i]! - begin - end;
    const startsInside = (d - 1) * stride < whole - hidden + begin;
    return isCeil && startsInside ? whole - hidden : whole;
  });
  return before.every((d) => d >= 1)
    ? { kernel, pads, strides, dilations, autoPad, isCeil, spatial: before }
    : undefined;
}

function attributesOf({ pads, strides, dilations, autoPad, isCeil }: Window): Record<string, PlainValue> {
  return {
    ...(pads.some((pad) => pad !== 0) ? { pads } : {}),
    ...(strides.some((stride) => stride !== 1) ? { strides } : {}),
    ...(dilations.some((dilation) => dilation !== 1) ? { dilations } : {}),
    ...(autoPad === 'NOTSET' ? {} : { auto_pad: autoPad }),
    ...(isCeil ? { ceil_mode: 1 } : {}),
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
  const window = drawWindow(spatial, ask);
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
  const group = fixedOr(ask, 'group', () => (chance(random, 0.25) ? channels : 1)) as number;
  if (channels % group !== 0) return undefined;
  const isPlain = chance(random, 0.5);
  const axes = spatial.map((length) => {
    const stride = isPlain || chance(random, 0.5) ? 1 : 2;
    const dilation = isPlain || chance(random, 0.8) ? 1 : 2;
    const kernel = 1 + random.below(3);
    const crops = () => (isPlain || chance(random, 0.6) ? 0 : random.below(kernel));
    const [begin, end] = [crops(), crops()];
    const extra = stride > 1 && chance(random, 0.5) ? 1 : 0;
    // length = stride · (before − 1) + extra + (kernel − 1) · dilation + 1 − begin − end
    const before = (length - extra - (kernel - 1) * dilation - 1 + begin + end) / stride + 1;
    return { stride, dilation, kernel, begin, end, extra, before };
  });
  if (axes.some(({ before }) => before < 1 || !Number.isInteger(before))) return undefined;
  const inputs = group * (1 + random.below(2));
  const said = (name: string, values: readonly number[], usual: number) =>
    values.every((value) => value === usual) ? {} : { [name]: values };
  return {
    inputs: [
      { dtype: 'float32', dims: [n, inputs, ...axes.map(({ before }) => before)] },
      {
        dtype: 'float32',
        dims: [inputs, channels / group, ...axes.map(({ kernel }) => kernel)],
        role: 'small',
      },
      ask.takes(2) ? { dtype: 'float32', dims: [channels] } : undefined,
    ],
    attributes: {
      ...(group === 1 ? {} : { group }),
      ...said(
        'strides',
        axes.map(({ stride }) => stride),
        1,
      ),
      ...said(
        'dilations',
        axes.map(({ dilation }) => dilation),
        1,
      ),
      ...said(
        'output_padding',
        axes.map(({ extra }) => extra),
        0,
      ),
      ...said('pads', [...axes.map(({ begin }) => begin), ...axes.map(({ end }) => end)], 0),
    },
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
  const isCode = want.dtype === 'int8' || want.dtype === 'uint8';
  if (isCode && ask.opset < 12) return undefined;
  const window = drawWindow(spatial, ask);
  if (window === undefined) return undefined;
  const counts = ask.opType === 'AveragePool' && chance(ask.random, 0.4) ? { count_include_pad: 1 } : {};
  const isIndexed = ask.opType === 'MaxPool' && ask.opset >= 8;
  const outputs = isIndexed ? [want, { dtype: 'int64' as const, dims: want.dims }] : [want];
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
