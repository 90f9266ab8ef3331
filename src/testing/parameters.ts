import fc from 'fast-check';
import type { Granularity } from '../analysis/index.ts';
import { type DataType, integerRange, type Tensor, tensor } from '../ir/index.ts';
import { findSchema, type PlainValue } from '../ops/index.ts';
import { ModelError } from '../support/errors.ts';
import { createRandom, type Random } from '../support/random.ts';
import { drawPalette } from './elements.ts';
import { drawGrid, isSmallFloat } from './grids.ts';
import { drawPlan } from './matching.ts';
import { DeadEnd } from './workshop.ts';

/** What QuantizeLinear and DequantizeLinear are told of a grid. */
export interface QuantizationParameters {
  readonly granularity: Granularity;
  readonly scale: Tensor;
  readonly zeroPoint: Tensor;
  /** `axis` and `block_size`, where they are not what the schema assumes. */
  readonly attributes: { readonly axis?: number; readonly block_size?: number };
}

export interface QuantizationParametersOptions {
  /** Element type of the codes; int8 unless given. */
  readonly dtype?: DataType;
  /** Dims of what is quantized. */
  readonly dims?: readonly number[];
  /** What a scale may be for: everything, an index of an axis, a block of one; any of them unless given. */
  readonly granularities?: readonly Granularity[];
  /** Element type of the scale; float32 unless given. */
  readonly scaleType?: 'float32' | 'float16';
}

/**
 * Scales and zero points for a tensor: one for all, one for each index of an axis (counted from the front or the back),
 * or one for each block of an axis. Scales are often equal or powers of two apart, now and then negative; zero points
 * lean to zero and the ends of the codes. They shrink to one scale of 1 and a zero point of 0.
 *
 * ```ts
 * fc.assert(fc.property(quantizationParameters({ dtype: 'uint8', dims: [2, 3] }), ({ scale, zeroPoint, attributes }) => …));
 * ```
 *
 * @throws ModelError `no-arbitrary` for codes that no quantizer makes, and where the dims have room for no such scales
 */
export function quantizationParameters({
  dtype = 'int8',
  dims = [],
  granularities = ['tensor', 'axis', 'block'],
  scaleType = 'float32',
}: QuantizationParametersOptions = {}): fc.Arbitrary<QuantizationParameters> {
  if (integerRange(dtype) === undefined && !isSmallFloat(dtype))
    throw new ModelError('no-arbitrary', `No quantizer makes codes of ${dtype}.`);
  const room: Readonly<Record<Granularity, number>> = { tensor: 0, axis: 1, block: 2 };
  const able = granularities.filter((one) => dims.length >= room[one]);
  if (able.length === 0)
    throw new ModelError(
      'no-arbitrary',
      `A tensor of [${dims}] has no scales for each ${granularities.join(' or ')}.`,
      {
        fix: 'Scales along an axis ask for an axis, those of blocks for two.',
      },
    );
  const made = (
    granularity: Granularity,
    shape: readonly number[],
    scales: readonly number[],
    zeros: readonly number[],
  ) => ({
    granularity,
    scale: tensor(scaleType, shape, scales),
    zeroPoint: tensor(dtype, shape, dtype === 'int64' || dtype === 'uint64' ? zeros.map(BigInt) : zeros),
  });
  const draw = (random: Random): QuantizationParameters => {
    const drawn = drawPalette(random, 21);
    const range = integerRange(dtype) ?? { min: 0, max: 0 };
    const palette = {
      ...drawn,
      codes: dtype,
      zeros: drawn.zeros.map((zero) => Math.max(range.min, Math.min(range.max, zero))),
    };
    const grid = drawGrid(dims, dtype, { random, palette, opset: 21 }, random.pick(able));
    return { ...made(grid.granularity, grid.dims, grid.scales, grid.zeros), attributes: grid.attributes };
  };
  return new Drawn(draw, function* simpler({ granularity, scale, zeroPoint, attributes }) {
    const same = (value: number) => new Array<number>(scale.size).fill(value);
    if (granularity !== 'tensor' && able.includes('tensor'))
      yield { ...made('tensor', [], [1], [0]), attributes: {} };
    const [scales, zeros] = [scale, zeroPoint].map((one) =>
      Array.from(one.toTypedArray() as Float32Array, Number),
    );
    if (zeros!.some((zero) => zero !== 0))
      yield { ...made(granularity, scale.dims, scales!, same(0)), attributes };
    if (scales!.some((one) => one !== 1))
      yield { ...made(granularity, scale.dims, same(1), zeros!), attributes };
  });
}

export interface AttributesOptions {
  /** Opset of the node; 21 unless given. */
  readonly opset?: number;
  /** Dims of the node's first output; drawn unless given. */
  readonly dims?: readonly number[];
  /** Attributes that are what they are. */
  readonly fixed?: Readonly<Record<string, PlainValue>>;
}

/**
 * Attributes that a node of an operator may have: those of one that gives an output of the dims asked for. They shrink
 * to those the schema requires.
 *
 * @throws ModelError `no-arbitrary` for operators that generated models do not have, and dims they cannot give
 */
export function attributes(
  opType: string,
  { opset = 21, dims, fixed = {} }: AttributesOptions = {},
): fc.Arbitrary<Readonly<Record<string, PlainValue>>> {
  const schema = findSchema('', opType, opset);
  const draw = (random: Random) => {
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        const plan = drawPlan(random, opType, opset, dims, fixed);
        const entries = Object.entries({ ...plan.attributes, ...fixed });
        return Object.fromEntries(
          entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        );
      } catch (error) {
        if (!(error instanceof DeadEnd)) throw error;
      }
    }
    throw new ModelError(
      'no-arbitrary',
      `No ${opType} of opset ${opset} could be made${dims ? ` of [${dims}]` : ''}.`,
      {
        fix: 'Ask for an operator that nodes() makes, and for dims that it can give.',
      },
    );
  };
  return new Drawn(draw, function* fewer(given: Readonly<Record<string, PlainValue>>) {
    for (const name of Object.keys(given)) {
      if (name in fixed || schema?.attributes.get(name)?.required) continue;
      yield Object.fromEntries(Object.entries(given).filter(([other]) => other !== name));
    }
  });
}

/** Values drawn by a function from a seed, and made simpler by another. */
class Drawn<T> extends fc.Arbitrary<T> {
  readonly #draw: (random: Random) => T;
  readonly #simpler: (value: T) => Iterable<T>;

  constructor(draw: (random: Random) => T, simpler: (value: T) => Iterable<T>) {
    super();
    this.#draw = draw;
    this.#simpler = simpler;
  }

  generate(random: fc.Random): fc.Value<T> {
    return new fc.Value(this.#draw(createRandom(random.nextInt(0, 2 ** 31 - 1))), undefined);
  }

  canShrinkWithoutContext(_: unknown): _ is T {
    return false;
  }

  shrink(value: T): fc.Stream<fc.Value<T>> {
    return fc.stream(valuesOf(this.#simpler(value)));
  }
}

function* valuesOf<T>(values: Iterable<T>): IterableIterator<fc.Value<T>> {
  for (const value of values) yield new fc.Value(value, undefined);
}
