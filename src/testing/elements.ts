import {
  type DataType,
  elementCount,
  findDataType,
  integerRange,
  type Tensor,
  type TensorData,
  tensor,
} from '../ir/index.ts';
import { ModelError } from '../support/errors.ts';
import type { Random } from '../support/random.ts';

/** Element type and lengths of a tensor, all of them known. */
export interface Kind {
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/**
 * The numbers a model is made of: few of them, so that equal scales, constants on a grid and values on a tie are as
 * common as they are in real networks and rare in random ones.
 */
export interface Palette {
  /** Scales by how likely they are: the first most of the time. */
  readonly scales: readonly number[];
  readonly zeros: readonly number[];
  readonly codes: DataType;
  /** Whether quantizers have a zero point. */
  readonly hasZero: boolean;
  /** How often something other than the first choice is taken, from 0 to 1. */
  readonly variety: number;
}

const byteCodes: readonly DataType[] = ['int8', 'int8', 'int8', 'uint8', 'uint8'];
const newCodes: readonly DataType[] = ['int16', 'uint16', 'int4', 'uint4'];
const commonScales = [1, 0.5, 0.25, 0.1, 2, Math.fround(0.0117), 1 / 128, Math.fround(3.7)];

/**
 * A palette: most have one scale and one zero point, some several, a few a negative scale.
 *
 * @param smallFloats how often codes are small floats, where the opset has them
 */
export function drawPalette(random: Random, opset: number, smallFloats = 0): Palette {
  const scale = () => Math.fround(random.pick(commonScales) * (chance(random, 0.1) ? -1 : 1));
  const isFloat = opset >= 19 && chance(random, smallFloats);
  const codes = isFloat
    ? random.pick<DataType>(['float8e4m3fn', 'float8e5m2'])
    : random.pick(opset < 21 ? byteCodes : [...byteCodes, ...newCodes]);
  // A float needs no zero point but zero.
  const { min, max } = integerRange(codes) ?? { min: 0, max: 0 };
  const zero = () =>
    random.pick([0, 0, 0, min, max, Math.ceil((min + max) / 2), min + random.below(max - min + 1)]);
  return {
    scales: [scale(), scale(), scale()],
    zeros: [zero(), zero()],
    codes,
    hasZero: !chance(random, 0.15),
    variety: random.pick([0, 0, 0.1, 0.4]),
  };
}

export function chance(random: Random, probability: number): boolean {
  return random.uniform() < probability;
}

/** The usual item of a list, now and then another one. */
export function usual<T>(random: Random, items: readonly T[], variety: number): T {
  return chance(random, variety) ? random.pick(items) : items[0]!;
}

/**
 * What kind of values a tensor holds. `mixed` has everything that breaks rounding; `small` are whole numbers around zero;
 * `positive` are from (0, 4], for what is divided by or has its root taken; `unit` are from [0, 1].
 */
export type Role = 'mixed' | 'small' | 'positive' | 'unit';

/** A tensor of some kind of values. The elements of one tensor often repeat. */
export function drawTensor(
  random: Random,
  { dtype, dims }: Kind,
  palette: Palette,
  role: Role = 'mixed',
  name?: string,
): Tensor {
  const count = elementCount(dims);
  const values: (number | bigint | string)[] = [];
  const kind = findDataType(dtype)?.kind;
  const total = kind === 'complex' ? 2 * count : count;
  for (let i = 0; i < total; i++) {
    if (i > 0 && chance(random, 0.2)) values.push(values[random.below(i)]!);
    else values.push(drawElement(random, dtype, palette, role));
  }
  return tensor(dtype, dims, values as TensorData, name);
}

/** One element of a type. @throws ModelError `no-arbitrary` for types nothing is known about */
export function drawElement(
  random: Random,
  dtype: DataType,
  palette: Palette,
  role: Role = 'mixed',
): number | bigint | string {
  const info = findDataType(dtype);
  if (info === undefined) throw new ModelError('no-arbitrary', `There are no arbitrary tensors of ${dtype}.`);
  if (info.kind === 'string') return random.pick(['', 'a', 'b', 'ab', '2024', 'ö']);
  if (info.kind === 'bool') return random.below(2);
  if (info.kind === 'signed' || info.kind === 'unsigned') return drawInteger(random, dtype, role);
  const value = drawFloat(random, palette, role);
  const bound = largest.get(info.name) ?? 1e30;
  return Math.max(-bound, Math.min(bound, value));
}

/** Largest numbers of the narrow floats, and numbers whose products stay finite for the wide ones. */
const largest = new Map<string, number>([
  ['float16', 60000],
  ['float8e4m3fn', 448],
  ['float8e4m3fnuz', 240],
  ['float8e5m2', 57344],
  ['float8e5m2fnuz', 57344],
  ['float4e2m1', 6],
  ['float6e2m3', 7.5],
  ['float6e3m2', 28],
]);

function drawInteger(random: Random, dtype: DataType, role: Role): number | bigint {
  const isWide = dtype === 'int64' || dtype === 'uint64';
  const isSigned = findDataType(dtype)!.kind === 'signed';
  if (isWide) {
    const small = () => BigInt(random.below(19) - (isSigned && role !== 'positive' ? 9 : 0));
    const power = () => 2n ** BigInt(random.below(isSigned ? 62 : 63)) + BigInt(random.below(3)) - 1n;
    const value = role === 'mixed' && chance(random, 0.3) ? power() : small();
    const negated = isSigned && role === 'mixed' && chance(random, 0.3) ? -value : value;
    return role === 'positive' && negated < 1n ? 1n : negated < 0n && !isSigned ? 0n : negated;
  }
  const { min, max } = integerRange(dtype)!;
  const clamp = (x: number) => Math.min(max, Math.max(min, x));
  if (role === 'positive') return clamp(1 + random.below(9));
  if (role === 'unit') return clamp(random.below(2));
  if (role === 'small' || chance(random, 0.3)) return clamp(random.below(11) - 5);
  if (max > 2 ** 16) return clamp((random.below(2) ? 1 : -1) * 2 ** random.below(31) + random.below(3) - 1);
  return chance(random, 0.5)
    ? random.pick([min, max, 0, clamp(-1), clamp(1)])
    : min + random.below(max - min + 1);
}

function drawFloat(random: Random, palette: Palette, role: Role): number {
  if (role === 'unit') return random.pick([0, -0, 1, 1, 0.5, 0.5, random.uniform(), random.uniform()]);
  if (role === 'positive') return random.pick([1, 2, 0.5, 4, 0.25, Math.fround(0.1 + 3 * random.uniform())]);
  if (role === 'small') return chance(random, 0.05) ? -0 : random.below(9) - 4;
  const scale = Math.abs(usual(random, palette.scales, 0.2));
  const code = random.below(4) === 0 ? random.below(600) - 300 : random.below(17) - 8;
  const sign = random.below(2) ? 1 : -1;
  const choices = [
    () => sign * 0,
    () => random.below(9) - 4,
    () => Math.fround((code + 0.5) * scale),
    () => besideFloat(Math.fround((code + 0.5) * scale), random.below(3) - 1),
    () => Math.fround(code * scale),
    () => Math.fround(Math.fround(code * scale) * (1 + random.below(3) * 2 ** -23)),
    () => sign * 2 ** (random.below(11) - 4),
    () => Math.fround(random.normal() * 20 * scale),
    () => Math.fround(random.normal() * 3),
    () => Math.fround(sign * random.pick([200, 400, 1000]) * scale),
    () => sign * random.pick([2 ** -149, 2 ** -126, 3e-39, 1e-7]),
  ];
  return random.pick(choices)();
}

const floatBits = new DataView(new ArrayBuffer(4));

/** The float32 number that is `steps` further from zero; zero stays. */
function besideFloat(x: number, steps: number): number {
  if (x === 0) return x;
  floatBits.setFloat32(0, x);
  floatBits.setInt32(0, floatBits.getInt32(0) + steps);
  return floatBits.getFloat32(0);
}
